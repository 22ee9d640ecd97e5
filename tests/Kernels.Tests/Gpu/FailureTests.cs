using ILGPU.Runtime.OpenCL;
using PureLcm.Kernels.Gpu;

namespace PureLcm.Kernels.Tests.Gpu;

/// <summary>What a user reads when a device gives up.</summary>
public class FailureTests
{
    /// <summary>A device that is gone in the middle of a run.</summary>
    [Fact]
    public void ALostDeviceIsOneSentence()
    {
        using var backend = Accelerators.Backend(Accelerators.Check);
        var e = Assert.Throws<GpuException>(() => backend.Run(typeof(LostKernel), 0));
        Assert.StartsWith($"{backend.Name} failed: CL_OUT_OF_RESOURCES: ", e.Message);
        Assert.Contains("the device is lost", e.Message);
        Assert.EndsWith("try again, or with another device", e.Message);
        Assert.DoesNotContain('\n', e.Message);
        Assert.IsType<CLException>(e.InnerException);
    }

    /// <summary>A kernel whose launch the driver refuses.</summary>
#pragma warning disable CS9113 // Kernels are made with their backend.
    sealed class LostKernel(GpuBackend gpu) : GpuKernel<int>
#pragma warning restore CS9113
    {
        public override void Launch(in int arguments) => throw new CLException(CLError.CL_OUT_OF_RESOURCES);
    }
}
