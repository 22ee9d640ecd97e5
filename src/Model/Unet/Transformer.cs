using PureLcm.Kernels;
using PureLcm.Model.Layers;

namespace PureLcm.Model.Unet;

/// <summary>
/// Attention of every pixel to every pixel and to the words, between two projections, with a residual around the whole.
/// diffusers' Transformer2DModel; Rombach et al. 2021, arXiv:2112.10752, section 3.3.
/// </summary>
public sealed class Transformer : Module
{
    readonly GroupNorm norm;
    readonly Linear projIn, projOut;
    readonly TransformerBlock[] blocks;

    /// <summary>
    /// <paramref name="depth"/> blocks of <paramref name="heads"/> heads on <paramref name="channels"/> channels. The two
    /// projections are 1x1 convolutions, or linear layers with <paramref name="linearProjection"/>: the same product.
    /// </summary>
    public Transformer(Scope scope, int channels, int heads, int depth, int contextChannels, int groups, bool linearProjection)
        : base(scope)
    {
        norm = new(scope / "norm", channels, groups, 1e-6f);
        projIn = Projection(scope / "proj_in");
        blocks = [.. Enumerable.Range(0, depth).Select(i => new TransformerBlock(scope / "transformer_blocks" / i, channels, heads, contextChannels))];
        projOut = Projection(scope / "proj_out");

        Linear Projection(Scope place) => linearProjection ? new(place, channels, channels) : Linear.Conv1x1(place, channels, channels);
    }

    /// <summary>[N,H,W,C] and the words' states [N,T,contextChannels] -> [N,H,W,C], a new tensor.</summary>
    public Tensor Forward(Run run, Tensor x, Tensor context)
    {
        using var frame = run.Enter(this);
        var tokens = norm.Forward(run, x);
        frame.Next(ref tokens, projIn.Forward(run, tokens)); // [N,H,W,C]
        var sequence = tokens.As(x.Shape.AsTokens()); // [N,H,W,C] -> [N,HW,C]
        foreach (var block in blocks) block.Forward(run, sequence, context);
        return frame.Return(projOut.Forward(run, tokens, new() { Residual = x }));
    }
}

/// <summary>
/// Self-attention, attention to the words, and a gated feed-forward, each after a norm and with a residual around it.
/// diffusers' BasicTransformerBlock; Vaswani et al. 2017, arXiv:1706.03762, section 3, in its pre-norm form.
/// </summary>
public sealed class TransformerBlock : Module
{
    readonly LayerNorm norm1, norm2, norm3;
    readonly Attention attn1, attn2;
    readonly FeedForward ff;

    /// <summary>A block on <paramref name="channels"/> channels.</summary>
    public TransformerBlock(Scope scope, int channels, int heads, int contextChannels) : base(scope)
    {
        norm1 = new(scope / "norm1", channels, 1e-5f);
        attn1 = Attention.ToItself(scope / "attn1", channels, heads, bias: false);
        norm2 = new(scope / "norm2", channels, 1e-5f);
        attn2 = Attention.ToContext(scope / "attn2", channels, heads, contextChannels);
        norm3 = new(scope / "norm3", channels, 1e-5f);
        ff = new(scope / "ff", channels);
    }

    /// <summary>Works in place: x [N,HW,C] becomes the block's output.</summary>
    public void Forward(Run run, Tensor x, Tensor context)
    {
        using var frame = run.Enter(this);
        var normed = norm1.Forward(run, x);
        attn1.AddTo(run, x, normed, normed);
        frame.Next(ref normed, norm2.Forward(run, x));
        attn2.AddTo(run, x, normed, context);
        frame.Next(ref normed, norm3.Forward(run, x));
        ff.AddTo(run, x, normed);
        run.Show(Name, x);
    }
}

/// <summary>
/// The feed-forward of a block: four times wider inside, values times gelu of gates. Shazeer 2020, arXiv:2002.05202 (GEGLU).
/// </summary>
public sealed class FeedForward : Module
{
    readonly Linear wide, narrow;
    readonly string gated, dropout;

    /// <summary>On <paramref name="channels"/> channels.</summary>
    public FeedForward(Scope scope, int channels) : base(scope)
    {
        (gated, dropout) = ((scope / "net" / 0).Name, (scope / "net" / 1).Name);
        wide = Linear.Gated(scope / "net" / 0 / "proj", channels, 4 * channels);
        narrow = new(scope / "net" / 2, 4 * channels, channels);
    }

    /// <summary>residual += ff(x). Both [N,T,C].</summary>
    public void AddTo(Run run, Tensor residual, Tensor x)
    {
        using var frame = run.Enter(this);
        var hidden = wide.Forward(run, x); // [N,T,C] -> [N,T,4C]
        run.Show(gated, hidden);
        run.Show(dropout, hidden);
        narrow.ForwardInto(residual, run, hidden, new() { Residual = residual }, outputOf: Name);
    }
}
