using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public override void Fill(Tensor y, float value) => Run(typeof(FillKernel<>), (y, value), Stored(y));
}

/// <summary>y = value. A work-item a value.</summary>
sealed class FillKernel<T>(GpuBackend gpu) : GpuKernel<(Tensor Y, float Value)> where T : unmanaged, IStored<T>
{
    readonly Action<KernelConfig, ArrayView<T>, int, Rows, float> kernel = gpu.LoadStreamKernel<ArrayView<T>, int, Rows, float>(Kernel);

    public override void Launch(in (Tensor Y, float Value) arguments)
    {
        var (y, value) = arguments;
        var (rows, config) = Rows.Flat(gpu, y.Shape, y.IsDense);
        kernel(config, gpu.View<T>(y), y.Pitch, rows, value);
    }

    static void Kernel(ArrayView<T> y, int pitch, Rows rows, float value)
    {
        int channel = Rows.Channel(rows);
        if (channel < rows.Channels) y[Rows.Row(rows) * pitch + channel] = T.Store(value);
    }
}
