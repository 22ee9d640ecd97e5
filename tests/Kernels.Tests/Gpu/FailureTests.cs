using ILGPU;
using ILGPU.Compat.FrontEnd;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
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
        using var context = Context.Create(builder => builder.CPU(new CPUDevice(32, 8, 2)));
        using var accelerator = new LosingAccelerator(context, context.Devices[0]);
        using var backend = new GpuBackend(accelerator, ownsAccelerator: false);
        using var x = backend.Allocate(Shape.Vectors(1, 64));
        backend.Fill(x, 1);
        accelerator.IsLost = true;
        var e = Assert.Throws<GpuException>(() => backend.Fill(x, 2));
        Assert.StartsWith($"{backend.Name} failed: clFlush failed with CL_OUT_OF_RESOURCES: ", e.Message);
        Assert.Contains("the device is lost", e.Message);
        Assert.EndsWith("try again, or with another device", e.Message);
        Assert.DoesNotContain('\n', e.Message);
    }

    /// <summary>The executor, until its driver "fails".</summary>
    sealed class LosingAccelerator(Context context, Device device) : Accelerator(context, device)
    {
        readonly Accelerator inner = device.CreateAccelerator(context);

        public bool IsLost { get; set; }

        public override AcceleratorStream CreateStream() => inner.CreateStream();

        public override void Synchronize() => inner.Synchronize();

        private protected override MemoryBuffer AllocateBytes(long bytes) => new CPUBuffer(bytes);

        internal override ICompiledKernel Compile(KernelSource source) => new Losing(this, inner.Compile(source));

        public override void Dispose() => inner.Dispose();

        sealed class Losing(LosingAccelerator accelerator, ICompiledKernel kernel) : ICompiledKernel
        {
            public void Launch(AcceleratorStream stream, in KernelConfig config, Arguments arguments)
            {
                if (accelerator.IsLost) throw CLException.Of(-5, "clFlush");
                kernel.Launch(stream, config, arguments);
            }
        }
    }
}
