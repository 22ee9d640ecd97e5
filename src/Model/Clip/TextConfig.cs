using PureLcm.Kernels;
using PureLcm.Weights;

namespace PureLcm.Model.Clip;

/// <summary>What a CLIPTextModel's config.json says. Missing keys take transformers' defaults.</summary>
public sealed record TextConfig
{
    /// <summary>Entries of the token table.</summary>
    public required int VocabularySize { get; init; }

    /// <summary>Width of the states.</summary>
    public required int Channels { get; init; }

    /// <summary>Width inside the feed-forward.</summary>
    public required int FeedForwardChannels { get; init; }

    /// <summary>Number of layers.</summary>
    public required int Layers { get; init; }

    /// <summary>Heads of each attention.</summary>
    public required int Heads { get; init; }

    /// <summary>Tokens of the longest text, start and end among them.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>The feed-forward's activation.</summary>
    public required Activation Activation { get; init; }

    /// <summary>Epsilon of the layer norms.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>eos_token_id, which says where the pooled state is.</summary>
    public required int EndToken { get; init; }

    /// <summary>Reads the config of a CLIPTextModel.</summary>
    /// <exception cref="WeightsException">A field is malformed, or asks for what is not supported.</exception>
    public static TextConfig Parse(Config json)
    {
        int channels = json.Int("hidden_size", 512, least: 1), heads = json.Int("num_attention_heads", 8, least: 1);
        if (channels % heads != 0) throw new WeightsException(json.Path, $"num_attention_heads is {heads}, which doesn't divide the hidden_size {channels}", "fetch the file again");
        string activation = json.String("hidden_act", "quick_gelu");
        return new()
        {
            VocabularySize = json.Int("vocab_size", 49408, least: 1),
            Channels = channels,
            FeedForwardChannels = json.Int("intermediate_size", 2048, least: 1),
            Layers = json.Int("num_hidden_layers", 12, least: 1),
            Heads = heads,
            MaxTokens = json.Int("max_position_embeddings", 77, least: 1),
            Activation = activation switch
            {
                "quick_gelu" => Activation.QuickGelu,
                "gelu" => Activation.Gelu,
                _ => throw new WeightsException(json.Path, $"hidden_act is \"{activation}\", which is not supported", "this version runs quick_gelu and gelu"),
            },
            NormEpsilon = (float)json.Double("layer_norm_eps", 1e-5),
            EndToken = json.Int("eos_token_id", 49407),
        };
    }
}
