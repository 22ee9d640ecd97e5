using System.Diagnostics;
using PureLcm.Model.Tests;

namespace PureLcm.Lcm.Tests;

/// <summary>
/// src/ is written against ILGPU 1.5.3 itself. Where the feed has it, the program is built with it, and its kernels run on the
/// package's own (slow) CPU accelerator, beside the plain loops.
/// </summary>
public class RealPackageTests
{
    [Fact]
    public void TheKernelsMeanTheSameToIlgpuItself()
    {
        string artifacts = Directory.CreateTempSubdirectory("lcm-ilgpu-").FullName;
        try
        {
            var (code, output) = Dotnet("build", Path.Combine(Repository.Root, "tools", "lcm"), "-c", "Release", "-p:ILGPU=real", "--artifacts-path", artifacts, "-nodeReuse:false");
            Assert.SkipWhen(code != 0 && (output.Contains("NU1101", StringComparison.Ordinal) || output.Contains("NU1102", StringComparison.Ordinal) || output.Contains("NU1301", StringComparison.Ordinal)),
                "the package feed here has no ILGPU 1.5.3");
            Assert.True(code == 0, output);

            var devices = Program.RunAt(Path.Combine(artifacts, "bin", "lcm", "release"), [], "devices", "--check");
            Assert.True(devices.Code == 0, devices.Output + devices.Error);
            Assert.Contains("ILGPU: the package (real 1.5.3)", devices.Output);
            string[] lines = devices.Output.Split('\n');
            int executor = Array.FindIndex(lines, line => line.StartsWith("executor ", StringComparison.Ordinal));
            Assert.Contains("computes what it should", lines[executor + 1]);
        }
        finally
        {
            Directory.Delete(artifacts, recursive: true);
        }
    }

    static (int Code, string Output) Dotnet(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        // The test runner's own settings are not for a build of its own.
        foreach (string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToArray()) start.Environment.Remove(name);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
