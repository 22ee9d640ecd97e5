using PureLcm.Model.Layers;
using PureLcm.Weights;

namespace PureLcm.Model.Vae;

/// <summary>What an AutoencoderKL's config.json says. Missing keys take diffusers' defaults.</summary>
public sealed record VaeConfig
{
    internal const float NormEpsilon = 1e-6f;

    /// <summary>Channels of a picture.</summary>
    public required int InChannels { get; init; }

    /// <summary>Channels of a decoded picture.</summary>
    public required int OutChannels { get; init; }

    /// <summary>Channels of a latent.</summary>
    public required int LatentChannels { get; init; }

    /// <summary>Channels of each level, the largest picture first.</summary>
    public required int[] BlockOutChannels { get; init; }

    /// <summary>Resnets of each level of the encoder; the decoder has one more.</summary>
    public required int LayersPerBlock { get; init; }

    /// <summary>Groups of the group norms.</summary>
    public required int NormGroups { get; init; }

    /// <summary>See <see cref="IAutoencoder.ScalingFactor"/>.</summary>
    public required float ScalingFactor { get; init; }

    /// <summary>Whether a 1x1 convolution follows the encoder.</summary>
    public required bool UseQuantConv { get; init; }

    /// <summary>Whether a 1x1 convolution precedes the decoder.</summary>
    public required bool UsePostQuantConv { get; init; }

    /// <summary>Whether the middle has attention.</summary>
    public required bool MidBlockAttention { get; init; }

    /// <summary>Whether its activations overflow in fp16, so that it is run in fp32 or bf16.</summary>
    public required bool ForceUpcast { get; init; }

    /// <summary>Reads the config of an AutoencoderKL.</summary>
    /// <exception cref="WeightsException">A field is malformed, or asks for what is not supported.</exception>
    public static VaeConfig Parse(Config json)
    {
        json.Only("act_fn", "silu");
        json.Only("shift_factor", null, 0.0);
        foreach (string key in (string[])["latents_mean", "latents_std"]) json.Only(key, null);
        foreach (string type in json.Strings("down_block_types", ["DownEncoderBlock2D"]))
            if (type != "DownEncoderBlock2D") throw new WeightsException(json.Path, $"down_block_types has \"{type}\", which is not supported", "this version runs DownEncoderBlock2D");
        foreach (string type in json.Strings("up_block_types", ["UpDecoderBlock2D"]))
            if (type != "UpDecoderBlock2D") throw new WeightsException(json.Path, $"up_block_types has \"{type}\", which is not supported", "this version runs UpDecoderBlock2D");
        var config = new VaeConfig
        {
            InChannels = json.Int("in_channels", 3, least: 1),
            OutChannels = json.Int("out_channels", 3, least: 1),
            LatentChannels = json.Int("latent_channels", 4, least: 1),
            BlockOutChannels = json.Ints("block_out_channels", [64], least: 1),
            LayersPerBlock = json.Int("layers_per_block", 1, least: 1),
            NormGroups = json.Int("norm_num_groups", 32, least: 1),
            ScalingFactor = (float)json.Double("scaling_factor", 0.18215),
            UseQuantConv = json.Bool("use_quant_conv", true),
            UsePostQuantConv = json.Bool("use_post_quant_conv", true),
            MidBlockAttention = json.Bool("mid_block_add_attention", true),
            ForceUpcast = json.Bool("force_upcast", false), // SD 1's own file, which has no such key, is for a VAE that fits fp16
        };
        foreach (string key in (string[])["down_block_types", "up_block_types"])
            if (json.Has(key) && json.Strings(key).Length != config.BlockOutChannels.Length)
                throw new WeightsException(json.Path, $"{key} has {json.Strings(key).Length} levels, block_out_channels {config.BlockOutChannels.Length}", "they must agree: fetch the file again");
        if (config.BlockOutChannels.Length == 0) throw new WeightsException(json.Path, "block_out_channels has no levels", "fetch the file again");
        foreach (int c in config.BlockOutChannels)
            if (c % config.NormGroups != 0) throw new WeightsException(json.Path, $"norm_num_groups is {config.NormGroups}, which doesn't divide {c} of block_out_channels", "fetch the file again");
        return config;
    }

    /// <summary>One sentence that names the fields which are not followed; null where there are none.</summary>
    /// <exception cref="WeightsException">As from <see cref="Parse"/>.</exception>
    public static string? NotFollowed(Config json)
    {
        Parse(json);
        return json.RestNotice("sample_size"); // of the training: a VAE takes any size
    }

    internal ResnetBlock Resnet(Scope scope, int cIn, int cOut) => new(scope, cIn, cOut, timeChannels: 0, NormGroups, NormEpsilon);

    internal ResnetBlock[] Resnets(Scope block, int count, int cIn, int cOut) =>
        [.. Enumerable.Range(0, count).Select(i => Resnet(block / "resnets" / i, i == 0 ? cIn : cOut, cOut))];
}

/// <summary>What an AutoencoderTiny's config.json says. Missing keys take diffusers' defaults, TAESD's own values.</summary>
public sealed record TinyConfig
{
    /// <summary>Channels of a picture.</summary>
    public required int InChannels { get; init; }

    /// <summary>Channels of a decoded picture.</summary>
    public required int OutChannels { get; init; }

    /// <summary>Channels of a latent.</summary>
    public required int LatentChannels { get; init; }

    /// <summary>Channels of each level of the encoder, the largest picture first.</summary>
    public required int[] EncoderChannels { get; init; }

    /// <summary>Channels of each level of the decoder, the smallest picture first.</summary>
    public required int[] DecoderChannels { get; init; }

    /// <summary>Residual blocks of each level of the encoder.</summary>
    public required int[] EncoderBlocks { get; init; }

    /// <summary>Residual blocks of each level of the decoder.</summary>
    public required int[] DecoderBlocks { get; init; }

    /// <summary>Latents are softly clamped to this before decoding. diffusers' decoder takes 3, whatever latent_magnitude says.</summary>
    public float LatentMagnitude => 3;

    /// <summary>See <see cref="IAutoencoder.ScalingFactor"/>.</summary>
    public required float ScalingFactor { get; init; }

    /// <summary>Reads the config of an AutoencoderTiny.</summary>
    /// <exception cref="WeightsException">A field is malformed, or asks for what is not supported.</exception>
    public static TinyConfig Parse(Config json)
    {
        json.Only("act_fn", "relu");
        json.Only("upsample_fn", "nearest");
        json.Only("upsampling_scaling_factor", 2);
        json.Only("shift_factor", null, 0.0);
        int[] channels = [64, 64, 64, 64];
        var config = new TinyConfig
        {
            InChannels = json.Int("in_channels", 3, least: 1),
            OutChannels = json.Int("out_channels", 3, least: 1),
            LatentChannels = json.Int("latent_channels", 4, least: 1),
            EncoderChannels = json.Ints("encoder_block_out_channels", channels, least: 1),
            DecoderChannels = json.Ints("decoder_block_out_channels", channels, least: 1),
            EncoderBlocks = json.Ints("num_encoder_blocks", [1, 3, 3, 3]),
            DecoderBlocks = json.Ints("num_decoder_blocks", [3, 3, 3, 1]),
            ScalingFactor = (float)json.Double("scaling_factor", 1),
        };
        if (config.EncoderBlocks.Length != config.EncoderChannels.Length || config.DecoderBlocks.Length != config.DecoderChannels.Length)
            throw new WeightsException(json.Path, "its lists of blocks and of channels are of different lengths", "fetch the file again");
        if (config.EncoderChannels.Length == 0 || config.DecoderChannels.Length == 0)
            throw new WeightsException(json.Path, "encoder_block_out_channels or decoder_block_out_channels has no levels", "fetch the file again");
        return config;
    }

    /// <summary>One sentence that names the fields which are not followed; null where there are none.</summary>
    /// <exception cref="WeightsException">As from <see cref="Parse"/>.</exception>
    public static string? NotFollowed(Config json)
    {
        Parse(json);
        // Said twice; how latents are stored as bytes, which we don't; and a remedy that ReLU and convolutions don't need.
        return json.RestNotice("block_out_channels", "latent_magnitude", "latent_shift", "force_upcast", "sample_size");
    }
}
