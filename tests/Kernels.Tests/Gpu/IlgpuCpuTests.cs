using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using PureLcm.Kernels.Gpu;

namespace PureLcm.Kernels.Tests.Gpu;

/// <summary>
/// The kernels on ILGPU's own CPU accelerator, which runs the methods themselves, a thread a work-item: the checker, which only
/// reads them, must come to the same bits. Also the way to step through a kernel with a debugger (docs/writing-a-kernel.md):
/// set a breakpoint in it and debug the test of its name. A hundred times as slow as the checker, so the shapes are tiny.
/// </summary>
public class IlgpuCpuTests
{
    // Groups of up to 64 work-items, one at a time, so that a breakpoint is met in order.
    static readonly CPUDevice device = new(32, 2, 1);

    [Fact]
    public void Linear() => SameBits((gpu, x, y) =>
    {
        var draw = new Draw(1);
        using var weight = gpu.Pack(WeightKind.Matrix, draw.Source(ElementType.Float16, 5, 5));
        using var bias = gpu.Pack(WeightKind.Vector, draw.Source(ElementType.Float32, 5));
        gpu.Linear(x, weight, y, new() { Bias = bias, Residual = x, Activation = Activation.Silu });
    });

    [Fact]
    public void Conv2d() => SameBits((gpu, x, y) =>
    {
        using var weight = gpu.Pack(WeightKind.Convolution, new Draw(2).Source(ElementType.Float32, 5, 5, 3, 3));
        gpu.Conv2d(x, weight, y, new(1, 1, 1));
    });

    [Fact]
    public void Attention() => SameBits((gpu, x, y) => gpu.Attention(x, x, x, y, 1));

    [Fact]
    public void GroupNorm() => SameBits((gpu, x, y) =>
    {
        using var scale = gpu.Pack(WeightKind.Vector, new Draw(3).Source(ElementType.Float32, 5));
        gpu.GroupNorm(x, scale, scale, y, 1, 1e-5f, Activation.Silu);
    });

    [Fact]
    public void LayerNorm() => SameBits((gpu, x, y) =>
    {
        using var scale = gpu.Pack(WeightKind.Vector, new Draw(4).Source(ElementType.Float32, 5));
        gpu.LayerNorm(x, scale, scale, y, 1e-5f);
    });

    [Fact]
    public void Combine() => SameBits((gpu, x, y) => gpu.Combine(y, new(2, x), new(-0.5f, x)));

    [Fact]
    public void Blend() => SameBits((gpu, x, y) =>
    {
        gpu.Activate(x, y, Activation.Relu);
        gpu.Blend(x.Channels(2, 1), x, y, y);
    });

    static void SameBits(Action<GpuBackend, Tensor, Tensor> operation)
    {
        using var context = Context.Create(builder => builder.CPU(device).EnableAlgorithms());
        using var accelerator = device.CreateAccelerator(context);
        float[] theirs = Result(new(accelerator, ownsAccelerator: false));
        float[] ours = Result(GpuBackend.Checked(accelerator, ownsAccelerator: false));
        Assert.Equal(theirs, ours);
        Assert.Contains(ours, value => value != 0);

        float[] Result(GpuBackend gpu)
        {
            using (gpu)
            {
                using Tensor x = gpu.Allocate(Shape.Image(1, 2, 3, 5)), y = gpu.Allocate(x.Shape);
                gpu.Upload(new Draw(0).Values(x.Shape.Count), x);
                operation(gpu, x, y);
                var values = new float[y.Shape.Count];
                gpu.Download(y, values);
                return values;
            }
        }
    }
}
