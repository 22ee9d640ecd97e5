namespace PureLcm.Kernels.Dry;

/// <summary>
/// A backend that computes nothing and counts: what a model's own text, run on it, would take in memory and in
/// multiply-adds. That is how a run's needs are known before anything is loaded, and what benchmarks divide by.
/// Weights aren't read; downloads give zeros.
/// </summary>
/// <param name="like">The device whose way of storing tensors and packing weights is counted; without padding, in fp32, when null.</param>
public sealed class DryBackend(Backend? like = null) : Backend
{
    readonly Dictionary<long, (int Used, int Pooled)> blocks = [];
    long inUse, peak, footprint, peakFootprint;

    /// <inheritdoc/>
    public override ElementType DefaultPrecision => like?.DefaultPrecision ?? ElementType.Float32;

    /// <inheritdoc/>
    public override ElementType StoredAs(ElementType type) => like?.StoredAs(type) ?? ElementType.Float32;

    /// <inheritdoc/>
    public override string Name => "dry run";

    /// <inheritdoc/>
    public override long? MemoryBytes => like?.MemoryBytes;

    /// <inheritdoc/>
    public override long BytesInUse => inUse;

    /// <inheritdoc/>
    public override long PeakBytes => peak;

    /// <inheritdoc/>
    public override long PooledBytes => footprint - inUse;

    /// <summary>
    /// The most bytes that a backend with a pool holds at once for these tensors: freed ones stay pooled by their size until
    /// <see cref="Trim"/>.
    /// </summary>
    public long PeakFootprint => peakFootprint;

    /// <summary>Multiply-adds of products and attention so far; convolutions counted directly, whatever form computes them.</summary>
    public long MultiplyAdds { get; set; }

    /// <inheritdoc/>
    public override void ResetPeak() => (peak, peakFootprint) = (inUse, footprint);

    /// <inheritdoc/>
    public override void Trim()
    {
        foreach (var (size, (used, pooled)) in blocks.ToArray())
        {
            footprint -= pooled * size;
            blocks[size] = (used, 0);
        }
    }

    /// <inheritdoc/>
    public override void Dispose() { }

    sealed class Block : Storage
    {
        public Block(long bytes, ElementType type) => (Bytes, Type) = (bytes, type);

        public long Bytes { get; }
    }

    /// <inheritdoc/>
    protected override Storage AllocateStorage(nint elements, ElementType type)
    {
        long bytes = elements * (type == ElementType.Float32 ? 4L : 2);
        var (used, pooled) = blocks.GetValueOrDefault(bytes);
        if (pooled == 0) footprint += bytes;
        blocks[bytes] = (used + 1, Math.Max(pooled - 1, 0));
        inUse += bytes;
        peak = Math.Max(peak, inUse);
        peakFootprint = Math.Max(peakFootprint, footprint);
        return new Block(bytes, type);
    }

    /// <inheritdoc/>
    protected internal override void Release(Storage storage)
    {
        long bytes = ((Block)storage).Bytes;
        var (used, pooled) = blocks[bytes];
        blocks[bytes] = (used - 1, pooled + 1);
        inUse -= bytes;
    }

    sealed class DryWeight(WeightKind kind, ReadOnlySpan<WeightSource> sources, long bytes) : Weight(kind, sources)
    {
        public override long Bytes => bytes;

        public override void Dispose() { }
    }

    /// <inheritdoc/>
    protected override Weight PackCore(WeightKind kind, ReadOnlySpan<WeightSource> sources) => new DryWeight(kind, sources, PackedBytes(kind, sources));

    /// <inheritdoc/>
    protected internal override long PackedBytes(WeightKind kind, ReadOnlySpan<WeightSource> sources)
    {
        if (like is not null) return like.PackedBytes(kind, sources);
        long bytes = 0;
        foreach (var source in sources) bytes += source.Count * (kind == WeightKind.Vector ? sizeof(float) : source.ElementSize);
        return bytes;
    }

    /// <inheritdoc/>
    protected override void LinearCore(Tensor x, Weight weight, Tensor y, in Epilogue epilogue) => CountProduct(weight, x.Shape.Rows, epilogue);

    /// <inheritdoc/>
    protected override void Conv2dCore(Tensor x, Weight weight, Tensor y, in Convolution geometry, in Epilogue epilogue) =>
        CountProduct(weight, y.Shape.Rows, epilogue);

    void CountProduct(Weight weight, nint rows, in Epilogue epilogue)
    {
        MultiplyAdds += rows * Size(weight);
        int rank = 0;
        foreach (var (adapter, scale) in epilogue.LowRank ?? [])
        {
            if (scale == 0) continue;
            MultiplyAdds += rows * (Size(adapter.Down) + Size(adapter.Up));
            rank += adapter.Rank;
        }
        // The rows between A and B.
        if (rank > 0) Release(AllocateStorage(rows * rank, ElementType.Float32));

        static long Size(Weight w) => (long)w.Rows * w.Columns * w.KernelH * w.KernelW;
    }

    /// <inheritdoc/>
    protected override void AttentionCore(Tensor q, Tensor k, Tensor v, Tensor y, int heads, bool causal) =>
        MultiplyAdds += 2L * q.Shape.N * q.Shape.T * k.Shape.T * q.Shape.C;

    /// <inheritdoc/>
    protected override void AttentionProbabilitiesCore(Tensor q, Tensor k, Tensor p, int heads, bool causal) =>
        MultiplyAdds += (long)q.Shape.N * q.Shape.T * k.Shape.T * q.Shape.C;

    /// <inheritdoc/>
    protected override void AttentionSumsCore(Tensor p, Tensor v, Tensor y, int heads) =>
        MultiplyAdds += (long)y.Shape.N * y.Shape.T * v.Shape.T * v.Shape.C;

    /// <inheritdoc/>
    protected override void GateCore(Tensor x, Tensor y) { }

    /// <inheritdoc/>
    protected override void GroupNormCore(Tensor x, Weight scale, Weight shift, Tensor y, int groups, float epsilon, Activation activation, Tensor? tap) { }

    /// <inheritdoc/>
    protected override void LayerNormCore(Tensor x, Weight scale, Weight shift, Tensor y, float epsilon) { }

    /// <inheritdoc/>
    protected override void ActivateCore(Tensor x, Tensor y, Activation activation) { }

    /// <inheritdoc/>
    protected override void CombineCore(Tensor y, ReadOnlySpan<Term> terms) { }

    /// <inheritdoc/>
    protected override void BlendCore(Tensor mask, Tensor a, Tensor b, Tensor y) { }

    /// <inheritdoc/>
    public override void Fill(Tensor y, float value) { }

    /// <inheritdoc/>
    public override bool AllFinite(Tensor x) => true;

    /// <inheritdoc/>
    protected override void UpsampleCore(Tensor x, Tensor y) { }

    /// <inheritdoc/>
    protected override void EmbedCore(Weight table, ReadOnlySpan<int> ids, Tensor y) { }

    /// <inheritdoc/>
    protected override void TimestepEmbeddingCore(ReadOnlySpan<float> timesteps, Tensor y, bool cosFirst, float shift) { }

    /// <inheritdoc/>
    protected override void UploadCore(ReadOnlySpan<float> values, Tensor y) { }

    /// <inheritdoc/>
    protected override void DownloadCore(Tensor x, Span<float> values) => values.Clear();
}
