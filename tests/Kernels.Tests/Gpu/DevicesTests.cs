using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;
using PureLcm.Kernels.Cpu;
using PureLcm.Kernels.Dry;
using PureLcm.Kernels.Gpu;

namespace PureLcm.Kernels.Tests.Gpu;

/// <summary>Which device is taken, and what is said of those that are not. ILGPU's CPU accelerator plays the graphics card; nothing is launched on it.</summary>
public class DevicesTests
{
    static readonly Context context = Context.Create(builder => builder.CPU(new CPUDevice(32, 2, 1)).CPU(new CPUDevice(8, 1, 1)));

    static Device Good => context.Devices[0];

    /// <summary>Groups of eight are too small for the kernels.</summary>
    static Device TooSmall => context.Devices[1];

    static bool Pass(GpuBackend backend, Device device, out string reason)
    {
        reason = "";
        return true;
    }

    static bool Fail(GpuBackend backend, Device device, out string reason)
    {
        reason = "its convolution is wrong";
        return false;
    }

    [Fact]
    public void AGoodDeviceIsTaken()
    {
        using var backend = Drivers.FirstGood([Good], Pass, 0, out string? notice);
        Assert.IsType<GpuBackend>(backend);
        Assert.Null(notice);
    }

    [Fact]
    public void ADeviceThatComputesWronglyIsPassedOverAndItIsSaid()
    {
        using var backend = Drivers.FirstGood([Good], Fail, 1, out string? notice);
        Assert.IsType<CpuBackend>(backend);
        Assert.Equal($"{Good.Name} is passed over: its convolution is wrong; --device cpu takes it all the same", notice);
    }

    [Fact]
    public void ADeviceThatCannotRunTheKernelsIsToldSoAtTheStart()
    {
        string sentence = Assert.Throws<GpuException>(() => new GpuBackend(TooSmall.CreateAccelerator(context))).Message;
        Assert.Contains("groups of 8 work-items", sentence);
        using var backend = Drivers.FirstGood([TooSmall, Good], Pass, 1, out string? notice);
        Assert.IsType<GpuBackend>(backend); // the next one is looked at
        Assert.Contains("can't run the kernels", notice);
    }

    [Fact]
    public void WithoutAnyTheProcessorIsTakenSilently()
    {
        using var backend = Drivers.FirstGood([], Pass, 1, out string? notice);
        Assert.IsType<CpuBackend>(backend);
        Assert.Null(notice);
    }

    /// <summary>Debian 12's PoCL is OpenCL 3.0 without what 3.0 made optional; old drivers are older; the real ones are taken.</summary>
    [Fact]
    public void ADriverThatIlgpuRefusesIsToldWhy()
    {
        Assert.Equal("its driver (OpenCL 3.0) has no generic address space, which ILGPU needs; PoCL has it from version 6 on (Debian 13, Ubuntu 24.10)",
            Drivers.OpenClRefusal(CLDeviceVersion.CL30, false, "Portable Computing Language"));
        Assert.Equal("its driver has OpenCL 1.2, and ILGPU needs 2.0 or newer; install a newer driver", Drivers.OpenClRefusal(CLDeviceVersion.CL12, false, "NVIDIA CUDA"));
        Assert.Null(Drivers.OpenClRefusal(CLDeviceVersion.CL30, true, "Portable Computing Language"));
        Assert.Null(Drivers.OpenClRefusal(CLDeviceVersion.CL20, true, "AMD"));
    }

    [Theory]
    [MemberData(nameof(Accelerators.All), MemberType = typeof(Accelerators))]
    public void TheSelfCheckPassesOnAGoodDevice(string name)
    {
        using var backend = Accelerators.Backend(name);
        Assert.Null(SelfCheck.Check(backend));
        Assert.Equal(0, backend.BytesInUse);
    }

    /// <summary>A device whose results are all zeros.</summary>
    [Fact]
    public void TheSelfCheckFindsADeviceThatComputesNothing()
    {
        using var backend = new DryBackend();
        Assert.StartsWith("its linear layer in Float32 is wrong", SelfCheck.Check(backend));
    }

    [Fact]
    public void TheVerdictIsKept()
    {
        string folder = Directory.CreateTempSubdirectory("lcm-checks-").FullName;
        string? before = Environment.GetEnvironmentVariable("PURELCM_CACHE");
        Environment.SetEnvironmentVariable("PURELCM_CACHE", folder);
        try
        {
            using var backend = Accelerators.Backend(Accelerators.Check);
            Assert.True(SelfCheck.Passes(backend, Good, out _));
            string file = Assert.Single(Directory.GetFiles(Path.Combine(folder, "checks")));
            File.WriteAllText(file, "its driver was bad yesterday"); // what is kept is believed
            Assert.False(SelfCheck.Passes(backend, Good, out string reason));
            Assert.Equal("its driver was bad yesterday", reason);
        }
        finally
        {
            Environment.SetEnvironmentVariable("PURELCM_CACHE", before);
            Directory.Delete(folder, recursive: true);
        }
    }
}
