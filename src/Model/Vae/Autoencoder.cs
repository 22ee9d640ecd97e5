using PureLcm.Kernels;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;

namespace PureLcm.Model.Vae;

/// <summary>Between pictures and latents: what the pipelines need of AutoencoderKL and of AutoencoderTiny.</summary>
public interface IAutoencoder
{
    /// <summary>Latents are multiplied by this after encoding and divided by it before decoding.</summary>
    float ScalingFactor { get; }

    /// <summary>Channels of a latent.</summary>
    int LatentChannels { get; }

    /// <summary>How many pixels' width one latent pixel stands for: 2^(levels - 1).</summary>
    int Reduction { get; }

    /// <summary>[N,h,w,latent channels], unscaled -> [N,H,W,3] in about [-1,1], a new tensor.</summary>
    Tensor Decode(Run run, Tensor latent);

    /// <summary>
    /// [N,H,W,3] in [-1,1] -> the distribution of its latents, unscaled: mean [N,h,w,latent channels], and the logarithm of the
    /// variance or null where there is none to draw from.
    /// </summary>
    (Tensor Mean, Tensor? LogVariance) Encode(Run run, Tensor picture);
}

/// <summary>
/// The variational autoencoder of Stable Diffusion, diffusers' AutoencoderKL. Rombach et al. 2021, arXiv:2112.10752, section 3.1.
/// </summary>
public sealed class AutoencoderKL : Network, IAutoencoder
{
    readonly VaeConfig config;
    readonly Encoder encoder;
    readonly Decoder decoder;
    readonly Linear? quantConv, postQuantConv;

    /// <summary>Builds the network that a config describes.</summary>
    public AutoencoderKL(Scope scope, VaeConfig config) : base(scope)
    {
        this.config = config;
        if (config.ForceUpcast && Precision == ElementType.Float16) Precision = ElementType.Float32; // its values overflow fp16
        encoder = new(scope / "encoder", config);
        decoder = new(scope / "decoder", config);
        int latent = config.LatentChannels;
        if (config.UseQuantConv) quantConv = Linear.Conv1x1(scope / "quant_conv", 2 * latent, 2 * latent);
        if (config.UsePostQuantConv) postQuantConv = Linear.Conv1x1(scope / "post_quant_conv", latent, latent);
    }

    /// <inheritdoc/>
    public float ScalingFactor => config.ScalingFactor;

    /// <inheritdoc/>
    public int LatentChannels => config.LatentChannels;

    /// <inheritdoc/>
    public int Reduction => 1 << (config.BlockOutChannels.Length - 1);

    /// <inheritdoc/>
    public Tensor Decode(Run run, Tensor latent)
    {
        using var frame = run.Enter(this);
        var z = run.Converted(latent);
        if (postQuantConv is not null) z = postQuantConv.Forward(run, z);
        return frame.Keep(decoder.Forward(run, z));
    }

    /// <inheritdoc/>
    public (Tensor Mean, Tensor? LogVariance) Encode(Run run, Tensor picture)
    {
        using var frame = run.Enter(this);
        var moments = encoder.Forward(run, run.Converted(picture)); // [N,H,W,3] -> [N,h,w,2 latent]
        if (quantConv is not null) moments = quantConv.Forward(run, moments);
        frame.Keep(moments);
        int c = config.LatentChannels;
        return (moments.Channels(0, c), moments.Channels(c, c));
    }
}

/// <summary>Picture to latent: levels of resnets, each but the last ending in every second pixel, then the middle.</summary>
public sealed class Encoder : Module
{
    readonly Conv2d convIn, convOut;
    readonly EncoderBlock[] downBlocks;
    readonly VaeMiddle middle;
    readonly GroupNorm normOut;
    readonly string activationName;

    /// <summary>As the config says.</summary>
    public Encoder(Scope scope, VaeConfig config) : base(scope)
    {
        var channels = config.BlockOutChannels;
        convIn = new(scope / "conv_in", config.InChannels, channels[0]);
        downBlocks = [.. Enumerable.Range(0, channels.Length).Select(i => new EncoderBlock(
            scope / "down_blocks" / i, config, channels[Math.Max(i - 1, 0)], channels[i], i < channels.Length - 1))];
        middle = new(scope / "mid_block", config);
        activationName = (scope / "conv_act").Name;
        normOut = new(scope / "conv_norm_out", channels[^1], config.NormGroups, VaeConfig.NormEpsilon);
        convOut = new(scope / "conv_out", channels[^1], 2 * config.LatentChannels);
    }

    /// <summary>[N,H,W,3] -> [N,h,w,2 latent channels], a new tensor.</summary>
    public Tensor Forward(Run run, Tensor picture)
    {
        using var frame = run.Enter(this);
        var x = convIn.Forward(run, picture);
        foreach (var block in downBlocks) frame.Next(ref x, block.Forward(run, x));
        frame.Next(ref x, middle.Forward(run, x));
        frame.Next(ref x, normOut.Forward(run, x, Activation.Silu, activationName));
        frame.Next(ref x, convOut.Forward(run, x));
        return frame.Return(x);
    }
}

/// <summary>A level of the encoder: resnets, then every second pixel. DownEncoderBlock2D.</summary>
public sealed class EncoderBlock : Module
{
    readonly ResnetBlock[] resnets;
    readonly Downsampler? downsampler;

    /// <summary>From cIn to cOut channels.</summary>
    public EncoderBlock(Scope scope, VaeConfig config, int cIn, int cOut, bool downsample) : base(scope)
    {
        resnets = config.Resnets(scope, config.LayersPerBlock, cIn, cOut);
        if (downsample) downsampler = new(scope / "downsamplers" / 0, cOut, below: true);
    }

    /// <summary>[N,H,W,cIn] -> [N,H/2,W/2,cOut] or, at the lowest level, [N,H,W,cOut]; a new tensor.</summary>
    public Tensor Forward(Run run, Tensor x)
    {
        using var frame = run.Enter(this);
        foreach (var resnet in resnets) frame.Next(ref x, resnet.Forward(run, x, null));
        if (downsampler is not null) frame.Next(ref x, downsampler.Forward(run, x)); // [N,H,W,C] -> [N,H/2,W/2,C]
        return frame.Return(x);
    }
}

/// <summary>Latent to picture: the middle, then levels of resnets, each but the last ending in an enlargement.</summary>
public sealed class Decoder : Module
{
    readonly Conv2d convIn, convOut;
    readonly VaeMiddle middle;
    readonly DecoderBlock[] upBlocks;
    readonly GroupNorm normOut;
    readonly string activationName;

    /// <summary>As the config says.</summary>
    public Decoder(Scope scope, VaeConfig config) : base(scope)
    {
        int[] channels = [.. config.BlockOutChannels.Reverse()];
        convIn = new(scope / "conv_in", config.LatentChannels, channels[0]);
        middle = new(scope / "mid_block", config);
        upBlocks = [.. Enumerable.Range(0, channels.Length).Select(i => new DecoderBlock(
            scope / "up_blocks" / i, config, channels[Math.Max(i - 1, 0)], channels[i], i < channels.Length - 1))];
        activationName = (scope / "conv_act").Name;
        normOut = new(scope / "conv_norm_out", channels[^1], config.NormGroups, VaeConfig.NormEpsilon);
        convOut = new(scope / "conv_out", channels[^1], config.OutChannels);
    }

    /// <summary>[N,h,w,latent channels] -> [N,H,W,3], a new tensor.</summary>
    public Tensor Forward(Run run, Tensor latent)
    {
        using var frame = run.Enter(this);
        var x = convIn.Forward(run, latent);
        frame.Next(ref x, middle.Forward(run, x));
        foreach (var block in upBlocks) frame.Next(ref x, block.Forward(run, x));
        frame.Next(ref x, normOut.Forward(run, x, Activation.Silu, activationName));
        frame.Next(ref x, convOut.Forward(run, x));
        return frame.Return(x);
    }
}

/// <summary>A level of the decoder: resnets, then an enlargement. UpDecoderBlock2D.</summary>
public sealed class DecoderBlock : Module
{
    readonly ResnetBlock[] resnets;
    readonly Upsampler? upsampler;

    /// <summary>From cIn to cOut channels.</summary>
    public DecoderBlock(Scope scope, VaeConfig config, int cIn, int cOut, bool upsample) : base(scope)
    {
        resnets = config.Resnets(scope, config.LayersPerBlock + 1, cIn, cOut);
        if (upsample) upsampler = new(scope / "upsamplers" / 0, cOut);
    }

    /// <summary>[N,H,W,cIn] -> [N,2H,2W,cOut] or, at the highest level, [N,H,W,cOut]; a new tensor.</summary>
    public Tensor Forward(Run run, Tensor x)
    {
        using var frame = run.Enter(this);
        foreach (var resnet in resnets) frame.Next(ref x, resnet.Forward(run, x, null));
        if (upsampler is not null) frame.Next(ref x, upsampler.Forward(run, x, 2 * x.Shape.H, 2 * x.Shape.W)); // [N,H,W,C] -> [N,2H,2W,C]
        return frame.Return(x);
    }
}

/// <summary>Resnet, one head of attention over all pixels (where the config has it), resnet.</summary>
public sealed class VaeMiddle : Module
{
    readonly ResnetBlock resnet0, resnet1;
    readonly GroupNorm? groupNorm;
    readonly Attention? attention;

    /// <summary>On the channels of the lowest level.</summary>
    public VaeMiddle(Scope scope, VaeConfig config) : base(scope)
    {
        int channels = config.BlockOutChannels[^1];
        resnet0 = config.Resnet(scope / "resnets" / 0, channels, channels);
        if (config.MidBlockAttention)
        {
            var place = scope / "attentions" / 0;
            groupNorm = new(place / "group_norm", channels, config.NormGroups, VaeConfig.NormEpsilon);
            attention = Attention.ToItself(place, channels, heads: 1, bias: true, withResidual: true);
        }
        resnet1 = config.Resnet(scope / "resnets" / 1, channels, channels);
    }

    /// <summary>[N,H,W,C] -> [N,H,W,C], a new tensor.</summary>
    public Tensor Forward(Run run, Tensor x)
    {
        using var frame = run.Enter(this);
        x = resnet0.Forward(run, x, null);
        if (attention is not null)
        {
            var normed = groupNorm!.Forward(run, x);
            attention.AddTo(run, x, normed, normed);
        }
        frame.Next(ref x, resnet1.Forward(run, x, null));
        return frame.Return(x);
    }
}
