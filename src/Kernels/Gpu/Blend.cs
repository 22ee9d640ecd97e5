using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void BlendCore(Tensor mask, Tensor a, Tensor b, Tensor y) =>
        Run(typeof(BlendKernel<>), new Blending(mask, a, b, y), Stored(y));
}

/// <summary>What is blended into what.</summary>
readonly record struct Blending(Tensor Mask, Tensor A, Tensor B, Tensor Y);

/// <summary>y = m a + (1 - m) b, where all channels of a row share one m. A work-item a value, so y may be a or b.</summary>
sealed class BlendKernel<T>(GpuBackend gpu) : GpuKernel<Blending> where T : unmanaged, IStored<T>
{
    /// <summary>From one row to the next.</summary>
    internal struct Pitches
    {
        public int Mask, A, B, Y;
    }

    readonly Action<KernelConfig, ArrayView<T>, ArrayView<T>, ArrayView<T>, ArrayView<T>, Pitches, Rows> kernel =
        gpu.LoadStreamKernel<ArrayView<T>, ArrayView<T>, ArrayView<T>, ArrayView<T>, Pitches, Rows>(Kernel);

    public override void Launch(in Blending blending)
    {
        var (mask, a, b, y) = blending;
        var (rows, config) = Rows.Of(gpu, y.Shape.Rows, y.Shape.C);
        kernel(config, gpu.View<T>(mask), gpu.View<T>(a), gpu.View<T>(b), gpu.View<T>(y),
            new Pitches { Mask = mask.Pitch, A = a.Pitch, B = b.Pitch, Y = y.Pitch }, rows);
    }

    static void Kernel(ArrayView<T> mask, ArrayView<T> a, ArrayView<T> b, ArrayView<T> y, Pitches pitches, Rows rows)
    {
        int row = Rows.Row(rows), channel = Rows.Channel(rows);
        if (channel >= rows.Channels) return;
        float m = T.Load(mask[row * pitches.Mask]);
        float inside = m * T.Load(a[row * pitches.A + channel]), outside = (1 - m) * T.Load(b[row * pitches.B + channel]);
        y[row * pitches.Y + channel] = T.Store(inside + outside);
    }
}
