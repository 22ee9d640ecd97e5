using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void EmbedCore(Weight table, ReadOnlySpan<int> ids, Tensor y)
    {
        if (ids.Length == 0) return;
        // Ints of tensor memory, from the pool.
        using var memory = Allocate(Shape.Vectors(1, ids.Length));
        var numbers = ((GpuStorage)memory.Storage).Buffer.View.BaseView.Cast<int>().SubView(0, ids.Length);
        CopyFromHost(ids, numbers);
        Run(typeof(EmbedKernel<,>), ((GpuWeight)table, numbers, y), Stored(((GpuWeight)table).Type), Stored(y));
    }
}

/// <summary>y[i] = table[ids[i]]. A work-item a value.</summary>
sealed class EmbedKernel<TW, TY>(GpuBackend gpu) : GpuKernel<(GpuWeight Table, ArrayView<int> Ids, Tensor Y)>
    where TW : unmanaged, IStored<TW> where TY : unmanaged, IStored<TY>
{
    readonly Action<KernelConfig, ArrayView<TW>, ArrayView<int>, ArrayView<TY>, int, Rows> kernel =
        gpu.LoadStreamKernel<ArrayView<TW>, ArrayView<int>, ArrayView<TY>, int, Rows>(Kernel);

    public override void Launch(in (GpuWeight Table, ArrayView<int> Ids, Tensor Y) arguments)
    {
        var (table, ids, y) = arguments;
        var (rows, config) = Rows.Of(gpu, y.Shape.Rows, y.Shape.C);
        kernel(config, table.Plain<TW>(), ids, gpu.View<TY>(y), y.Pitch, rows);
    }

    static void Kernel(ArrayView<TW> table, ArrayView<int> ids, ArrayView<TY> y, int pitch, Rows rows)
    {
        int row = Rows.Row(rows), channel = Rows.Channel(rows);
        if (channel >= rows.Channels) return;
        y[row * pitch + channel] = TY.Store(TW.Load(table[ids[row] * rows.Channels + channel]));
    }
}
