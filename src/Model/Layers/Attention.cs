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
    readonly string[] outputOf;

    Attention(Scope scope, int channels, int heads, int? contextChannels, bool bias, bool withResidual) : base(scope)
    {
        (this.channels, this.heads) = (channels, heads);
        Scope q = scope / "to_q", k = scope / "to_k", v = scope / "to_v", to = scope / "to_out";
        if (contextChannels is { } width)
        {
            toQ = new(q, channels, channels, bias);
            toKv = new(scope, [k, v], width, channels, bias);
        }
        else toQkv = new(scope, [q, k, v], channels, channels, bias);
        toOut = new(to / 0, channels, channels);
        // to_out.1 is a dropout. Where the residual is a part of the module, the module's output is what AddTo makes of it.
        outputOf = withResidual ? [(to / 1).Name] : [(to / 1).Name, Name];
        WithResidual = withResidual;
    }

    /// <summary>Whether diffusers' module adds the residual itself, as the VAE's does, so that its output has it.</summary>
    bool WithResidual { get; }

    /// <summary>Tokens attend to one another.</summary>
    public static Attention ToItself(Scope scope, int channels, int heads, bool bias, bool withResidual = false) =>
        new(scope, channels, heads, null, bias, withResidual);

    /// <summary>Tokens attend to a context of another width.</summary>
    public static Attention ToContext(Scope scope, int channels, int heads, int contextChannels) =>
        new(scope, channels, heads, contextChannels, bias: false, withResidual: false);

    /// <summary>
    /// residual += attention of x [N,T,C] to the context [N,T',contextChannels] (to x itself for self-attention).
    /// </summary>
    public void AddTo(Run run, Tensor residual, Tensor x, Tensor context)
    {
        using var frame = run.Enter(this);
        // [N,T,C] -> [N,T,3C], or [N,T,C] and [N,T',2C]: views of channels are q, k and v
        var first = (toQkv ?? toQ!).Forward(run, x);
        var second = toKv?.Forward(run, context);
        var q = first.Channels(0, channels);
        var k = second is null ? first.Channels(channels, channels) : second.Channels(0, channels);
        var v = second is null ? first.Channels(2 * channels, channels) : second.Channels(channels, channels);
        var mixed = run.Allocate(x.Shape);
        Attend(run, Name, q, k, v, mixed, heads, causal: false);
        toOut.ForwardInto(residual, run, mixed, new() { Residual = residual }, outputOf);
        if (WithResidual) run.Show(Name, residual);
    }

    /// <summary>
    /// y = softmax(q k^T / sqrt d) v for each head. In one operation, which never stores the probabilities; in two where
    /// somebody wants to see them.
    /// </summary>
    internal static void Attend(Run run, string name, Tensor q, Tensor k, Tensor v, Tensor y, int heads, bool causal)
    {
        if (!run.WatchesAttention(name))
        {
            run.Backend.Attention(q, k, v, y, heads, causal);
            return;
        }
        var probabilities = run.Allocate(Shape.Tokens(q.Shape.N, heads * q.Shape.T, k.Shape.T));
        run.Backend.AttentionProbabilities(q, k, probabilities, heads, causal);
        run.ShowAttention(name, probabilities, heads);
        run.Backend.AttentionSums(probabilities, v, y, heads);
    }
}
