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
    [Trait("Needs", "OpenCL")]
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

    /// <summary>One that there could be, elsewhere: 1. A name that no device has: 2, as any option that can't be meant.</summary>
    [Theory]
    [InlineData("executor", 2, "auto, cpu, opencl[:N]")]
    [InlineData("check:1", 2, "auto, cpu, opencl[:N]")]
    [InlineData("tpu", 2, "auto, cpu, opencl[:N]")]
    [InlineData("opencl:x", 2, "auto, cpu, opencl[:N]")]
    [InlineData("cpu:1", 2, "auto, cpu, opencl[:N]")]
    [InlineData("opencl:99", 1, "--device opencl:99: there ")]
    [InlineData("cuda", 1, "--device cuda: ")]
    public void ADeviceThatIsNotThereIsOneSentence(string device, int code, string part)
    {
        string path = Path.Combine(folder, "no.png");
        var refused = Program.Run("generate", "a red house", "--device", device, "-o", path);
        Assert.Equal(code, refused.Code);
        Assert.StartsWith("lcm: ", refused.Error);
        Assert.Contains(part, refused.Error);
        Assert.Single(refused.Error.TrimEnd().Split('\n'));
        Assert.False(File.Exists(path));
    }

    /// <summary>What can't be taken is listed all the same, and says what to do.</summary>
    [Fact]
    public void WhatIsMissingIsListedWithTheWayOut()
    {
        var listed = Program.Run([("OCL_ICD_VENDORS", folder)], "devices");
        Assert.Equal(0, listed.Code);
        Assert.Contains("\nopencl      -\n            not taken: there is ", listed.Output);
        Assert.Contains("pocl-opencl-icd", listed.Output);
        if (!listed.Output.Contains("\ncuda:0 ", StringComparison.Ordinal)) Assert.Contains("\ncuda        -\n            not taken: there is no CUDA device; install NVIDIA's driver", listed.Output);
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
    [Trait("Needs", "OpenCL")]
    public void ThreadsAreTheCpus()
    {
        RequireOpenCl();
        var refused = Program.Run("generate", "a red house", "--device", "opencl", "--threads", "2", "-o", Path.Combine(folder, "no.png"));
        Assert.Equal(2, refused.Code);
        Assert.Contains("--threads is for --device cpu", refused.Error);
    }

    /// <summary>The device's memory is looked at before anything is loaded.</summary>
    [Fact]
    [Trait("Needs", "OpenCL")]
    public void APictureThatDoesNotFitTheDeviceIsSaidBefore()
    {
        RequireOpenCl();
        var refused = Program.Run("generate", "a red house", "--device", "opencl", "--size", "8192x8192", "-o", Path.Combine(folder, "no.png"));
        Assert.Equal(1, refused.Code);
        Assert.Contains("of memory, and ", refused.Error);
        Assert.Contains("--device", refused.Error);
    }

    /// <summary>So that a run on the processor starts at once, ILGPU isn't even loaded for it.</summary>
    [Fact]
    public void ARunOnTheProcessorNeedsNoIlgpu()
    {
        string program = Path.Combine(folder, "program");
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(program, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            if (Path.GetFileName(file).StartsWith("ILGPU", StringComparison.Ordinal)) File.WriteAllText(copy, "no assembly");
            else File.Copy(file, copy);
        }
        string path = Path.Combine(folder, "without.png");
        var made = Program.RunAt(program, [], "generate", "a red house", "--steps", "1", "--device", "cpu", "-o", path);
        Assert.True(made.Code == 0, made.Error);
        Assert.True(File.Exists(path));
        Assert.NotEqual(0, Program.RunAt(program, [], "devices").Code); // which does ask ILGPU
    }

    static void RequireOpenCl() => Assert.SkipUnless(hasOpenCl, "there is no OpenCL device here that ILGPU takes; on Debian 13 install pocl-opencl-icd and ocl-icd-libopencl1");

    string Generate(string device)
    {
        string path = Path.Combine(folder, device.Replace(':', '-') + ".png");
        var made = Program.Run("generate", "a red house in the snow at night", "--seed", "7", "--device", device, "-o", path);
        Assert.True(made.Code == 0, made.Error);
        return path;
    }
}
