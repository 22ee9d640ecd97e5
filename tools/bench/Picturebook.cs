using System.Diagnostics;
using System.Globalization;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.Pipelines;

namespace PureLcm.Bench;

/// <summary>The embedded model: what a person waits for. Start-up is measured in processes of their own, from their start.</summary>
static class Picturebook
{
    /// <summary>The repository that this was built in.</summary>
    public static string Root { get; } = FindRoot();

    static string FindRoot()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "PureLcm.sln")))
            root = Path.GetDirectoryName(root.TrimEnd(Path.DirectorySeparatorChar)) ?? throw new InvalidOperationException("run this benchmark inside the repository");
        return root;
    }

    public static void Print(int threads)
    {
        using var backend = new CpuBackend(threads);
        using var pipeline = TextToImage.Load(Path.Combine(Root, "models", "picturebook"), null, backend);
        var steps = new List<double>();
        var clock = Stopwatch.StartNew();
        pipeline.Generate("a red house in the snow at night"); // compiled by now
        double first = clock.Elapsed.TotalSeconds, best = Operations.Seconds(() => pipeline.Generate("a red house in the snow at night", new() { OnStep = _ => steps.Add(clock.Elapsed.TotalSeconds) }));
        double step = steps.Zip(steps.Skip(1), (a, b) => b - a).Order().ElementAt(steps.Count / 4);
        Console.WriteLine($"{backend.Name}: first picture {first:0.00} s, then {best:0.000} s for four steps and decoding; a step {step * 1e3:0.0} ms");

        foreach (var (name, path) in new[] { ("built apphost", "tools/lcm/bin/Release/net10.0"), ("ReadyToRun publish", "tools/lcm/bin/publish") })
        {
            string program = Path.Combine(Root, path, OperatingSystem.IsWindows() ? "lcm.exe" : "lcm");
            if (!File.Exists(program)) Console.WriteLine($"{name,-20} not there: {program}");
            else Console.WriteLine($"{name,-20} process start to first step {Enumerable.Range(0, 5).Min(_ => StartUp(program)):0.00} s");
        }
    }

    /// <summary>Seconds until the program says that its first step is done, by its own account of the process's start.</summary>
    static double StartUp(string program)
    {
        string output = Path.Combine(Path.GetTempPath(), $"bench-{Environment.ProcessId}.png");
        var start = new ProcessStartInfo(program, ["generate", "a red house", "--seed", "1", "-o", output]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LCM_TIMES"] = "1";
        using var process = Process.Start(start)!;
        string text = process.StandardError.ReadToEnd();
        process.WaitForExit();
        File.Delete(output);
        const string mark = "first step after ";
        int at = text.IndexOf(mark, StringComparison.Ordinal);
        return at < 0 ? double.NaN : double.Parse(text.AsSpan(at + mark.Length, text.IndexOf(' ', at + mark.Length) - at - mark.Length), CultureInfo.InvariantCulture);
    }
}
