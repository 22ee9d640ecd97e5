using System.Text.Json;
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
        // The attention mask would hide the padding, which pipelines show unless this says otherwise.
        json.Only("use_attention_mask", false, null);
        json.Only("quantization_config", null);
        if (json.Element("pruned_heads") is { ValueKind: JsonValueKind.Object } pruned && pruned.EnumerateObject().Any())
            throw new WeightsException(json.Path, "pruned_heads takes heads out of its attention, which is not supported", "use another model");
        string activation = json.String("hidden_act", "quick_gelu");
        return new()
        {
            VocabularySize = json.Int("vocab_size", 49408, least: 1),
            Channels = channels,
            FeedForwardChannels = json.Int("intermediate_size", 2048, least: 1),
            Layers = json.Int("num_hidden_layers", 12, least: 1),
            Heads = heads,
            MaxTokens = json.Int("max_position_embeddings", 77, least: 2),
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

    /// <summary>
    /// One sentence that names the fields which are not followed; null where there are none. What would change the network
    /// is refused by <see cref="Parse"/> before.
    /// </summary>
    /// <exception cref="WeightsException">As from <see cref="Parse"/>.</exception>
    public static string? NotFollowed(Config json)
    {
        Parse(json);
        return json.RestNotice(harmless);
    }

    // For training, for saving, or for models that write text, whose fields transformers' older versions put into every file.
    static readonly string[] harmless =
    [
        "architectures", "model_type", "dtype", "torch_dtype", "transformers_version", "projection_dim", "attention_dropout", "dropout", "initializer_factor",
        "initializer_range", "bos_token_id", "pad_token_id", "sep_token_id", "gradient_checkpointing", "add_cross_attention", "bad_words_ids", "begin_suppress_tokens",
        "chunk_size_feed_forward", "cross_attention_hidden_size", "decoder_start_token_id", "diversity_penalty", "do_sample", "early_stopping",
        "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty", "finetuning_task", "forced_bos_token_id", "forced_eos_token_id", "id2label",
        "is_decoder", "is_encoder_decoder", "label2id", "length_penalty", "max_length", "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams",
        "num_return_sequences", "output_attentions", "output_hidden_states", "output_scores", "prefix", "problem_type", "remove_invalid_values",
        "repetition_penalty", "return_dict", "return_dict_in_generate", "suppress_tokens", "task_specific_params", "temperature", "tf_legacy_loss",
        "tie_encoder_decoder", "tie_word_embeddings", "tokenizer_class", "top_k", "top_p", "torchscript", "typical_p", "use_bfloat16", "use_cache",
    ];
}
