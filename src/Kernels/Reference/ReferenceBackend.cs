namespace PureLcm.Kernels.Reference;

/// <summary>
/// What every operation means: one file an operation, in plain loops that accumulate in double and round to fp32 once, when a
/// result is stored. Read these first. Every other backend is held to this one, so nothing here is ever optimised; rows of
/// products are shared out over the cores, which changes no bit.
/// </summary>
/// <param name="narrow">
/// Whether a tensor's values are rounded to the type it was asked for. Not to save memory: it shows what storing activations
/// in 16 bits costs by itself, and is what devices that do so are held to.
/// </param>
public sealed unsafe partial class ReferenceBackend(bool narrow = false) : HostBackend
{
    /// <inheritdoc/>
    public override ElementType StoredAs(ElementType type) => narrow ? type : ElementType.Float32;

    /// <inheritdoc/>
    public override string Name => "reference, plain loops";

    /// <inheritdoc/>
    protected override Weight PackCore(WeightKind kind, ReadOnlySpan<WeightSource> sources) => new ReferenceWeight(kind, sources);

    /// <inheritdoc/>
    protected internal override long PackedBytes(WeightKind kind, ReadOnlySpan<WeightSource> sources)
    {
        long count = 0;
        foreach (var source in sources) count += source.Count;
        return count * sizeof(float);
    }

    /// <summary>The values of a weight, row-major in torch's order.</summary>
    static float[] Values(Weight weight) => ((ReferenceWeight)weight).Values;

    /// <summary>The first channel of a pixel or token; the next one is a pitch further.</summary>
    static float* Row(Tensor x, nint row) => Pointer(x) + row * x.Pitch;

    /// <summary>A result becomes fp32, and then what its tensor stores.</summary>
    static void Put(Tensor y, nint row, int channel, double value) => Row(y, row)[channel] = Rounding.To(y.Type, (float)value);

    /// <summary>
    /// What becomes of one row of a product and its low-rank terms, [cOut]:
    /// y = activation(product + bias + per-image + residual), or v gelu(g) with [v, g] = product + bias for a gated weight.
    /// The tap is product + bias.
    /// </summary>
    static void Finish(double[] product, Weight weight, Tensor y, nint row, in Epilogue epilogue)
    {
        if (epilogue.Bias is { } bias)
            for (int o = 0; o < product.Length; o++) product[o] += Values(bias)[o];
        if (epilogue.Tap is { } tap)
            for (int o = 0; o < product.Length; o++) Put(tap, row, o, product[o]);

        int cOut = y.Shape.C;
        if (weight.Kind == WeightKind.Gated)
        {
            // values first, then gates: [2 cOut] -> [cOut]
            for (int o = 0; o < cOut; o++) Put(y, row, o, product[o] * Apply(Activation.Gelu, product[cOut + o]));
            return;
        }
        if (epilogue.PerImage is { } perImage)
            for (int o = 0; o < cOut; o++) product[o] += Row(perImage, row / y.Shape.T)[o];
        if (epilogue.Residual is { } residual)
            for (int o = 0; o < cOut; o++) product[o] += Row(residual, row)[o];
        for (int o = 0; o < cOut; o++) Put(y, row, o, Apply(epilogue.Activation, product[o]));
    }
}
