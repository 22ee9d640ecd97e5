using PureLcm.Model;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;

namespace PureLcm.Lcm.Tests;

/// <summary>--device as a user meets it.</summary>
public sealed class DeviceTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("lcm-devices-").FullName;

    static readonly bool hasOpenCl = Program.Run("devices").Output.Contains("\nopencl:0 ", StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void DevicesAreListed()
    {
        var listed = Program.Run("devices");
        Assert.Equal(0, listed.Code);
        Assert.Empty(listed.Error);
        foreach (string part in (string[])["\ncpu ", "\ncheck ", "KB", "GB", "--device auto takes ", "\nILGPU 1.5.3"]) Assert.Contains(part, "\n" + listed.Output);
    }

    [Fact]
    public void EveryDeviceComputesWhatItShould()
    {
        var listed = Program.Run("devices", "--check");
        Assert.True(listed.Code == 0, listed.Output + listed.Error);
        int devices = listed.Output.Split('\n').Count(line => line.StartsWith("cpu ", StringComparison.Ordinal) || line.StartsWith("opencl:", StringComparison.Ordinal)
            || line.StartsWith("cuda:", StringComparison.Ordinal) || line.StartsWith("check ", StringComparison.Ordinal));
        Assert.Equal(devices, listed.Output.Split("computes what it should").Length - 1);
    }

    [Fact]
    public void OpenClMakesTheCpusPicture()
    {
        RequireOpenCl();
        string cpu = Generate("cpu"), opencl = Generate("opencl:0");
        byte[] ours = Picture.Load(opencl).Rgb, theirs = Picture.Load(cpu).Rgb;
        int near = ours.Zip(theirs).Count(pair => Math.Abs(pair.First - pair.Second) <= 1);
        Assert.True(near >= 0.999 * theirs.Length, $"{theirs.Length - near} of {theirs.Length} values differ by more than 1");
        Assert.Contains(theirs, value => value != theirs[0]); // there is something on it
    }

    /// <summary>Without a graphics card auto is the processor's own backend; it is said which device it was.</summary>
    [Fact]
    public void AutoSaysWhatItTook()
    {
        string path = Path.Combine(folder, "auto.png");
        var made = Program.Run("generate", "a red house", "--seed", "7", "--steps", "1", "-o", path);
        Assert.Equal(0, made.Code);
        string took = Program.Run("devices").Output.Split("--device auto takes ")[1].Split('\n')[0].Split(" (")[0].Trim();
        Assert.Contains($" on {took}", made.Error);
    }

    [Theory]
    [InlineData("executor", "auto, cpu, opencl[:N]")]
    [InlineData("check:1", "auto, cpu, opencl[:N]")]
    [InlineData("tpu", "auto, cpu, opencl[:N]")]
    [InlineData("opencl:x", "auto, cpu, opencl[:N]")]
    [InlineData("cpu:1", "auto, cpu, opencl[:N]")]
    [InlineData("opencl:99", "--device opencl:99: there ")]
    [InlineData("cuda", "--device cuda: ")]
    public void ADeviceThatIsNotThereIsOneSentence(string device, string part)
    {
        string path = Path.Combine(folder, "no.png");
        var refused = Program.Run("generate", "a red house", "--device", device, "-o", path);
        Assert.Equal(1, refused.Code);
        Assert.StartsWith("lcm: ", refused.Error);
        Assert.Contains(part, refused.Error);
        Assert.Single(refused.Error.TrimEnd().Split('\n'));
        Assert.False(File.Exists(path));
    }

    /// <summary>The loader finds no driver in an empty folder: what a machine without one looks like.</summary>
    [Fact]
    public void NoDriverIsSaidWithTheWayOut()
    {
        var refused = Program.Run([("OCL_ICD_VENDORS", folder)], "generate", "a red house", "--device", "opencl", "-o", Path.Combine(folder, "no.png"));
        Assert.Equal(1, refused.Code);
        Assert.StartsWith("lcm: --device opencl: there is ", refused.Error);
        Assert.Contains("pocl-opencl-icd", refused.Error);
    }

    [Theory]
    [InlineData("cpu", "fp16", "stores fp32")]
    public void APrecisionThatADeviceHasNotIsRefused(string device, string precision, string part)
    {
        var refused = Program.Run("generate", "a red house", "--device", device, "--precision", precision, "-o", Path.Combine(folder, "no.png"));
        Assert.Equal(2, refused.Code);
        Assert.Contains(part, refused.Error);
    }

    [Fact]
    public void ThreadsAreTheCpus()
    {
        RequireOpenCl();
        var refused = Program.Run("generate", "a red house", "--device", "opencl", "--threads", "2", "-o", Path.Combine(folder, "no.png"));
        Assert.Equal(2, refused.Code);
        Assert.Contains("--threads is for --device cpu", refused.Error);
    }

    /// <summary>The device's memory is looked at before anything is loaded.</summary>
    [Fact]
    public void APictureThatDoesNotFitTheDeviceIsSaidBefore()
    {
        RequireOpenCl();
        var refused = Program.Run("generate", "a red house", "--device", "opencl", "--size", "8192x8192", "-o", Path.Combine(folder, "no.png"));
        Assert.Equal(1, refused.Code);
        Assert.Contains("of memory, and ", refused.Error);
        Assert.Contains("--device", refused.Error);
    }

    /// <summary>With a cache of its own: nothing is compiled twice, and a damaged file in it does no harm.</summary>
    [Fact]
    public void TheKernelCacheIsFilledAndSurvivesDamage()
    {
        RequireOpenCl();
        string cache = Path.Combine(folder, "cache");
        (string, string?)[] environment = [("PURELCM_CACHE", cache)];
        string[] command = ["generate", "a red house", "--device", "opencl", "--seed", "7", "--steps", "1", "-o", Path.Combine(folder, "a.png")];
        Assert.Equal(0, Program.Run(environment, command).Code);
        string[] files = Directory.GetFiles(cache, "*", SearchOption.AllDirectories);
        Assert.NotEmpty(files);
        byte[] first = File.ReadAllBytes(Path.Combine(folder, "a.png"));
        foreach (string file in files)
            using (var stream = File.OpenWrite(file)) stream.SetLength(stream.Length / 2);
        var again = Program.Run(environment, command);
        Assert.True(again.Code == 0, again.Error);
        Assert.Equal(first, File.ReadAllBytes(Path.Combine(folder, "a.png")));
    }

    static void RequireOpenCl() => Assert.SkipUnless(hasOpenCl, "there is no OpenCL device here; on Debian install pocl-opencl-icd and ocl-icd-libopencl1");

    string Generate(string device)
    {
        string path = Path.Combine(folder, device.Replace(':', '-') + ".png");
        var made = Program.Run("generate", "a red house in the snow at night", "--seed", "7", "--device", device, "-o", path);
        Assert.True(made.Code == 0, made.Error);
        return path;
    }
}
