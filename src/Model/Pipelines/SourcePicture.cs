using PureLcm.Kernels;
using PureLcm.Model.Layers;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// The picture that a run begins with, encoded, and its mask: what doesn't depend on the seed, and outlives a run.
/// </summary>
/// <param name="Picture">The picture; null where a UNet that fills in a mask begins from noise alone.</param>
/// <param name="Masked">The picture without what the mask covers, for a UNet that fills it in; null for others.</param>
/// <param name="Mask">What is repainted; null for all of it.</param>
public sealed record SourcePicture(EncodedPicture? Picture, EncodedPicture? Masked, PictureMask? Mask)
{
    /// <summary>Whether latents are drawn: nothing is with a tiny autoencoder.</summary>
    public bool Draws => (Picture ?? Masked)!.Draws;

    /// <summary>Encodes what resolved options give, resized to the size asked for where it has another.</summary>
    /// <exception cref="ModelException">The autoencoder gives values that are not finite.</exception>
    internal static SourcePicture Encode(Run run, LoadedModel model, GenerateOptions chosen)
    {
        var picture = chosen.Image!.Resized(chosen.Width!.Value, chosen.Height!.Value);
        var mask = chosen.Mask is null ? null : new PictureMask(chosen.Mask.Resized(picture.Width, picture.Height));
        return new(
            chosen.NeedsPicture(model) ? PictureEncoder.Encode(run, model.Vae, picture) : null,
            model.IsInpainting ? PictureEncoder.Encode(run, model.Vae, picture, mask) : null,
            mask);
    }
}

/// <summary>What a sampler gets of a picture to begin with, on the device. Each part is null where it has no use.</summary>
/// <param name="Begin">
/// The picture's latent, [1,h,w,4], which the first step's share of noise is mixed into; null where a run begins from noise alone.
/// </param>
/// <param name="Outside">
/// The latent that stays outside the mask, [1,h,w,4]: after each step it takes the place of what the step made there.
/// </param>
/// <param name="Mask">1 inside and 0 outside, [1,h,w,1]; there is one where <paramref name="Outside"/> is.</param>
/// <param name="Inputs">
/// What a UNet that fills in a mask reads beside the latent, [1,h,w,5]: the mask, and the latent of the picture without it.
/// </param>
public sealed record SourceLatent(Tensor? Begin, Tensor? Outside, Tensor? Mask, Tensor? Inputs)
{
    /// <summary>Room for what resolved options need, its contents undefined; null where there is no picture to begin with.</summary>
    internal static SourceLatent? Allocate(Run run, LoadedModel model, GenerateOptions chosen)
    {
        if (chosen.Image is null) return null;
        var shape = chosen.LatentShape(model);
        var latent = chosen.NeedsPicture(model) ? run.Allocate(shape) : null;
        bool keeps = chosen.Mask is not null && !model.IsInpainting;
        return new(
            Begin: chosen.BeginsFromNoise ? null : latent,
            Outside: keeps ? latent : null,
            Mask: keeps ? run.Allocate(shape.WithChannels(1)) : null,
            Inputs: model.IsInpainting ? run.Allocate(shape.WithChannels(1 + shape.C)) : null);
    }

    /// <summary>Uploads a picture with the latents that noise draws of it.</summary>
    internal void Fill(Backend backend, SourcePicture source, Noise noise, int reduction)
    {
        if ((Begin ?? Outside) is { } latent) backend.Upload(source.Picture!.Latent(noise.OfPicture), latent);
        float[]? mask = source.Mask?.OfLatent(reduction);
        if (Mask is not null) backend.Upload(mask, Mask);
        if (Inputs is null) return;
        float[] masked = source.Masked!.Latent(noise.OfMasked), inputs = new float[Inputs.Shape.Count];
        int channels = Inputs.Shape.C, own = channels - 1;
        for (int i = 0; i < mask!.Length; i++)
        {
            inputs[i * channels] = mask[i];
            masked.AsSpan(i * own, own).CopyTo(inputs.AsSpan(i * channels + 1)); // [h,w,1] and [h,w,4] -> [h,w,5]
        }
        backend.Upload(inputs, Inputs);
    }
}
