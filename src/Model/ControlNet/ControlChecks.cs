using System.Text.Json;
using PureLcm.Model.Unet;
using PureLcm.Weights;

namespace PureLcm.Model.ControlNet;

/// <summary>Whether a ControlNet fits the UNet that it is to steer: what doesn't is one sentence, before anything is computed.</summary>
public static class ControlChecks
{
    const string WayOut = "use a ControlNet that was made for this kind of model";

    /// <summary>The width of the text that a ControlNet's configuration says it reads.</summary>
    /// <exception cref="WeightsException">It is no number.</exception>
    public static int ContextOf(Config json) =>
        json.Element("cross_attention_dim") is { ValueKind: JsonValueKind.Array } ? json.Ints("cross_attention_dim").FirstOrDefault()
            : json.Int("cross_attention_dim", 1280);

    /// <summary>Refuses a ControlNet for another family of models, told by the width of their text.</summary>
    /// <param name="path">The ControlNet, as errors name it.</param>
    /// <param name="context">The width of the text that it reads.</param>
    /// <param name="model">The UNet's model, as errors name it.</param>
    /// <param name="unet">The UNet.</param>
    /// <exception cref="ModelException">They differ.</exception>
    public static void Family(string path, int context, string model, UnetConfig unet)
    {
        if (context != unet.ContextChannels)
            throw new ModelException($"{path}: this ControlNet reads text of width {context}{Name(context)}, and {model}'s UNet of width {unet.ContextChannels}{Name(unet.ContextChannels)}; {WayOut}");

        static string Name(int width) => width switch
        {
            768 => ", as Stable Diffusion 1 has it",
            1024 => ", as Stable Diffusion 2 has it",
            2048 => ", as Stable Diffusion XL has it",
            _ => "",
        };
    }

    /// <summary>Refuses a ControlNet that doesn't add to each skip of a UNet what fits it.</summary>
    /// <param name="path">The ControlNet, as errors name it.</param>
    /// <param name="control">Its shape.</param>
    /// <param name="model">The UNet's model, as errors name it.</param>
    /// <param name="unet">The UNet.</param>
    /// <exception cref="ModelException">They differ.</exception>
    public static void Fit(string path, ControlNetConfig control, string model, UnetConfig unet)
    {
        Family(path, control.Encoder.ContextChannels, model, unet);
        if (!control.Encoder.BlockOutChannels.SequenceEqual(unet.BlockOutChannels)
            || !control.Encoder.Down.Select(level => level.Layers).SequenceEqual(unet.Down.Select(level => level.Layers)))
            throw new ModelException($"{path}: this ControlNet has levels of {Levels(control.Encoder)}, and {model}'s UNet of {Levels(unet)}; {WayOut}");
        if (control.Encoder.InChannels != unet.OutChannels)
            throw new ModelException($"{path}: this ControlNet takes latents of {control.Encoder.InChannels} channels (in_channels), and {model}'s have {unet.OutChannels}; {WayOut}");

        static string Levels(UnetConfig config) =>
            $"{string.Join(", ", config.BlockOutChannels)} channels with {string.Join(", ", config.Down.Select(level => level.Layers))} layers";
    }

    /// <summary>Refuses a ControlNet whose picture doesn't come down to a latent's size.</summary>
    /// <exception cref="ModelException">It doesn't.</exception>
    public static void Reduction(string path, ControlNetConfig control, string model, int reduction)
    {
        if (control.Reduction != reduction)
            throw new ModelException($"{path}: this ControlNet makes its picture {control.Reduction} times smaller (conditioning_embedding_out_channels), and {model}'s VAE {reduction} times; {WayOut}");
    }
}
