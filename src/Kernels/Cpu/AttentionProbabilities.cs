using System.Runtime.CompilerServices;

namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void AttentionProbabilitiesCore(Tensor q, Tensor k, Tensor p, int heads, bool causal)
    {
        switch (width)
        {
            case 512: ForBlocks(new ProbabilityRows<V512>(q, k, p, heads, causal), p.Shape.Rows, k.Shape.T); break;
            case 256: ForBlocks(new ProbabilityRows<V256>(q, k, p, heads, causal), p.Shape.Rows, k.Shape.T); break;
            default: ForBlocks(new ProbabilityRows<V128>(q, k, p, heads, causal), p.Shape.Rows, k.Shape.T); break;
        }
    }

    /// <inheritdoc/>
    protected override void AttentionSumsCore(Tensor p, Tensor v, Tensor y, int heads)
    {
        switch (width)
        {
            case 512: ForBlocks(new SummedRows<V512>(p, v, y, heads), y.Shape.Rows, v.Shape.T); break;
            case 256: ForBlocks(new SummedRows<V256>(p, v, y, heads), y.Shape.Rows, v.Shape.T); break;
            default: ForBlocks(new SummedRows<V128>(p, v, y, heads), y.Shape.Rows, v.Shape.T); break;
        }
    }
}

/// <summary>A row of probabilities: a query's products with all keys, then softmax. For looking, not for speed: see Attention.cs.</summary>
sealed unsafe class ProbabilityRows<V>(Tensor q, Tensor k, Tensor p, int heads, bool causal) : RowBlocks where V : struct, IVec<V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Do(nint first, int count)
    {
        int d = q.Shape.C / heads, queries = q.Shape.T, keys = k.Shape.T;
        float scale = 1 / MathF.Sqrt(d);
        for (nint row = first; row < first + count; row++)
        {
            nint picture = row / ((nint)heads * queries);
            int head = (int)(row / queries % heads), i = (int)(row % queries), seen = causal ? Math.Min(i + 1, keys) : keys;
            float* query = HostBackend.Pointer(q) + (picture * queries + i) * q.Pitch + head * d;
            float* key = HostBackend.Pointer(k) + picture * keys * k.Pitch + head * d, to = HostBackend.Pointer(p) + row * p.Pitch;
            float largest = float.NegativeInfinity, sum = 0;
            for (int j = 0; j < seen; j++, key += k.Pitch)
            {
                to[j] = Dot(query, key, d) * scale;
                largest = MathF.Max(largest, to[j]);
            }
            for (int j = 0; j < seen; j++) sum += to[j] = MathF.Exp(to[j] - largest);
            for (int j = 0; j < seen; j++) to[j] /= sum;
            for (int j = seen; j < keys; j++) to[j] = 0;
        }
    }

    static float Dot(float* a, float* b, int n)
    {
        V sums = V.Zero;
        int i = 0;
        for (; i <= n - V.Count; i += V.Count) sums = V.MulAdd(V.Load(a + i), V.Load(b + i), sums);
        float sum = V.Sum(sums);
        for (; i < n; i++) sum += a[i] * b[i];
        return sum;
    }
}

/// <summary>A row of the output: for each head the values weighted by a row of probabilities.</summary>
sealed unsafe class SummedRows<V>(Tensor p, Tensor v, Tensor y, int heads) : RowBlocks where V : struct, IVec<V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Do(nint first, int count)
    {
        int d = v.Shape.C / heads, queries = y.Shape.T, keys = v.Shape.T;
        for (nint row = first; row < first + count; row++)
        {
            nint picture = row / queries, i = row % queries;
            for (int head = 0; head < heads; head++)
            {
                float* weights = HostBackend.Pointer(p) + ((picture * heads + head) * queries + i) * p.Pitch;
                float* value = HostBackend.Pointer(v) + picture * keys * v.Pitch + head * d, to = HostBackend.Pointer(y) + row * y.Pitch + head * d;
                new Span<float>(to, d).Clear();
                for (int j = 0; j < keys; j++, value += v.Pitch)
                {
                    V weight = V.Of(weights[j]);
                    int c = 0;
                    for (; c <= d - V.Count; c += V.Count) V.Store(V.MulAdd(V.Load(value + c), weight, V.Load(to + c)), to + c);
                    for (; c < d; c++) to[c] += value[c] * weights[j];
                }
            }
        }
    }
}
