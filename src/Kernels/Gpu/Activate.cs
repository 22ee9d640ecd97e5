using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void ActivateCore(Tensor x, Tensor y, Activation activation) => Run(typeof(ActivateKernel<>), (x, y, activation), Stored(x));
}

/// <summary>y = activation(x). A work-item a value.</summary>
sealed class ActivateKernel<T>(GpuBackend gpu) : GpuKernel<(Tensor X, Tensor Y, Activation Activation)> where T : unmanaged, IStored<T>
{
    readonly Action<KernelConfig, ArrayView<T>, int, ArrayView<T>, int, Rows, SpecializedValue<int>> kernel =
        gpu.LoadStreamKernel<ArrayView<T>, int, ArrayView<T>, int, Rows, SpecializedValue<int>>(Kernel);

    public override void Launch(in (Tensor X, Tensor Y, Activation Activation) arguments)
    {
        var (x, y, activation) = arguments;
        var (rows, config) = Rows.Flat(gpu, y.Shape, x.IsDense && y.IsDense);
        kernel(config, gpu.View<T>(x), x.Pitch, gpu.View<T>(y), y.Pitch, rows, SpecializedValue.New((int)activation));
    }

    static void Kernel(ArrayView<T> x, int xPitch, ArrayView<T> y, int yPitch, Rows rows, SpecializedValue<int> activation)
    {
        int row = Rows.Row(rows), channel = Rows.Channel(rows);
        if (channel >= rows.Channels) return;
        y[row * yPitch + channel] = T.Store(Functions.Apply(activation, T.Load(x[row * xPitch + channel])));
    }
}
