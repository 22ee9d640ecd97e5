namespace PureLcm.Kernels.Cpu;

/// <summary>What a low-rank term adds to a product: t = A x, to be multiplied by scale B.</summary>
readonly record struct LowRankDown(Tensor T, Adapter Adapter, float Scale);

public sealed unsafe partial class CpuBackend
{
    /// <summary>
    /// t = A x, [rows, rank], for each term that is on. The product itself then takes scale t and B as more slices of k
    /// (<see cref="Gemm{V,TRows}"/>): the sum y = x W^T + scale t B^T never leaves the registers in between.
    /// </summary>
    LowRankDown[] LowRankDowns(Tensor x, Tensor y, in Epilogue epilogue, Convolution? geometry)
    {
        int count = 0;
        foreach (var term in epilogue.LowRank ?? [])
            if (term.Scale != 0) count++;
        if (count == 0) return [];
        var downs = new LowRankDown[count];
        int i = 0;
        foreach (var (adapter, scale) in epilogue.LowRank!)
        {
            if (scale == 0) continue;
            var t = Allocate(y.Shape.WithChannels(adapter.Rank));
            if (geometry is { } window) Conv2dCore(x, adapter.Down, t, window, default);
            else LinearCore(x, adapter.Down, t, default);
            downs[i++] = new(t, adapter, scale);
        }
        return downs;
    }

    static void Release(LowRankDown[] downs)
    {
        foreach (var down in downs) down.T.Dispose();
    }
}
