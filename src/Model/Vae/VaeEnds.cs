using PureLcm.Weights;

namespace PureLcm.Model.Vae;

/// <summary>What the rest of a model sees of an autoencoder, large or tiny: its two ends.</summary>
/// <param name="LatentChannels">Channels of a latent.</param>
/// <param name="PictureChannels">Channels of a picture that it encodes, and of one that it decodes.</param>
/// <param name="EncoderLevels">Levels on the way to the latent, each half the size of the one before.</param>
/// <param name="DecoderLevels">Levels on the way to the picture, each twice the size of the one before.</param>
/// <param name="ScalingFactor">See <see cref="IAutoencoder.ScalingFactor"/>.</param>
/// <param name="Tiny">Whether it is a tiny one.</param>
public sealed record VaeEnds(
    int LatentChannels, (int In, int Out) PictureChannels, int EncoderLevels, int DecoderLevels, float ScalingFactor, bool Tiny)
{
    /// <summary>The ends of an autoencoder, from its configuration.</summary>
    /// <param name="className">AutoencoderKL or AutoencoderTiny.</param>
    /// <param name="config">Its config.json.</param>
    /// <exception cref="WeightsException">It is of another class, or its configuration can't be run.</exception>
    public static VaeEnds Of(string className, Config config) => className switch
    {
        "AutoencoderKL" => Of(VaeConfig.Parse(config)),
        "AutoencoderTiny" => Of(TinyConfig.Parse(config)),
        _ => throw new WeightsException(config.Path, $"it is of the class {className}, which is not supported yet",
            "this version runs AutoencoderKL, AutoencoderTiny there"),
    };

    /// <summary>The ends that a config describes.</summary>
    public static VaeEnds Of(VaeConfig config) =>
        new(config.LatentChannels, (config.InChannels, config.OutChannels),
            config.BlockOutChannels.Length, config.BlockOutChannels.Length, config.ScalingFactor, Tiny: false);

    /// <summary>The ends that a config describes.</summary>
    public static VaeEnds Of(TinyConfig config) =>
        new(config.LatentChannels, (config.InChannels, config.OutChannels),
            config.EncoderChannels.Length, config.DecoderChannels.Length, config.ScalingFactor, Tiny: true);
}
