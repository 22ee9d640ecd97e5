using System.Text.Json;
using PureLcm.Weights;

namespace PureLcm.Model.Unet;

/// <summary>
/// What a UNet2DConditionModel's config.json says, as far as it decides the network's shape. Missing keys take diffusers'
/// defaults; a key that asks for something this library doesn't run is an error, never ignored.
/// </summary>
public sealed record UnetConfig
{
    /// <summary>Channels of the input: 4, or 9 for an inpainting model.</summary>
    public required int InChannels { get; init; }

    /// <summary>Channels of the output.</summary>
    public required int OutChannels { get; init; }

    /// <summary>Channels of each level, the largest picture first.</summary>
    public required int[] BlockOutChannels { get; init; }

    /// <summary>The levels on the way down.</summary>
    public required Level[] Down { get; init; }

    /// <summary>The middle; null where the config says there is none.</summary>
    public required Level? Middle { get; init; }

    /// <summary>The levels on the way up, the lowest first.</summary>
    public required Level[] Up { get; init; }

    /// <summary>Width of the text encoder's states.</summary>
    public required int ContextChannels { get; init; }

    /// <summary>Groups of the group norms.</summary>
    public required int NormGroups { get; init; }

    /// <summary>Epsilon of the resnets' group norms.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Whether the transformers' projections are linear layers rather than 1x1 convolutions.</summary>
    public required bool LinearProjection { get; init; }

    /// <summary>Whether the timestep's sinusoids begin with the cosines.</summary>
    public required bool CosFirst { get; init; }

    /// <summary>See <see cref="Kernels.Backend.TimestepEmbedding"/>.</summary>
    public required float FrequencyShift { get; init; }

    /// <summary>Width of the guidance embedding; 0 for a UNet without.</summary>
    public required int TimeConditionChannels { get; init; }

    /// <summary>Width and height of a latent that the model was trained on.</summary>
    public required int SampleSize { get; init; }

    /// <summary>Width of the time embedding.</summary>
    public int TimeChannels => 4 * BlockOutChannels[0];

    /// <summary>A latent's sides are padded to multiples of this by the levels; other sizes work and round.</summary>
    public int Reduction => 1 << (BlockOutChannels.Length - 1);

    /// <summary>Channels of what the way down leaves for the way up, in the order in which it does.</summary>
    public IReadOnlyList<int> SkipChannels =>
    [
        BlockOutChannels[0],
        .. BlockOutChannels.SelectMany((c, i) => Enumerable.Repeat(c, Down[i].Layers + (i < BlockOutChannels.Length - 1 ? 1 : 0))),
    ];

    /// <summary>Reads the config of a UNet2DConditionModel.</summary>
    /// <exception cref="WeightsException">A field is malformed, or asks for what is not supported.</exception>
    public static UnetConfig Parse(Config json) => Parse(json, encoderOnly: false);

    /// <summary>
    /// The way down and the middle alone, which a ControlNetModel's config describes in the same keys. Only there
    /// num_attention_heads is what its name says, and may be given in the place of attention_head_dim.
    /// </summary>
    /// <exception cref="WeightsException">A field is malformed, or asks for what is not supported.</exception>
    internal static UnetConfig ParseEncoder(Config json) => Parse(json, encoderOnly: true);

    static UnetConfig Parse(Config json, bool encoderOnly)
    {
        // What would change the network and isn't run: every published SD 1.x and 2.x UNet has these values.
        if (!IsListOfFalse(json.Element("only_cross_attention"))) json.Only("only_cross_attention", false);
        json.Only("dual_cross_attention", false);
        json.Only("center_input_sample", false);
        json.Only("class_embeddings_concat", false);
        json.Only("resnet_skip_time_act", false);
        json.Only("act_fn", "silu");
        json.Only("resnet_time_scale_shift", "default");
        json.Only("time_embedding_type", "positional");
        json.Only("attention_type", "default");
        json.Only("conv_in_kernel", 3);
        json.Only("conv_out_kernel", 3);
        json.Only("downsample_padding", 1);
        json.Only("mid_block_scale_factor", 1.0);
        json.Only("resnet_out_scale_factor", 1.0);
        foreach (string key in (string[])["class_embed_type", "num_class_embeds", "encoder_hid_dim", "encoder_hid_dim_type",
            "addition_embed_type", "cross_attention_norm", "time_embedding_dim", "time_embedding_act_fn", "timestep_post_act"])
            json.Only(key, null);
        if (!encoderOnly) json.Only("num_attention_heads", null);
        json.Only("mid_block_only_cross_attention", null, false);

        int[] channels = json.Ints("block_out_channels", [320, 640, 1280, 1280], least: 1);
        int levels = channels.Length;
        string[] downTypes = json.Strings("down_block_types", ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"]);
        string[] upTypes = encoderOnly ? [] : json.Strings("up_block_types", ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"]);
        if (downTypes.Length != levels || !encoderOnly && upTypes.Length != levels)
            throw new WeightsException(json.Path, $"block_out_channels has {levels} levels, down_block_types {downTypes.Length}{(encoderOnly ? "" : $" and up_block_types {upTypes.Length}")}", "they must agree: fetch the file again");
        string headsKey = encoderOnly && json.Has("num_attention_heads") && !json.IsNull("num_attention_heads") ? "num_attention_heads" : "attention_head_dim";
        int[] heads = json.IntOrInts(headsKey, levels, 8, least: 1);
        int[] layers = json.IntOrInts("layers_per_block", levels, 2, least: 1);
        int[] context = json.IntOrInts("cross_attention_dim", levels, 1280, least: 1);
        var depths = Depths(json, layers);

        var down = new Level[levels];
        var up = new Level[upTypes.Length];
        for (int i = 0; i < levels; i++)
        {
            int mirrored = levels - 1 - i;
            down[i] = new(heads[i], Attends(json, "down_block_types", downTypes[i], "Down") ? depths.Down[i] : [], layers[i], context[i]);
            if (!encoderOnly) up[i] = new(heads[mirrored], Attends(json, "up_block_types", upTypes[i], "Up") ? depths.Up[i] : [], layers[mirrored] + 1, context[mirrored]);
        }
        int groups = json.Int("norm_num_groups", 32, least: 1);
        foreach (int c in channels)
            if (c % groups != 0) throw new WeightsException(json.Path, $"norm_num_groups is {groups}, which doesn't divide {c} of block_out_channels", "fetch the file again");
        for (int i = 0; i < levels; i++)
            if (channels[i] % heads[i] != 0) throw new WeightsException(json.Path, $"{headsKey} (the number of heads) is {heads[i]}, which doesn't divide {channels[i]} of block_out_channels", "fetch the file again");

        // A missing key is not null: null means that there is no middle.
        string? middle = json.StringOrNull("mid_block_type", "UNetMidBlock2DCrossAttn");
        return new()
        {
            InChannels = json.Int("in_channels", 4, least: 1),
            OutChannels = json.Int("out_channels", 4, least: 1),
            BlockOutChannels = channels,
            Down = down,
            Up = up,
            Middle = middle switch
            {
                null => null,
                "UNetMidBlock2DCrossAttn" => new(heads[^1], [depths.Middle], 1, context[^1]),
                "UNetMidBlock2D" => new(heads[^1], [], 1, context[^1]),
                _ => throw new WeightsException(json.Path, $"mid_block_type is \"{middle}\", which is not supported", "this version runs UNetMidBlock2DCrossAttn, UNetMidBlock2D and null"),
            },
            ContextChannels = context[0],
            NormGroups = groups,
            NormEpsilon = (float)json.Double("norm_eps", 1e-5),
            LinearProjection = json.Bool("use_linear_projection", false),
            CosFirst = json.Bool("flip_sin_to_cos", true),
            FrequencyShift = (float)json.Double("freq_shift", 0),
            TimeConditionChannels = json.IntOrNull("time_cond_proj_dim") ?? 0,
            SampleSize = json.IntOrNull("sample_size", least: 1) ?? 64,
        };
    }

    /// <summary>
    /// One sentence that names the fields which are not followed; null where there are none. What would change the network
    /// is refused by <see cref="Parse(Config)"/> before.
    /// </summary>
    /// <exception cref="WeightsException">As from <see cref="Parse(Config)"/>.</exception>
    public static string? NotFollowed(Config json)
    {
        Parse(json);
        // For training; for the precision of sums, which are fp32 anyway; and the sizes of embeddings that are refused.
        return json.RestNotice("dropout", "upcast_attention", "addition_embed_type_num_heads", "addition_time_embed_dim", "projection_class_embeddings_input_dim");
    }

    /// <summary>One answer a level, all of them no.</summary>
    static bool IsListOfFalse(JsonElement? value) =>
        value is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.False);

    static bool Attends(Config json, string key, string type, string direction) =>
        type == $"CrossAttn{direction}Block2D" ? true
        : type == $"{direction}Block2D" ? false
        : throw new WeightsException(json.Path, $"{key} has \"{type}\", which is not supported", $"this version runs CrossAttn{direction}Block2D and {direction}Block2D");

    /// <summary>
    /// transformer_layers_per_block: a number, one a level, or a list a level (one entry a transformer). The way up reverses
    /// the way down; where entries are lists that can't be, and reverse_transformer_layers_per_block says it, deepest first.
    /// </summary>
    static (int[][] Down, int Middle, int[][] Up) Depths(Config json, int[] layers)
    {
        int levels = layers.Length;
        const string key = "transformer_layers_per_block", reverseKey = "reverse_transformer_layers_per_block";
        int[][] down = PerTransformer(json, key, layers, out bool nested);
        int[][] up;
        if (json.Has(reverseKey) && !json.IsNull(reverseKey))
            up = PerTransformer(json, reverseKey, [.. layers.Reverse().Select(n => n + 1)], out _);
        else if (nested)
            throw new WeightsException(json.Path, $"{key} has lists in its list, without {reverseKey} beside it", "fetch the file again");
        else
            up = [.. Enumerable.Range(0, levels).Select(i => Enumerable.Repeat(down[levels - 1 - i][0], layers[levels - 1 - i] + 1).ToArray())];
        return (down, down[^1].Length > 0 ? down[^1][0] : 1, up);
    }

    /// <summary>A number for every transformer of every level: from one number, one a level, or one a transformer.</summary>
    static int[][] PerTransformer(Config json, string key, int[] layers, out bool nested)
    {
        nested = false;
        if (json.Element(key) is not { ValueKind: JsonValueKind.Array } list || list.EnumerateArray().All(item => item.ValueKind == JsonValueKind.Number))
        {
            int[] perLevel = json.IntOrInts(key, layers.Length, 1, least: 1);
            return [.. layers.Select((n, i) => Enumerable.Repeat(perLevel[i], n).ToArray())];
        }
        nested = true;
        var items = list.EnumerateArray().ToArray();
        if (items.Length != layers.Length) throw Malformed();
        return [.. items.Select((item, i) =>
        {
            int[] depths = item.ValueKind == JsonValueKind.Array
                ? [.. item.EnumerateArray().Select(Number)]
                : [.. Enumerable.Repeat(Number(item), layers[i])];
            return depths.Length == layers[i] ? depths : throw Malformed();
        })];

        int Number(JsonElement item) => item.ValueKind == JsonValueKind.Number && item.TryGetInt32(out int n) && n > 0 ? n : throw Malformed();

        WeightsException Malformed() => new(json.Path, $"{key} is not a number, one a level, or a list a level with one for each transformer", "fetch the file again");
    }
}
