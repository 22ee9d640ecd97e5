using System.Diagnostics;

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
        var start = new ProcessStartInfo(PathIn(folder), arguments) { WorkingDirectory = AppContext.BaseDirectory };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var running = new Running(start);
        return running.End();
    }

    /// <summary>Runs the program inside a folder.</summary>
    public static Outcome RunIn(string folder, params string[] arguments)
    {
        using var running = Start(folder, arguments);
        return running.End();
    }

    /// <summary>Starts the program inside a folder; the signals that stop it are not ignored there, whatever started the tests.</summary>
    public static Running Start(string folder, params string[] arguments) =>
        new(OperatingSystem.IsWindows() ? new ProcessStartInfo(PathIn(AppContext.BaseDirectory), arguments) { WorkingDirectory = folder }
            : new ProcessStartInfo("env", ["--default-signal=INT,TERM,HUP", PathIn(AppContext.BaseDirectory), .. arguments]) { WorkingDirectory = folder });

    /// <summary>Runs the program inside a folder with its streams as a shell's redirections say: <c>2>/dev/full</c>.</summary>
    public static Outcome RunRedirected(string folder, string redirections, params string[] arguments)
    {
        using var running = StartRedirected(folder, redirections, arguments);
        return running.End();
    }

    /// <summary>Starts it so.</summary>
    public static Running StartRedirected(string folder, string redirections, params string[] arguments)
    {
        string[] shell = ["-c", $"exec \"$0\" \"$@\" {redirections}", PathIn(AppContext.BaseDirectory), .. arguments];
        var start = new ProcessStartInfo("sh", shell) { WorkingDirectory = folder };
        start.Environment["TERM"] = "xterm"; // what a terminal among them can do
        return new(start);
    }

    static string PathIn(string folder) => Path.Combine(folder, OperatingSystem.IsWindows() ? "lcm.exe" : "lcm");
}
