using PureLcm.Weights;

namespace PureLcm.Model.Vae;

/// <summary>What the rest of a model sees of an autoencoder, large or tiny: its two ends.</summary>
/// <param name="LatentChannels">Channels of a latent.</param>
/// <param name="PictureChannels">Channels of a picture that it encodes, and of one that it decodes.</param>
/// <param name="EncoderLevels">Levels on the way to the latent, each half the size of the one before.</param>
/// <param name="DecoderLevels">Levels on the way to the picture, each twice the size of the one before.</param>
/// <param name="ScalingFactor">See <see cref="IAutoencoder.ScalingFactor"/>.</param>
/// <param name="Tiny">Whether it is a tiny one.</param>
public sealed record VaeEnds(int LatentChannels, (int In, int Out) PictureChannels, int EncoderLevels, int DecoderLevels, float ScalingFactor, bool Tiny)
{
    /// <summary>The ends of the autoencoder in a component's folder, from its config.json alone.</summary>
    /// <exception cref="WeightsException">It is of another class, or its configuration can't be run.</exception>
    public static VaeEnds Of(ComponentFolder folder)
    {
        folder.RequireClass("AutoencoderKL", "AutoencoderTiny");
        return folder.Class == "AutoencoderTiny" ? Of(TinyConfig.Parse(folder.Config)) : Of(VaeConfig.Parse(folder.Config));
    }

    /// <summary>The ends that a config describes.</summary>
    public static VaeEnds Of(VaeConfig config) =>
        new(config.LatentChannels, (config.InChannels, config.OutChannels), config.BlockOutChannels.Length, config.BlockOutChannels.Length, config.ScalingFactor, Tiny: false);

    /// <summary>The ends that a config describes.</summary>
    public static VaeEnds Of(TinyConfig config) =>
        new(config.LatentChannels, (config.InChannels, config.OutChannels), config.EncoderChannels.Length, config.DecoderChannels.Length, config.ScalingFactor, Tiny: true);
}
