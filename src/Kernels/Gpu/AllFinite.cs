using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public override bool AllFinite(Tensor x)
    {
        // One int of tensor memory, from the pool.
        using var flag = Allocate(Shape.Vectors(1, 1));
        var bad = ((GpuStorage)flag.Storage).Buffer.View.BaseView.Cast<int>().SubView(0, 1);
        CopyFromHost<int>([0], bad);
        Run(typeof(AllFiniteKernel<>), (x, bad), Stored(x));
        Span<int> answer = stackalloc int[1];
        CopyToHost(bad, answer);
        return answer[0] == 0;
    }
}

/// <summary>Raises a flag where a value is infinite or not a number: its exponent's bits are all set. A work-item a value.</summary>
sealed class AllFiniteKernel<T>(GpuBackend gpu) : GpuKernel<(Tensor X, ArrayView<int> Bad)> where T : unmanaged, IStored<T>
{
    readonly Action<KernelConfig, ArrayView<T>, int, Rows, ArrayView<int>> kernel = gpu.LoadStreamKernel<ArrayView<T>, int, Rows, ArrayView<int>>(Kernel);

    public override void Launch(in (Tensor X, ArrayView<int> Bad) arguments)
    {
        var (x, bad) = arguments;
        var (rows, config) = Rows.Flat(gpu, x.Shape, x.IsDense);
        kernel(config, gpu.View<T>(x), x.Pitch, rows, bad);
    }

    static void Kernel(ArrayView<T> x, int pitch, Rows rows, ArrayView<int> bad)
    {
        int channel = Rows.Channel(rows);
        if (channel >= rows.Channels) return;
        uint bits = Interop.FloatAsInt(T.Load(x[Rows.Row(rows) * pitch + channel]));
        if ((bits & 0x7F800000) == 0x7F800000) Atomic.Or(ref bad[0], 1);
    }
}
