namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    static readonly List<(Tensor, Adapter)> none = [];
    readonly List<(Tensor T, Adapter Adapter)> downs = [];

    /// <summary>
    /// t = A x, [rows, rank], for each adapter of a weight that is on. The product itself then takes scale t and B as more
    /// slices of k (<see cref="Gemm{V,TRows}"/>): the sum y = x W^T + scale t B^T never leaves the registers in between.
    /// </summary>
    List<(Tensor T, Adapter Adapter)> LowRankDowns(Tensor x, Weight weight, Tensor y, Convolution? geometry)
    {
        if (weight.Adapters.Count == 0) return none;
        downs.Clear(); // kept from call to call, so that a step allocates no arrays; A and B have no adapters themselves
        foreach (var adapter in weight.Adapters)
        {
            if (adapter.Scale == 0) continue;
            var t = Allocate(y.Shape.WithChannels(adapter.Rank));
            if (geometry is { } window) Conv2dCore(x, adapter.Down, t, window, default);
            else LinearCore(x, adapter.Down, t, default);
            downs.Add((t, adapter));
        }
        return downs;
    }

    static void Release(List<(Tensor T, Adapter Adapter)> terms)
    {
        foreach (var (t, _) in terms) t.Dispose();
    }
}
