using PureLcm.Kernels;
using PureLcm.Model.Layers;

namespace PureLcm.Model.Clip;

/// <summary>
/// CLIP's text encoder: a transformer in which each token sees itself and those before it. Radford et al. 2021,
/// arXiv:2103.00020. transformers' CLIPTextModel.
/// </summary>
public sealed class TextEncoder : Network
{
    readonly Weight tokenTable, positionTable;
    readonly string modelName, encoderName, embeddingsName, tokensName, positionsName;
    readonly TextLayer[] layers;
    readonly LayerNorm finalNorm;

    /// <summary>Builds the network that a config describes.</summary>
    public TextEncoder(Scope scope, TextConfig config) : base(scope)
    {
        Config = config;
        var model = scope / "text_model";
        var embeddings = model / "embeddings";
        (modelName, encoderName, embeddingsName) = (model.Name, (model / "encoder").Name, embeddings.Name);
        (tokensName, positionsName) = ((embeddings / "token_embedding").Name, (embeddings / "position_embedding").Name);
        tokenTable = (embeddings / "token_embedding").Table("weight", config.VocabularySize, config.Channels);
        positionTable = (embeddings / "position_embedding").Table("weight", config.MaxTokens, config.Channels);
        layers = [.. Enumerable.Range(0, config.Layers).Select(i => new TextLayer(model / "encoder" / "layers" / i, config))];
        finalNorm = new(model / "final_layer_norm", config.Channels, config.NormEpsilon);
    }

    /// <summary>What the network was built from.</summary>
    public TextConfig Config { get; }

    /// <summary>
    /// Token ids of N texts of T tokens each, one after the other -> the states of all tokens after the last layer, with and
    /// without the final norm for the last but one.
    /// </summary>
    public TextStates Forward(Run run, ReadOnlySpan<int> ids, int texts)
    {
        int tokens = ids.Length / texts;
        if (tokens > Config.MaxTokens) throw new ArgumentException($"{tokens} tokens for a text encoder of {Config.MaxTokens}", nameof(ids));
        using var frame = run.Enter(this);
        var shape = Shape.Tokens(texts, tokens, Config.Channels);
        Tensor x = run.Allocate(shape), positions = run.Allocate(Shape.Tokens(1, tokens, Config.Channels)); // [N T] -> [N,T,C]
        run.Backend.Embed(tokenTable, ids, x);
        run.Show(tokensName, x);
        run.Backend.Embed(positionTable, [.. Enumerable.Range(0, tokens)], positions);
        run.Show(positionsName, positions);
        for (int n = 0; n < texts; n++) run.Backend.Combine(x.Batch(n), new(1, x.Batch(n)), new(1, positions));
        run.Show(embeddingsName, x);

        var penultimate = run.Allocate(shape);
        for (int i = 0; i < layers.Length; i++)
        {
            if (i == layers.Length - 1) run.Backend.Copy(x, penultimate);
            layers[i].Forward(run, x);
        }
        run.Show(encoderName, x);
        var last = finalNorm.Forward(run, x);
        run.Show(modelName, last);
        return new(frame.Return(last), frame.Keep(penultimate));
    }

    /// <summary>
    /// Where a text's pooled state is: at the first end token; a config that says eos_token_id 2 was written before the
    /// field meant that, and the end token is the highest id.
    /// </summary>
    public int PooledToken(ReadOnlySpan<int> ids)
    {
        if (Config.EndToken != 2) return Math.Max(ids.IndexOf(Config.EndToken), 0);
        int best = 0;
        for (int i = 1; i < ids.Length; i++) if (ids[i] > ids[best]) best = i;
        return best;
    }
}

/// <summary>What a text encoder gives.</summary>
/// <param name="Last">The last layer's states after the final norm, [N,T,C]: what SD 1 and 2 read.</param>
/// <param name="Penultimate">The last layer but one's states, [N,T,C], hidden_states[-2]: what SDXL reads.</param>
public sealed record TextStates(Tensor Last, Tensor Penultimate);

/// <summary>A layer of the text encoder: causal self-attention and a feed-forward, each after a norm, with residuals.</summary>
public sealed class TextLayer : Module
{
    readonly int channels, heads;
    readonly Activation activation;
    readonly LayerNorm norm1, norm2;
    readonly Linear qkv, outProjection, fc1, fc2;
    readonly string attentionName, mlpName, activationName;

    /// <summary>As the config says.</summary>
    public TextLayer(Scope scope, TextConfig config) : base(scope)
    {
        (channels, heads, activation) = (config.Channels, config.Heads, config.Activation);
        var attention = scope / "self_attn";
        var mlp = scope / "mlp";
        (attentionName, mlpName, activationName) = (attention.Name, mlp.Name, (mlp / "activation_fn").Name);
        norm1 = new(scope / "layer_norm1", channels, config.NormEpsilon);
        qkv = new(attention, [attention / "q_proj", attention / "k_proj", attention / "v_proj"], channels, channels, bias: true);
        outProjection = new(attention / "out_proj", channels, channels);
        norm2 = new(scope / "layer_norm2", channels, config.NormEpsilon);
        fc1 = new(mlp / "fc1", channels, config.FeedForwardChannels);
        fc2 = new(mlp / "fc2", config.FeedForwardChannels, channels);
    }

    /// <summary>Works in place: x [N,T,C] becomes the layer's output.</summary>
    public void Forward(Run run, Tensor x)
    {
        using var frame = run.Enter(this);
        var normed = norm1.Forward(run, x);
        var projected = qkv.Forward(run, normed); // [N,T,C] -> [N,T,3C]
        Tensor q = projected.Channels(0, channels), k = projected.Channels(channels, channels), v = projected.Channels(2 * channels, channels);
        Attention.Attend(run, attentionName, q, k, v, normed, heads, causal: true);
        outProjection.ForwardInto(x, run, normed, new() { Residual = x }, attentionName);

        normed = norm2.Forward(run, x);
        var hidden = fc1.Forward(run, normed, new() { Activation = activation }); // [N,T,C] -> [N,T,4C]
        run.Show(activationName, hidden);
        fc2.ForwardInto(x, run, hidden, new() { Residual = x }, mlpName);
        run.Show(Name, x);
    }
}
