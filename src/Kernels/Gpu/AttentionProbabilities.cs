using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void AttentionProbabilitiesCore(Tensor q, Tensor k, Tensor p, int heads, bool causal) =>
        Run(typeof(ProbabilitiesKernel<>), (q, k, p, heads, causal), Stored(q));

    /// <inheritdoc/>
    protected override void AttentionSumsCore(Tensor p, Tensor v, Tensor y, int heads) => Run(typeof(SumsKernel<>), (p, v, y, heads), Stored(v));
}

/// <summary>What both kernels know of the attention.</summary>
struct AttentionSizes
{
    public int Heads, HeadChannels, Queries, Keys, QueryPitch, KeyPitch, RowPitch, Causal;
}

/// <summary>
/// A query's products with all keys, then softmax: for looking, not for speed (Attention.cs never stores them). A group a row of
/// p, whose work-items take every 64th key and find the largest score and the sum together.
/// </summary>
sealed class ProbabilitiesKernel<T>(GpuBackend gpu) : GpuKernel<(Tensor Q, Tensor K, Tensor P, int Heads, bool Causal)> where T : unmanaged, IStored<T>
{
    readonly Action<KernelConfig, ArrayView<T>, ArrayView<T>, ArrayView<T>, AttentionSizes> kernel =
        gpu.LoadStreamKernel<ArrayView<T>, ArrayView<T>, ArrayView<T>, AttentionSizes>(Kernel);

    public override void Launch(in (Tensor Q, Tensor K, Tensor P, int Heads, bool Causal) arguments)
    {
        var (q, k, p, heads, causal) = arguments;
        kernel(new KernelConfig(GpuBackend.Index(p.Shape.Rows), GroupSum.Items), gpu.View<T>(q), gpu.View<T>(k), gpu.View<T>(p), new AttentionSizes
        {
            Heads = heads, HeadChannels = q.Shape.C / heads, Queries = q.Shape.T, Keys = k.Shape.T,
            QueryPitch = q.Pitch, KeyPitch = k.Pitch, RowPitch = p.Pitch, Causal = causal ? 1 : 0,
        });
    }

    static void Kernel(ArrayView<T> q, ArrayView<T> k, ArrayView<T> p, AttentionSizes sizes)
    {
        var memory = GroupSum.Memory();
        int row = Grid.IdxX, picture = row / (sizes.Heads * sizes.Queries), head = row / sizes.Queries % sizes.Heads, query = row % sizes.Queries;
        int from = (picture * sizes.Queries + query) * sizes.QueryPitch + head * sizes.HeadChannels, to = row * sizes.RowPitch;
        int seen = sizes.Causal != 0 ? XMath.Min(query + 1, sizes.Keys) : sizes.Keys;
        float scale = 1 / XMath.Sqrt((float)sizes.HeadChannels);

        // Scores are computed three times and stored once, so that what is rounded to 16 bits is the probability and not the score.
        float largest = float.MinValue;
        for (int j = Group.IdxX; j < seen; j += GroupSum.Items) largest = XMath.Max(largest, Score(q, k, from, picture, head, j, sizes) * scale);
        largest = GroupSum.LargestOf(largest, memory);
        float sum = 0;
        for (int j = Group.IdxX; j < seen; j += GroupSum.Items) sum += XMath.Exp(Score(q, k, from, picture, head, j, sizes) * scale - largest);
        sum = GroupSum.Of(sum, memory);
        for (int j = Group.IdxX; j < sizes.Keys; j += GroupSum.Items)
            p[to + j] = T.Store(j < seen ? XMath.Exp(Score(q, k, from, picture, head, j, sizes) * scale - largest) / sum : 0);
    }

    static float Score(ArrayView<T> q, ArrayView<T> k, int from, int picture, int head, int key, AttentionSizes sizes)
    {
        int at = (picture * sizes.Keys + key) * sizes.KeyPitch + head * sizes.HeadChannels;
        float dot = 0;
        for (int c = 0; c < sizes.HeadChannels; c++) dot += T.Load(q[from + c]) * T.Load(k[at + c]);
        return dot;
    }
}

/// <summary>y = p v for each head. A work-item a value.</summary>
sealed class SumsKernel<T>(GpuBackend gpu) : GpuKernel<(Tensor P, Tensor V, Tensor Y, int Heads)> where T : unmanaged, IStored<T>
{
    readonly Action<KernelConfig, ArrayView<T>, ArrayView<T>, ArrayView<T>, int, Rows, AttentionSizes> kernel =
        gpu.LoadStreamKernel<ArrayView<T>, ArrayView<T>, ArrayView<T>, int, Rows, AttentionSizes>(Kernel);

    public override void Launch(in (Tensor P, Tensor V, Tensor Y, int Heads) arguments)
    {
        var (p, v, y, heads) = arguments;
        var (rows, config) = Rows.Of(gpu, y.Shape.Rows, y.Shape.C);
        kernel(config, gpu.View<T>(p), gpu.View<T>(v), gpu.View<T>(y), y.Pitch, rows, new AttentionSizes
        {
            Heads = heads, HeadChannels = v.Shape.C / heads, Queries = y.Shape.T, Keys = v.Shape.T, KeyPitch = v.Pitch, RowPitch = p.Pitch,
        });
    }

    static void Kernel(ArrayView<T> p, ArrayView<T> v, ArrayView<T> y, int yPitch, Rows rows, AttentionSizes sizes)
    {
        int row = Rows.Row(rows), channel = Rows.Channel(rows);
        if (channel >= rows.Channels) return;
        int picture = row / sizes.Queries, query = row % sizes.Queries, head = channel / sizes.HeadChannels;
        int weights = ((picture * sizes.Heads + head) * sizes.Queries + query) * sizes.RowPitch, values = picture * sizes.Keys * sizes.KeyPitch + channel;
        float sum = 0;
        for (int j = 0; j < sizes.Keys; j++) sum += T.Load(p[weights + j]) * T.Load(v[values + j * sizes.KeyPitch]);
        y[row * yPitch + channel] = T.Store(sum);
    }
}
