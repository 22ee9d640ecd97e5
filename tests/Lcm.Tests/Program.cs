using System.Diagnostics;
using PureLcm.Model.Layers;

namespace PureLcm.Lcm.Tests;

/// <summary>The built program, run as a user runs it.</summary>
static class Program
{
    /// <summary>What a run left: its exit code, and what it wrote.</summary>
    public sealed record Outcome(int Code, string Output, string Error);

    /// <summary>Runs the program with these arguments.</summary>
    public static Outcome Run(params string[] arguments) => Run([], arguments);

    /// <summary>Runs the program with variables of the environment changed.</summary>
    public static Outcome Run((string Name, string? Value)[] environment, params string[] arguments) => RunAt(AppContext.BaseDirectory, environment, arguments);

    /// <summary>Runs the program that was built into a folder.</summary>
    public static Outcome RunAt(string folder, (string Name, string? Value)[] environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(folder, OperatingSystem.IsWindows() ? "lcm.exe" : "lcm"), arguments) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = AppContext.BaseDirectory };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new(process.ExitCode, output, error.Result);
    }
}
