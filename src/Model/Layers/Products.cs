using PureLcm.Kernels;

namespace PureLcm.Model.Layers;

/// <summary>
/// A product with a weight and a bias: what linear layers and convolutions share. Several modules that read the same input
/// (q, k and v) may be one product; the output then has their channels side by side.
/// </summary>
public abstract class ProductLayer : Module
{
    readonly string[] names;
    readonly int[] rows;

    private protected ProductLayer(Scope scope, WeightKind kind, Scope[] modules, int[][] sides, bool bias) : base(scope)
    {
        names = [.. modules.Select(module => module.Name)];
        rows = [.. sides.Select(side => side[0])];
        Weight = scope.Product(kind, modules, sides);
        if (bias) Bias = scope.Vectors("bias", modules, rows);
        COut = rows.Sum() / (kind == WeightKind.Gated ? 2 : 1);
    }

    private protected Weight Weight { get; }

    private protected Weight? Bias { get; }

    /// <summary>Channels of the output.</summary>
    public int COut { get; }

    /// <summary>
    /// Computes with the layer's bias and the run's low-rank terms, and shows the layer's own output to the observer: where the
    /// epilogue does more than add the bias, through a tap; where the observer may change it, by computing the rest afterwards.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="y">Receives the product with the whole epilogue.</param>
    /// <param name="epilogue">What follows the bias.</param>
    /// <param name="alsoKnownAs">Other modules whose output is this layer's own, such as an attention that ends in it.</param>
    /// <param name="product">The operation: its output and its epilogue.</param>
    private protected void Compute(Run run, Tensor y, Epilogue epilogue, string[] alsoKnownAs, Action<Tensor, Epilogue> product)
    {
        using var frame = run.Enter(this);
        var own = new Epilogue { LowRank = run.LowRank(Weight), Bias = Bias };
        bool fused = Weight.Kind == WeightKind.Gated || epilogue is not { PerImage: null, Residual: null, Activation: Activation.None };
        bool changes = Array.Exists(names, run.Changes) || Array.Exists(alsoKnownAs, run.Changes);
        bool watched = changes || Array.Exists(names, run.Watches) || Array.Exists(alsoKnownAs, run.Watches);
        var tap = watched && fused ? run.Allocate(y.Shape.WithChannels(rows.Sum())) : null;
        // A gated product has its two halves in the tap only; others, whose residual may be y itself, are computed into it.
        if (changes && fused && Weight.Kind != WeightKind.Gated) product(tap!, own);
        else product(y, epilogue with { LowRank = own.LowRank, Bias = own.Bias, Tap = tap });
        if (!watched) return;
        var output = tap ?? y;
        for (int i = 0, first = 0; i < names.Length; first += rows[i++])
            run.Show(names[i], output.Channels(first, rows[i]));
        foreach (string name in alsoKnownAs) run.Show(name, output);
        if (changes && fused) Finish(run.Backend, output, y, epilogue);
    }

    /// <summary>What an epilogue does after the bias, by operations of their own: for outputs that an observer changed.</summary>
    void Finish(Backend backend, Tensor output, Tensor y, in Epilogue epilogue)
    {
        if (Weight.Kind == WeightKind.Gated)
        {
            backend.Gate(output, y);
            return;
        }
        if (epilogue.PerImage is { } perImage)
            for (int n = 0; n < output.Shape.N; n++)
                backend.Combine(output.Batch(n), new(1, output.Batch(n)), new(1, perImage.Batch(n).Spread(output.Batch(n).Shape)));
        if (epilogue.Residual is { } residual) backend.Combine(y, new(1, output), new(1, residual));
        else backend.Copy(output, y);
        if (epilogue.Activation != Activation.None) backend.Activate(y, y, epilogue.Activation);
    }
}

/// <summary>y = x W^T + b for every pixel or token. A 1x1 convolution is the same thing, with its weight's shape [out,in,1,1].</summary>
public sealed class Linear : ProductLayer
{
    /// <summary>A linear layer [cOut,cIn].</summary>
    public Linear(Scope scope, int cIn, int cOut, bool bias = true) : this(scope, [scope], cIn, cOut, bias) { }

    /// <summary>Several linear layers of one input, stacked; each [cOut,cIn].</summary>
    public Linear(Scope parent, Scope[] modules, int cIn, int cOut, bool bias)
        : base(parent, WeightKind.Matrix, modules, [.. modules.Select(_ => new[] { cOut, cIn })], bias) { }

    Linear(Scope scope, WeightKind kind, int[] sides) : base(scope, kind, [scope], [sides], bias: true) { }

    /// <summary>A linear layer whose output is values times gelu(gates), half of the rows each: [2 cOut,cIn].</summary>
    public static Linear Gated(Scope scope, int cIn, int cOut) => new(scope, WeightKind.Gated, [2 * cOut, cIn]);

    /// <summary>A 1x1 convolution, [cOut,cIn,1,1].</summary>
    public static Linear Conv1x1(Scope scope, int cIn, int cOut) => new(scope, WeightKind.Matrix, [cOut, cIn, 1, 1]);

    /// <summary>
    /// Into a tensor of the caller's. [..,cIn] -> [..,cOut]. <paramref name="outputOf"/> names other modules whose output this
    /// layer's own is.
    /// </summary>
    public void ForwardInto(Tensor y, Run run, Tensor x, Epilogue epilogue = default, params string[] outputOf) =>
        Compute(run, y, epilogue, outputOf, (output, full) => run.Backend.Linear(x, Weight, output, full));

    /// <summary>Into a new tensor. [..,cIn] -> [..,cOut]</summary>
    public Tensor Forward(Run run, Tensor x, Epilogue epilogue = default, params string[] outputOf)
    {
        var y = run.Allocate(x.Shape.WithChannels(COut));
        ForwardInto(y, run, x, epilogue, outputOf);
        return y;
    }
}

/// <summary>A convolution with a square kernel, [cOut,cIn,k,k].</summary>
public sealed class Conv2d(Scope scope, int cIn, int cOut, int kernel = 3, bool bias = true)
    : ProductLayer(scope, WeightKind.Convolution, [scope], [[cOut, cIn, kernel, kernel]], bias)
{
    readonly int padding = kernel / 2;

    /// <summary>Stride 1, the picture's size kept. [N,H,W,cIn] -> [N,H,W,cOut]</summary>
    public Tensor Forward(Run run, Tensor x, Epilogue epilogue = default, params string[] outputOf) =>
        Forward(run, x, x.Shape.H, x.Shape.W, new(1, padding, padding), epilogue, outputOf);

    /// <summary>Every second pixel, zeros on all four sides. [N,H,W,cIn] -> [N,ceil(H/2),ceil(W/2),cOut]</summary>
    public Tensor Downsample(Run run, Tensor x, Epilogue epilogue = default, params string[] outputOf) =>
        Forward(run, x, (x.Shape.H + 1) / 2, (x.Shape.W + 1) / 2, new(2, padding, padding), epilogue, outputOf);

    /// <summary>Every second pixel, zeros only below and on the right: the VAE encoder's way. [N,H,W,cIn] -> [N,H/2,W/2,cOut]</summary>
    public Tensor DownsampleBelow(Run run, Tensor x, params string[] outputOf) =>
        Forward(run, x, (x.Shape.H - 2) / 2 + 1, (x.Shape.W - 2) / 2 + 1, new(2), default, outputOf);

    /// <summary>Of the picture enlarged by nearest neighbours to h by w. [N,H,W,cIn] -> [N,h,w,cOut]</summary>
    public Tensor Upsample(Run run, Tensor x, int h, int w, Epilogue epilogue = default, params string[] outputOf) =>
        Forward(run, x, h, w, new(1, padding, padding, Upsample: true), epilogue, outputOf);

    Tensor Forward(Run run, Tensor x, int h, int w, Convolution geometry, Epilogue epilogue, string[] outputOf)
    {
        var y = run.Allocate(Shape.Image(x.Shape.N, h, w, COut));
        Compute(run, y, epilogue, outputOf, (output, full) => run.Backend.Conv2d(x, Weight, output, geometry, full));
        return y;
    }
}
