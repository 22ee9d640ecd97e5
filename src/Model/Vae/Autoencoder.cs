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
    /// variance or null where there is none to draw from. The caller disposes of both.
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
        using var precision = run.In(Precision);
        using var input = run.Converted(latent);
        using var projected = postQuantConv?.Forward(run, input);
        return decoder.Forward(run, projected ?? input);
    }

    /// <inheritdoc/>
    public (Tensor Mean, Tensor? LogVariance) Encode(Run run, Tensor picture)
    {
        using var precision = run.In(Precision);
        using var input = run.Converted(picture);
        using var moments = Moments(run, input); // [N,H,W,3] -> [N,h,w,2 latent]
        int c = config.LatentChannels;
        var mean = run.Allocate(moments.Shape.WithChannels(c));
        var logVariance = run.Allocate(moments.Shape.WithChannels(c));
        run.Backend.Copy(moments.Channels(0, c), mean);
        run.Backend.Copy(moments.Channels(c, c), logVariance);
        return (mean, logVariance);
    }

    Tensor Moments(Run run, Tensor picture)
    {
        var encoded = encoder.Forward(run, picture);
        if (quantConv is null) return encoded;
        using (encoded) return quantConv.Forward(run, encoded);
    }
}

/// <summary>Picture to latent: levels of resnets, each but the last ending in every second pixel, then the middle.</summary>
public sealed class Encoder : Module
{
    readonly Conv2d convIn, convOut;
    readonly (ResnetBlock[] Resnets, Conv2d? Downsampler)[] downBlocks;
    readonly VaeMiddle middle;
    readonly GroupNorm normOut;

    /// <summary>As the config says.</summary>
    public Encoder(Scope scope, VaeConfig config) : base(scope)
    {
        var channels = config.BlockOutChannels;
        convIn = new(scope / "conv_in", config.InChannels, channels[0]);
        downBlocks = [.. Enumerable.Range(0, channels.Length).Select(i =>
        {
            var block = scope / "down_blocks" / i;
            int cIn = channels[Math.Max(i - 1, 0)], cOut = channels[i];
            return (config.Resnets(block, config.LayersPerBlock, cIn, cOut),
                i == channels.Length - 1 ? null : new Conv2d(block / "downsamplers" / 0 / "conv", cOut, cOut));
        })];
        middle = new(scope / "mid_block", config);
        normOut = new(scope / "conv_norm_out", channels[^1], config.NormGroups, VaeConfig.NormEpsilon);
        convOut = new(scope / "conv_out", channels[^1], 2 * config.LatentChannels);
    }

    /// <summary>[N,H,W,3] -> [N,h,w,2 latent channels], a new tensor.</summary>
    public Tensor Forward(Run run, Tensor picture)
    {
        var x = convIn.Forward(run, picture);
        foreach (var (resnets, downsampler) in downBlocks)
        {
            foreach (var resnet in resnets)
                Run.Replace(ref x, resnet.Forward(run, x, null));
            if (downsampler is not null)
                Run.Replace(ref x, downsampler.DownsampleBelow(run, x)); // [N,H,W,C] -> [N,H/2,W/2,C]
        }
        Run.Replace(ref x, middle.Forward(run, x));
        Run.Replace(ref x, normOut.Forward(run, x, Activation.Silu));
        using (x) return convOut.Forward(run, x);
    }
}

/// <summary>Latent to picture: the middle, then levels of resnets, each but the last ending in an enlargement.</summary>
public sealed class Decoder : Module
{
    readonly Conv2d convIn, convOut;
    readonly VaeMiddle middle;
    readonly (ResnetBlock[] Resnets, Conv2d? Upsampler)[] upBlocks;
    readonly GroupNorm normOut;

    /// <summary>As the config says.</summary>
    public Decoder(Scope scope, VaeConfig config) : base(scope)
    {
        int[] channels = [.. config.BlockOutChannels.Reverse()];
        convIn = new(scope / "conv_in", config.LatentChannels, channels[0]);
        middle = new(scope / "mid_block", config);
        upBlocks = [.. Enumerable.Range(0, channels.Length).Select(i =>
        {
            var block = scope / "up_blocks" / i;
            int cIn = channels[Math.Max(i - 1, 0)], cOut = channels[i];
            return (config.Resnets(block, config.LayersPerBlock + 1, cIn, cOut),
                i == channels.Length - 1 ? null : new Conv2d(block / "upsamplers" / 0 / "conv", cOut, cOut));
        })];
        normOut = new(scope / "conv_norm_out", channels[^1], config.NormGroups, VaeConfig.NormEpsilon);
        convOut = new(scope / "conv_out", channels[^1], config.OutChannels);
    }

    /// <summary>[N,h,w,latent channels] -> [N,H,W,3], a new tensor.</summary>
    public Tensor Forward(Run run, Tensor latent)
    {
        var x = convIn.Forward(run, latent);
        Run.Replace(ref x, middle.Forward(run, x));
        foreach (var (resnets, upsampler) in upBlocks)
        {
            foreach (var resnet in resnets)
                Run.Replace(ref x, resnet.Forward(run, x, null));
            if (upsampler is not null)
                Run.Replace(ref x, upsampler.Upsample(run, x, 2 * x.Shape.H, 2 * x.Shape.W)); // [N,H,W,C] -> [N,2H,2W,C]
        }
        Run.Replace(ref x, normOut.Forward(run, x, Activation.Silu));
        using (x) return convOut.Forward(run, x);
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
            attention = Attention.ToItself(place, channels, heads: 1, bias: true);
        }
        resnet1 = config.Resnet(scope / "resnets" / 1, channels, channels);
    }

    /// <summary>[N,H,W,C] -> [N,H,W,C], a new tensor.</summary>
    public Tensor Forward(Run run, Tensor x)
    {
        x = resnet0.Forward(run, x, null);
        if (attention is not null)
        {
            using var normed = groupNorm!.Forward(run, x);
            attention.AddTo(run, x, normed, normed);
        }
        Run.Replace(ref x, resnet1.Forward(run, x, null));
        run.Show(Name, x);
        return x;
    }
}
