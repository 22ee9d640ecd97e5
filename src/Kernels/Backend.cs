namespace PureLcm.Kernels;

/// <summary>
/// What a device must do to run a diffusion model: about fifteen operations on channels-last tensors.
/// `Reference/` defines each of them in plain loops, and every other backend is held to it.
/// An operation checks its arguments' shapes here, once for all backends, and throws <see cref="ArgumentException"/>
/// where they don't fit; outputs are tensors that the caller allocated. Except where said otherwise, an output may not
/// overlap an input. Callers take turns: whoever computes holds <see cref="Queue"/>'s turn from its first operation to its
/// last, as every run of a model does.
/// </summary>
public abstract partial class Backend : IDisposable
{
    /// <summary>What `lcm devices` and the first line of a run call it.</summary>
    public abstract string Name { get; }

    /// <summary>Bytes of tensors alive now.</summary>
    public abstract long BytesInUse { get; }

    /// <summary>The most bytes of tensors alive at once since <see cref="ResetPeak"/>.</summary>
    public abstract long PeakBytes { get; }

    /// <summary>Bytes of memory that the device has of its own; null where it works in the host's.</summary>
    public virtual long? MemoryBytes => null;

    /// <summary>Where callers wait for their turn on this device.</summary>
    public DeviceQueue Queue { get; } = new();

    /// <summary>Bytes that are kept for tensors to come: <see cref="Trim"/> gives them back.</summary>
    public abstract long PooledBytes { get; }

    /// <summary>Begins a new measurement of <see cref="PeakBytes"/>.</summary>
    public abstract void ResetPeak();

    /// <summary>
    /// Makes ready what is otherwise made at its first use, so that a first picture comes sooner. May be called beside anything
    /// else, without a turn; most backends have nothing to do.
    /// </summary>
    public virtual void Prepare() { }

    /// <summary>Waits for all that was asked of a device that works by itself; the host's backends have nothing to wait for.</summary>
    public virtual void Synchronize() { }

    /// <summary>Gives pooled memory that no tensor uses back to the system.</summary>
    public abstract void Trim();

    /// <summary>Frees everything.</summary>
    public abstract void Dispose();

    // ---- tensors -------------------------------------------------------------------------------------------------

    /// <summary>
    /// How this device stores activations where nobody says otherwise: fp32 on processors, fp16 on graphics cards.
    /// </summary>
    public virtual ElementType DefaultPrecision => ElementType.Float32;

    /// <summary>What a tensor that is asked for in this type is stored as: a backend may store values wider.</summary>
    public virtual ElementType StoredAs(ElementType type) => type;

    /// <summary>
    /// A dense tensor with undefined contents, from the backend's pool, stored as <see cref="StoredAs"/> says. The tensors of
    /// one operation are of one type, except in <see cref="Combine"/>, which converts.
    /// </summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="type">How values are stored.</param>
    /// <param name="module">Who allocates it, as errors say it.</param>
    /// <exception cref="OutOfMemoryException">The device has not that much.</exception>
    public Tensor Allocate(Shape shape, ElementType type = ElementType.Float32, string? module = null) =>
        new(this, AllocateStorage(shape.Count, StoredAs(type)), shape, module);

    /// <summary>Copies values from the host: <paramref name="values"/> in y's own (channels-last, dense) order.</summary>
    public void Upload(ReadOnlySpan<float> values, Tensor y)
    {
        Require(values.Length == y.Shape.Count, $"{values.Length} values for a tensor {y.Shape}");
        UploadCore(values, y);
    }

    /// <summary>Copies values to the host, in x's own (channels-last, dense) order. Waits for what computes them.</summary>
    public void Download(Tensor x, Span<float> values)
    {
        Require(values.Length == x.Shape.Count, $"room for {values.Length} values of a tensor {x.Shape}");
        DownloadCore(x, values);
    }

    /// <summary>Sets every value.</summary>
    public abstract void Fill(Tensor y, float value);

    /// <summary>Memory for so many elements.</summary>
    protected abstract Storage AllocateStorage(nint elements, ElementType type);

    /// <summary>Takes memory back into the pool.</summary>
    protected internal abstract void Release(Storage storage);

    /// <summary>See <see cref="Upload"/>.</summary>
    protected abstract void UploadCore(ReadOnlySpan<float> values, Tensor y);

    /// <summary>See <see cref="Download"/>.</summary>
    protected abstract void DownloadCore(Tensor x, Span<float> values);

    // ---- weights -------------------------------------------------------------------------------------------------

    /// <summary>
    /// Packs a weight. Several sources are stacked along their first side, in order; their other sides must agree.
    /// </summary>
    /// <exception cref="ArgumentException">Sources of no such kind, or that don't go together.</exception>
    public Weight Pack(WeightKind kind, params ReadOnlySpan<WeightSource> sources)
    {
        Require(sources.Length > 0, "a weight has at least one source");
        foreach (var source in sources)
        {
            var sides = source.Sides;
            bool fits = kind switch
            {
                WeightKind.Vector => sides.Length == 1,
                WeightKind.Convolution => sides.Length == 4,
                WeightKind.Table => sides.Length == 2,
                _ => sides.Length == 2 || sides is [_, _, 1, 1],
            };
            Require(fits, $"{source.Name} has shape [{string.Join(',', sides)}], which is not that of a {kind}");
            Require(sides.AsSpan(1).SequenceEqual(sources[0].Sides.AsSpan(1)),
                $"{source.Name} has shape [{string.Join(',', sides)}], which can't be stacked on [{string.Join(',', sources[0].Sides)}]");
        }
        Require(kind != WeightKind.Gated || sources[0].Sides[0] % 2 == 0 && sources.Length == 1, "a gated weight has an even number of rows");
        return PackCore(kind, sources);
    }

    /// <summary>Bytes that a weight takes when it is packed, padding counted.</summary>
    protected internal abstract long PackedBytes(WeightKind kind, ReadOnlySpan<WeightSource> sources);

    /// <summary>See <see cref="Pack"/>.</summary>
    protected abstract Weight PackCore(WeightKind kind, ReadOnlySpan<WeightSource> sources);

    // ---- products ------------------------------------------------------------------------------------------------

    /// <summary>
    /// y = x W^T for every row, with low-rank terms and an epilogue. x: [..,cIn], weight: matrix [cOut,cIn],
    /// y: [..,cOut]; or weight gated [2 cOut,cIn].
    /// </summary>
    public void Linear(Tensor x, Weight weight, Tensor y, in Epilogue epilogue = default)
    {
        bool gated = weight.Kind == WeightKind.Gated;
        Require(gated || weight.Kind == WeightKind.Matrix, $"{weight.Name} is a {weight.Kind}, not a matrix");
        Require(x.Shape.C == weight.Columns && x.Shape.Rows == y.Shape.Rows && y.Shape.C == (gated ? weight.Rows / 2 : weight.Rows),
            $"linear {x.Shape} by [{weight.Rows},{weight.Columns}] into {y.Shape} ({weight.Name})");
        CheckEpilogue(weight, y, epilogue);
        LinearCore(x, weight, y, epilogue);
    }

    /// <summary>
    /// A convolution (cross-correlation, as torch's). x: [N,H,W,cIn], weight [cOut,cIn,kh,kw], y: [N,H',W',cOut].
    /// Reads outside x are zero.
    /// </summary>
    public void Conv2d(Tensor x, Weight weight, Tensor y, in Convolution geometry, in Epilogue epilogue = default)
    {
        Require(weight.Kind == WeightKind.Convolution, $"{weight.Name} is a {weight.Kind}, not a convolution");
        Require(x.Shape.C == weight.Columns && x.Shape.N == y.Shape.N && y.Shape.C == weight.Rows && geometry.Stride > 0
            && (!geometry.Upsample || geometry.Stride == 1 && y.Shape.H <= 2 * x.Shape.H && y.Shape.W <= 2 * x.Shape.W),
            $"convolution {x.Shape} by [{weight.Rows},{weight.Columns},{weight.KernelH},{weight.KernelW}] into {y.Shape} ({weight.Name})");
        CheckEpilogue(weight, y, epilogue);
        Conv2dCore(x, weight, y, geometry, epilogue);
    }

    /// <summary>See <see cref="Linear"/>.</summary>
    protected abstract void LinearCore(Tensor x, Weight weight, Tensor y, in Epilogue epilogue);

    /// <summary>See <see cref="Conv2d"/>.</summary>
    protected abstract void Conv2dCore(Tensor x, Weight weight, Tensor y, in Convolution geometry, in Epilogue epilogue);

    /// <summary>
    /// y = concat over heads of softmax(q k^T / sqrt(d)) v, d = channels / heads; heads lie side by side in channels.
    /// q, y: [N,Tq,C]; k, v: [N,Tk,C] (any rank: pictures are taken as sequences). Causal: token i sees tokens 0 to i.
    /// Vaswani et al. 2017, arXiv:1706.03762, equation 1.
    /// </summary>
    public void Attention(Tensor q, Tensor k, Tensor v, Tensor y, int heads, bool causal = false)
    {
        Require(heads > 0 && q.Shape.C % heads == 0 && q.Shape.C == k.Shape.C && k.Shape == v.Shape
            && q.Shape.N == k.Shape.N && q.Shape.N == y.Shape.N && q.Shape.T == y.Shape.T && q.Shape.C == y.Shape.C && k.Shape.T > 0,
            $"attention of {q.Shape} to {k.Shape}, {v.Shape} with {heads} heads into {y.Shape}");
        AttentionCore(q, k, v, y, heads, causal);
    }

    /// <summary>See <see cref="Attention"/>.</summary>
    protected abstract void AttentionCore(Tensor q, Tensor k, Tensor v, Tensor y, int heads, bool causal);

    /// <summary>
    /// The first half of <see cref="Attention"/>, for those who want to see it: p = softmax(q k^T / sqrt(d)) of each head.
    /// q: [N,Tq,C], k: [N,Tk,C], p: [N, heads Tq, Tk], head after head.
    /// </summary>
    public void AttentionProbabilities(Tensor q, Tensor k, Tensor p, int heads, bool causal = false)
    {
        Require(heads > 0 && q.Shape.C % heads == 0 && q.Shape.C == k.Shape.C && q.Shape.N == k.Shape.N && k.Shape.T > 0
            && p.Shape.N == q.Shape.N && p.Shape.T == heads * q.Shape.T && p.Shape.C == k.Shape.T,
            $"probabilities of attention of {q.Shape} to {k.Shape} with {heads} heads into {p.Shape}");
        AttentionProbabilitiesCore(q, k, p, heads, causal);
    }

    /// <summary>
    /// The second half of <see cref="Attention"/>: y = p v of each head. p: [N, heads Tq, Tk], v: [N,Tk,C], y: [N,Tq,C].
    /// </summary>
    public void AttentionSums(Tensor p, Tensor v, Tensor y, int heads)
    {
        Require(heads > 0 && v.Shape.C % heads == 0 && y.Shape.C == v.Shape.C && y.Shape.N == v.Shape.N
            && p.Shape.N == v.Shape.N && p.Shape.T == heads * y.Shape.T && p.Shape.C == v.Shape.T,
            $"attention's sums of {v.Shape} by {p.Shape} with {heads} heads into {y.Shape}");
        AttentionSumsCore(p, v, y, heads);
    }

    /// <summary>See <see cref="AttentionProbabilities"/>.</summary>
    protected abstract void AttentionProbabilitiesCore(Tensor q, Tensor k, Tensor p, int heads, bool causal);

    /// <summary>See <see cref="AttentionSums"/>.</summary>
    protected abstract void AttentionSumsCore(Tensor p, Tensor v, Tensor y, int heads);

    // ---- norms ---------------------------------------------------------------------------------------------------

    /// <summary>
    /// Normalises each picture's groups of channels to mean 0 and variance 1 (biased), then scales and shifts each channel
    /// and applies an activation. May work in place. <paramref name="tap"/> receives the value before the activation.
    /// Wu and He 2018, arXiv:1803.08494.
    /// </summary>
    public void GroupNorm(Tensor x, Weight scale, Weight shift, Tensor y, int groups, float epsilon, Activation activation = Activation.None, Tensor? tap = null)
    {
        Require(x.Shape == y.Shape && groups > 0 && x.Shape.C % groups == 0 && scale.Rows == x.Shape.C && shift.Rows == x.Shape.C,
            $"group norm of {x.Shape} in {groups} groups by [{scale.Rows}], [{shift.Rows}] into {y.Shape} ({scale.Name})");
        Require(tap is null || tap.Shape == y.Shape, "a tap has its output's shape");
        GroupNormCore(x, scale, shift, y, groups, epsilon, activation, tap);
    }

    /// <summary>Normalises each row to mean 0 and variance 1 (biased), then scales and shifts each channel. May work in place.</summary>
    public void LayerNorm(Tensor x, Weight scale, Weight shift, Tensor y, float epsilon)
    {
        Require(x.Shape.Rows == y.Shape.Rows && x.Shape.C == y.Shape.C && scale.Rows == x.Shape.C && shift.Rows == x.Shape.C,
            $"layer norm of {x.Shape} by [{scale.Rows}], [{shift.Rows}] into {y.Shape} ({scale.Name})");
        LayerNormCore(x, scale, shift, y, epsilon);
    }

    /// <summary>See <see cref="GroupNorm"/>.</summary>
    protected abstract void GroupNormCore(Tensor x, Weight scale, Weight shift, Tensor y, int groups, float epsilon, Activation activation, Tensor? tap);

    /// <summary>See <see cref="LayerNorm"/>.</summary>
    protected abstract void LayerNormCore(Tensor x, Weight scale, Weight shift, Tensor y, float epsilon);

    // ---- each value by itself --------------------------------------------------------------------------------------

    /// <summary>y = activation(x). May work in place.</summary>
    public void Activate(Tensor x, Tensor y, Activation activation)
    {
        Require(x.Shape.Rows == y.Shape.Rows && x.Shape.C == y.Shape.C, $"{activation} of {x.Shape} into {y.Shape}");
        ActivateCore(x, y, activation);
    }

    /// <summary>
    /// y = sum of factor * tensor over the terms, summed in their order: additions, a sampler's step, guidance, copies and
    /// concatenations (into a view of channels). y may be one of the tensors.
    /// </summary>
    public void Combine(Tensor y, params ReadOnlySpan<Term> terms)
    {
        Require(terms.Length is > 0 and <= 4, "a combination has one to four terms");
        foreach (var term in terms)
            Require(term.Tensor.Shape.Rows == y.Shape.Rows && term.Tensor.Shape.C == y.Shape.C, $"{term.Tensor.Shape} in a combination into {y.Shape}");
        CombineCore(y, terms);
    }

    /// <summary>y = x.</summary>
    public void Copy(Tensor x, Tensor y) => Combine(y, new Term(1, x));

    /// <summary>
    /// y = v gelu(g), where the channels of x are [v, g]: what a product with a <see cref="WeightKind.Gated"/> weight ends in, by
    /// itself. x: [..,2C], y: [..,C]. Shazeer 2020, arXiv:2002.05202.
    /// </summary>
    public void Gate(Tensor x, Tensor y)
    {
        Require(x.Shape.Rows == y.Shape.Rows && x.Shape.C == 2 * y.Shape.C, $"gating {x.Shape} into {y.Shape}");
        GateCore(x, y);
    }

    /// <summary>See <see cref="Gate"/>.</summary>
    protected abstract void GateCore(Tensor x, Tensor y);

    /// <summary>See <see cref="Activate"/>.</summary>
    protected abstract void ActivateCore(Tensor x, Tensor y, Activation activation);

    /// <summary>See <see cref="Combine"/>.</summary>
    protected abstract void CombineCore(Tensor y, ReadOnlySpan<Term> terms);

    /// <summary>
    /// y = m a + (1 - m) b, where all channels of a pixel share one m: what a mask changes of a picture, and what it leaves. mask:
    /// [N,H,W,1], the others [N,H,W,C]. y may be a or b.
    /// </summary>
    public void Blend(Tensor mask, Tensor a, Tensor b, Tensor y)
    {
        Require(mask.Shape.C == 1 && mask.Shape.Rows == y.Shape.Rows, $"a mask {mask.Shape} over {y.Shape}");
        foreach (var x in (ReadOnlySpan<Tensor>)[a, b])
            Require(x.Shape.Rows == y.Shape.Rows && x.Shape.C == y.Shape.C, $"blending {x.Shape} into {y.Shape}");
        BlendCore(mask, a, b, y);
    }

    /// <summary>See <see cref="Blend"/>.</summary>
    protected abstract void BlendCore(Tensor mask, Tensor a, Tensor b, Tensor y);

    /// <summary>False if any value is infinite or not a number.</summary>
    public abstract bool AllFinite(Tensor x);

    // ---- the ends of a model ---------------------------------------------------------------------------------------

    /// <summary>Nearest-neighbour enlargement, y[i,j] = x[i/2, j/2]; y is at most twice x's height and width.</summary>
    public void Upsample(Tensor x, Tensor y)
    {
        Require(x.Shape.N == y.Shape.N && x.Shape.C == y.Shape.C && y.Shape.H <= 2 * x.Shape.H && y.Shape.W <= 2 * x.Shape.W,
            $"enlarging {x.Shape} to {y.Shape}");
        UpsampleCore(x, y);
    }

    /// <summary>Row ids[i] of the table becomes row i of y: [ids.Length rows, width].</summary>
    public void Embed(Weight table, ReadOnlySpan<int> ids, Tensor y)
    {
        Require(table.Kind == WeightKind.Table && ids.Length == y.Shape.Rows && y.Shape.C == table.Columns, $"{ids.Length} entries of [{table.Rows},{table.Columns}] into {y.Shape}");
        foreach (int id in ids) Require((uint)id < (uint)table.Rows, $"entry {id} of a table of {table.Rows} ({table.Name})");
        EmbedCore(table, ids, y);
    }

    /// <summary>
    /// The sinusoids of one number a picture, y: [N,dim], half = dim / 2:
    /// frequency_i = exp(-ln(10000) i / (half - shift)); [cos, sin](t frequency) when <paramref name="cosFirst"/>, else [sin, cos].
    /// Ho et al. 2020, arXiv:2006.11239, appendix B.
    /// </summary>
    public void TimestepEmbedding(ReadOnlySpan<float> timesteps, Tensor y, bool cosFirst, float shift)
    {
        Require(timesteps.Length == y.Shape.Rows && y.Shape.C % 2 == 0, $"{timesteps.Length} timesteps into {y.Shape}");
        TimestepEmbeddingCore(timesteps, y, cosFirst, shift);
    }

    /// <summary>See <see cref="Upsample"/>.</summary>
    protected abstract void UpsampleCore(Tensor x, Tensor y);

    /// <summary>See <see cref="Embed"/>.</summary>
    protected abstract void EmbedCore(Weight table, ReadOnlySpan<int> ids, Tensor y);

    /// <summary>See <see cref="TimestepEmbedding"/>.</summary>
    protected abstract void TimestepEmbeddingCore(ReadOnlySpan<float> timesteps, Tensor y, bool cosFirst, float shift);

    // ---- checks ----------------------------------------------------------------------------------------------------

    static void CheckEpilogue(Weight weight, Tensor y, in Epilogue epilogue)
    {
        bool gated = weight.Kind == WeightKind.Gated;
        Require(epilogue.Bias is null || epilogue.Bias.Rows == weight.Rows, "a bias has one value an output channel");
        Require(epilogue.PerImage is null || epilogue.PerImage.Shape.N == y.Shape.N && epilogue.PerImage.Shape.T == 1 && epilogue.PerImage.Shape.C == y.Shape.C,
            "a per-image term is [N,cOut]");
        Require(epilogue.Residual is null || epilogue.Residual.Shape.Rows == y.Shape.Rows && epilogue.Residual.Shape.C == y.Shape.C, "a residual has its output's shape");
        Require(!gated || epilogue is { PerImage: null, Residual: null, Activation: Activation.None }, "a gated product has no other epilogue than a bias");
        Require(epilogue.Tap is null || epilogue.Tap.Shape.Rows == y.Shape.Rows && epilogue.Tap.Shape.C == weight.Rows, "a tap has the product's shape");
        foreach (var (adapter, _) in epilogue.LowRank ?? [])
            Require(adapter.Down.Columns == weight.Columns && adapter.Up.Columns == adapter.Rank && adapter.Down.KernelH == weight.KernelH
                && adapter.Down.KernelW == weight.KernelW && adapter.FirstRow >= 0 && adapter.FirstRow + adapter.Up.Rows <= weight.Rows,
                $"an adapter of {weight.Name} doesn't fit it");
    }

    static void Require(bool condition, [System.Runtime.CompilerServices.InterpolatedStringHandlerArgument(nameof(condition))] ref RequireMessage message)
    {
        if (!condition) throw new ArgumentException(message.ToString());
    }

    static void Require(bool condition, string message)
    {
        if (!condition) throw new ArgumentException(message);
    }
}

/// <summary>A message that is put together only when the condition fails: checks in hot paths allocate nothing.</summary>
[System.Runtime.CompilerServices.InterpolatedStringHandler]
ref struct RequireMessage
{
    System.Runtime.CompilerServices.DefaultInterpolatedStringHandler inner;

    public RequireMessage(int literalLength, int formattedCount, bool condition, out bool enabled)
    {
        enabled = !condition;
        inner = enabled ? new(literalLength, formattedCount) : default;
    }

    public void AppendLiteral(string text) => inner.AppendLiteral(text);

    public void AppendFormatted<T>(T value) => inner.AppendFormatted(value);

    public override string ToString() => inner.ToStringAndClear();
}
