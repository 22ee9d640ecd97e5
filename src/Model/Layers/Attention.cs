using PureLcm.Kernels;

namespace PureLcm.Model.Layers;

/// <summary>
/// Multi-head attention with its four projections (diffusers' Attention: to_q, to_k, to_v, to_out.0). What reads the same
/// input is one product: q, k and v of self-attention; k and v of attention to a context.
/// </summary>
public sealed class Attention : Module
{
    readonly int channels, heads;
    readonly Linear? toQkv, toQ, toKv;
    readonly Linear toOut;

    Attention(Scope scope, int channels, int heads, int? contextChannels, bool bias) : base(scope)
    {
        (this.channels, this.heads) = (channels, heads);
        Scope q = scope / "to_q", k = scope / "to_k", v = scope / "to_v";
        if (contextChannels is { } width)
        {
            toQ = new(q, channels, channels, bias);
            toKv = new(scope, [k, v], width, channels, bias);
        }
        else toQkv = new(scope, [q, k, v], channels, channels, bias);
        toOut = new(scope / "to_out" / 0, channels, channels);
    }

    /// <summary>Tokens attend to one another.</summary>
    public static Attention ToItself(Scope scope, int channels, int heads, bool bias) => new(scope, channels, heads, null, bias);

    /// <summary>Tokens attend to a context of another width.</summary>
    public static Attention ToContext(Scope scope, int channels, int heads, int contextChannels) =>
        new(scope, channels, heads, contextChannels, bias: false);

    /// <summary>
    /// residual += attention of x [N,T,C] to the context [N,T',contextChannels] (to x itself for self-attention).
    /// </summary>
    public void AddTo(Run run, Tensor residual, Tensor x, Tensor context)
    {
        // [N,T,C] -> [N,T,3C], or [N,T,C] and [N,T',2C]: views of channels are q, k and v
        using var first = (toQkv ?? toQ!).Forward(run, x);
        using var second = toKv?.Forward(run, context);
        var q = first.Channels(0, channels);
        var k = second is null ? first.Channels(channels, channels) : second.Channels(0, channels);
        var v = second is null ? first.Channels(2 * channels, channels) : second.Channels(channels, channels);
        using var mixed = run.Allocate(x.Shape);
        run.Backend.Attention(q, k, v, mixed, heads);
        toOut.ForwardInto(residual, run, mixed, new() { Residual = residual }, outputOf: Name);
    }
}
