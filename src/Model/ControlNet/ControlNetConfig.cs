using PureLcm.Model.Unet;
using PureLcm.Weights;

namespace PureLcm.Model.ControlNet;

/// <summary>What a ControlNetModel's config.json says, as far as it decides the network's shape; or what a file's shapes say.</summary>
public sealed record ControlNetConfig
{
    /// <summary>More halvings would leave nothing of any picture.</summary>
    const int MostEmbeddings = 10;

    /// <summary>The copy of a UNet's way down and middle.</summary>
    public required UnetConfig Encoder { get; init; }

    /// <summary>Channels on the picture's way to a latent's size; the picture is halved between each two of them.</summary>
    public required int[] EmbeddingChannels { get; init; }

    /// <summary>Whether blue comes first.</summary>
    public bool BlueFirst { get; init; }

    /// <summary>
    /// Whether what it adds is averaged over the picture: it then says what there is and not where (the published shuffle
    /// ControlNet), and steers the prompt's pass alone.
    /// </summary>
    public bool Pooled { get; init; }

    /// <summary>How many times smaller than the picture the latent is.</summary>
    public int Reduction => 1 << (EmbeddingChannels.Length - 1);

    /// <summary>Reads the config of a ControlNetModel.</summary>
    /// <exception cref="WeightsException">A field is malformed, or asks for what is not supported.</exception>
    public static ControlNetConfig Parse(Config json)
    {
        json.Only("conditioning_channels", 3);
        var encoder = UnetConfig.ParseEncoder(json);
        if (encoder.Middle is null)
            throw new WeightsException(json.Path, "mid_block_type is null, and a ControlNet has a middle",
                "correct it, or fetch the file again");
        string order = json.String("controlnet_conditioning_channel_order", "rgb");
        return new()
        {
            Encoder = encoder,
            EmbeddingChannels = Several(json, json.Ints("conditioning_embedding_out_channels", [16, 32, 96, 256], least: 1)),
            BlueFirst = order switch
            {
                "rgb" => false,
                "bgr" => true,
                _ => throw new WeightsException(json.Path, $"controlnet_conditioning_channel_order is \"{order}\", expected \"rgb\" or \"bgr\"",
                    "correct it, or fetch the file again"),
            },
            Pooled = json.Bool("global_pool_conditions", false),
        };
    }

    /// <summary>
    /// What a file without a config says by its shapes. A ControlNet is a trained copy of a UNet's way down: what shapes don't
    /// tell (heads, groups) is as in the UNet that it is to steer.
    /// </summary>
    /// <param name="weights">Its tensors by diffusers' names.</param>
    /// <param name="unet">The UNet.</param>
    /// <exception cref="WeightsException">Its tensors are not those of a ControlNet.</exception>
    public static ControlNetConfig OfShapes(WeightFiles weights, UnetConfig unet)
    {
        const string embedding = "controlnet_cond_embedding.";
        var embeddings = new List<int> { Side(embedding + "conv_in.weight", 0) };
        for (int i = 1; weights.Contains($"{embedding}blocks.{i}.weight"); i += 2)
            embeddings.Add(Side($"{embedding}blocks.{i}.weight", 0));

        var channels = new List<int>();
        var levels = new List<Level>();
        for (int i = 0; weights.Contains($"down_blocks.{i}.resnets.0.conv1.weight"); i++)
        {
            string level = $"down_blocks.{i}.";
            channels.Add(Side(level + "resnets.0.conv1.weight", 0));
            int layers = Count(n => $"{level}resnets.{n}.conv1.weight");
            var like = unet.Down[Math.Min(i, unet.Down.Length - 1)];
            levels.Add(Like(like, layers, level, Count(n => $"{level}attentions.{n}.proj_in.weight")));
        }
        if (channels.Count == 0 || embeddings.Count > MostEmbeddings) throw Incomplete();
        var middle = Like(unet.Middle ?? unet.Down[^1], 1, "mid_block.", Count(n => $"mid_block.attentions.{n}.proj_in.weight"));
        foreach (int c in channels)
            if (c % unet.NormGroups != 0) throw Incomplete();
        return new()
        {
            Encoder = unet with
            {
                InChannels = Side("conv_in.weight", 1),
                BlockOutChannels = [.. channels],
                Down = [.. levels],
                Middle = middle,
                Up = [],
                ContextChannels = levels.Append(middle).FirstOrDefault(level =>
                    level.HasAttention)?.ContextChannels ?? unet.ContextChannels,
                LinearProjection = weights.Tensors.FirstOrDefault(entry => entry.Key.EndsWith(".proj_in.weight",
                    StringComparison.Ordinal)).Value?.Sides.Length == 2,
                TimeConditionChannels = 0,
            },
            EmbeddingChannels = [.. embeddings],
        };

        Level Like(Level like, int layers, string block, int attentions)
        {
            int[] depths = [.. Enumerable.Range(0, attentions).Select(j => Count(n =>
                $"{block}attentions.{j}.transformer_blocks.{n}.attn2.to_k.weight"))];
            int context = attentions > 0 ? Side($"{block}attentions.0.transformer_blocks.0.attn2.to_k.weight", 1) : like.ContextChannels;
            return like with { Layers = layers, Depths = depths, ContextChannels = context };
        }

        int Count(Func<int, string> name)
        {
            int n = 0;
            while (weights.Contains(name(n))) n++;
            return n;
        }

        int Side(string name, int side)
        {
            var sides = weights[name].Sides;
            return side < sides.Length && sides[side] > 0 ? sides[side] : throw Incomplete();
        }

        WeightsException Incomplete() => new(weights.Path, "its tensors are not those of a whole ControlNet for this kind of model",
            "fetch it again, or use another ControlNet");
    }

    /// <summary>One sentence that names the fields which are not followed; null where there are none.</summary>
    /// <exception cref="WeightsException">As from <see cref="Parse"/>.</exception>
    public static string? NotFollowed(Config json)
    {
        Parse(json);
        // For the precision of sums, which are fp32 anyway; and the sizes of embeddings that are refused.
        return json.RestNotice("upcast_attention", "addition_embed_type_num_heads", "addition_time_embed_dim",
            "projection_class_embeddings_input_dim", "dropout",
            "sample_size", "out_channels");
    }

    static int[] Several(Config json, int[] channels) => channels.Length is > 0 and <= MostEmbeddings ? channels
        : throw new WeightsException(json.Path, $"conditioning_embedding_out_channels has {channels.Length} numbers",
            "correct it, or fetch the file again");
}
