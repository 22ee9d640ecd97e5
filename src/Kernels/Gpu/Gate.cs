using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void GateCore(Tensor x, Tensor y) => Run(typeof(GateKernel<>), (x, y), Stored(x));
}

/// <summary>y = v gelu(g), where a row of x is [v, g]. A work-item a value.</summary>
sealed class GateKernel<T>(GpuBackend gpu) : GpuKernel<(Tensor X, Tensor Y)> where T : unmanaged, IStored<T>
{
    readonly Action<KernelConfig, ArrayView<T>, int, ArrayView<T>, int, Rows> kernel =
        gpu.LoadStreamKernel<ArrayView<T>, int, ArrayView<T>, int, Rows>(Kernel);

    public override void Launch(in (Tensor X, Tensor Y) arguments)
    {
        var (x, y) = arguments;
        var (rows, config) = Rows.Of(gpu, y.Shape.Rows, y.Shape.C);
        kernel(config, gpu.View<T>(x), x.Pitch, gpu.View<T>(y), y.Pitch, rows);
    }

    static void Kernel(ArrayView<T> x, int xPitch, ArrayView<T> y, int yPitch, Rows rows)
    {
        int row = Rows.Row(rows), channel = Rows.Channel(rows);
        if (channel >= rows.Channels) return;
        int at = row * xPitch + channel;
        y[row * yPitch + channel] = T.Store(T.Load(x[at]) * Functions.Gelu(T.Load(x[at + rows.Channels])));
    }
}
