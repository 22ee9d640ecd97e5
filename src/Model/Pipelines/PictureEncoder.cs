using PureLcm.Kernels;
using PureLcm.Model.Inspect;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Model.Vae;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// What an autoencoder makes of a picture: not one latent but a distribution of latents, from which each seed draws its own
/// (Kingma and Welling 2013, arXiv:1312.6114). It is the host's and nobody's run, so that a picture is encoded once for any
/// number of seeds; the tiny autoencoder's has no width, and nothing is drawn.
/// </summary>
public sealed class EncodedPicture
{
    readonly float[] mean;
    readonly float[]? deviation;
    readonly float scale;

    internal EncodedPicture(Shape shape, float[] mean, float[]? logVariance, float scale)
    {
        (Shape, this.mean, this.scale) = (shape, mean, scale);
        if (logVariance is null) return;
        const float least = -30, most = 20; // diffusers' DiagonalGaussianDistribution
        deviation = [.. logVariance.Select(value => MathF.Exp(0.5f * Math.Clamp(value, least, most)))];
    }

    /// <summary>The latent's shape, [1,h,w,latent channels].</summary>
    public Shape Shape { get; }

    /// <summary>Whether a latent is drawn: takes noise.</summary>
    public bool Draws => deviation is not null;

    /// <summary>A latent as samplers take it, in its own order: (mean + deviation noise) times the autoencoder's scaling factor.</summary>
    /// <param name="noise">Unit noise of the latent's shape, in its own order; null for the mean.</param>
    public float[] Latent(float[]? noise)
    {
        var latent = new float[mean.Length];
        for (int i = 0; i < latent.Length; i++)
            latent[i] = scale * (deviation is null || noise is null ? mean[i] : mean[i] + deviation[i] * noise[i]);
        return latent;
    }
}

/// <summary>From a picture to <see cref="EncodedPicture"/>: the way back from <see cref="PictureDecoder"/>.</summary>
public static class PictureEncoder
{
    /// <summary>Encodes a picture. It waits for the device, since the result is the host's.</summary>
    /// <param name="run">Computes it.</param>
    /// <param name="vae">The autoencoder.</param>
    /// <param name="picture">Of a size that the autoencoder can have: width and height are multiples of its reduction.</param>
    /// <param name="without">What of the picture is grey, for UNets that fill it in; null for nothing.</param>
    /// <exception cref="ModelException">The autoencoder gives values that are not finite.</exception>
    public static EncodedPicture Encode(Run run, IAutoencoder vae, Picture picture, PictureMask? without = null)
    {
        if (picture.Width % vae.Reduction != 0 || picture.Height % vae.Reduction != 0)
            throw new ArgumentException($"a picture of {picture.Width}x{picture.Height} for steps of {vae.Reduction} pixels", nameof(picture));
        using var frame = run.Enter("encoder");
        var pixels = run.Allocate(Shape.Image(1, picture.Height, picture.Width, 3));
        run.Backend.Upload(Values(picture, without), pixels);
        var (mean, logVariance) = vae.Encode(run, pixels); // [1,H,W,3] -> [1,h,w,4] twice
        var encoded = new EncodedPicture(mean.Shape, Download(mean)!, Download(logVariance), vae.ScalingFactor);
        if (!run.Backend.AllFinite(mean) || logVariance is not null && !run.Backend.AllFinite(logVariance))
            throw NotFinite.Find(run, () => vae.Encode(run, pixels));
        return encoded;

        float[]? Download(Tensor? x)
        {
            if (x is null) return null;
            var values = new float[x.Shape.Count];
            run.Backend.Download(x, values);
            return values;
        }
    }

    /// <summary>What <see cref="Encode"/> allocates, and nothing else.</summary>
    internal static void Count(Run run, IAutoencoder vae, int width, int height)
    {
        using var frame = run.Enter("encoder");
        vae.Encode(run, run.Allocate(Shape.Image(1, height, width, 3)));
    }

    /// <summary>Bytes to -1 (black) to 1 (white), in the order of pixels; 0 where the mask is.</summary>
    static float[] Values(Picture picture, PictureMask? without)
    {
        var values = new float[picture.Rgb.Length];
        for (int i = 0; i < values.Length; i++)
            values[i] = without is not null && without[i / 3] ? 0 : 2 * (picture.Rgb[i] / 255f) - 1;
        return values;
    }
}
