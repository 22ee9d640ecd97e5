using System.Globalization;
using System.Text.Json;
using PureLcm.Model.Clip;
using PureLcm.Model.Schedulers;
using PureLcm.Model.Unet;
using PureLcm.Model.Vae;
using PureLcm.Weights;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// Whether the parts of a model's folder fit each other: every width, length and count that two of them share is compared
/// before anything is computed, and what doesn't fit is one sentence. Pure functions of what the parts' configurations say.
/// </summary>
public static class ModelChecks
{
    /// <summary>The pipelines with embedded guidance that models are published for.</summary>
    const string LatentConsistency = "LatentConsistencyModelPipeline", LatentConsistencyFromImage = "LatentConsistencyModelImg2ImgPipeline";

    /// <summary>The pipelines that are run: from words, from a picture, and with a mask.</summary>
    public static IReadOnlyList<string> Pipelines { get; } =
    [
        "StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline", LatentConsistency,
        LatentConsistencyFromImage,
    ];

    // Samplers whose files describe the same mixing of noise, so that any of ours can take their place.
    static readonly string[] relatedSchedulers =
    [
        "DDPMScheduler", "DDPMParallelScheduler", "DDIMParallelScheduler", "PNDMScheduler", "LMSDiscreteScheduler",
            "EulerDiscreteScheduler",
        "EulerAncestralDiscreteScheduler", "HeunDiscreteScheduler", "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler",
            "DPMSolverSDEScheduler",
        "DEISMultistepScheduler", "UniPCMultistepScheduler", "KDPM2DiscreteScheduler", "KDPM2AncestralDiscreteScheduler",
            "SASolverScheduler", "TCDScheduler",
    ];

    // Fields of scheduler_config.json that our samplers read, or that mean something to other samplers or to clipping alone.
    static readonly string[] schedulerFields =
    [
        "num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas", "prediction_type", "rescale_betas_zero_snr",
            "thresholding",
        "original_inference_steps", "timestep_scaling", "timestep_spacing", "set_alpha_to_one", "steps_offset", "clip_sample",
        "clip_sample_range", "sample_max_value", "dynamic_thresholding_ratio", "skip_prk_steps", "solver_order", "solver_type",
            "algorithm_type",
        "lower_order_final", "euler_at_final", "final_sigmas_type", "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas",
            "use_lu_lambdas",
        "use_flow_sigmas", "flow_shift", "lambda_min_clipped", "variance_type", "interpolation_type", "timestep_type", "sigma_min",
            "sigma_max",
        "predict_x0", "solver_p", "disable_corrector", "noise_sampler_seed", "predictor_order", "corrector_order", "tau_func",
        "time_shift_type", "use_dynamic_shifting", "shift_terminal", "gamma",
    ];

    /// <summary>Refuses a model whose parts don't fit each other, or that text to image can't run; asked once, at loading.</summary>
    /// <returns>The configurations that it had to read for that.</returns>
    /// <exception cref="ModelException">Two parts don't fit.</exception>
    /// <exception cref="WeightsException">A part is of an unknown kind, or its configuration is malformed.</exception>
    public static (TextConfig Text, UnetConfig Unet) Require(IModelSource source)
    {
        Class("text_encoder", "CLIPTextModel");
        Class("unet", "UNet2DConditionModel");
        var text = TextConfig.Parse(source.ConfigOf("text_encoder"));
        var unet = UnetConfig.Parse(source.ConfigOf("unet"));
        Networks(source.Path, text, unet, VaeEnds.Of(source.ClassOf("vae"), source.ConfigOf("vae")));
        Scheduler(source.ClassOf("scheduler"), source.ConfigOf("scheduler"), out _);
        return (text, unet);

        void Class(string component, string run)
        {
            string found = source.ClassOf(component);
            if (found != run) throw new WeightsException(source.ConfigOf(component).Path,
                $"it is of the class {found}, which is not supported yet", $"this version runs {run} there");
        }
    }

    /// <summary>Refuses networks that don't fit each other, or that text to image can't run.</summary>
    /// <param name="model">The model, as errors name it.</param>
    /// <param name="text">The text encoder.</param>
    /// <param name="unet">The UNet.</param>
    /// <param name="vae">The autoencoder's two ends.</param>
    /// <exception cref="ModelException">One sentence on the first that doesn't fit.</exception>
    public static void Networks(string model, TextConfig text, UnetConfig unet, VaeEnds vae)
    {
        foreach (var level in (Level?[])[.. unet.Down, unet.Middle, .. unet.Up])
            if (level is { HasAttention: true } && level.ContextChannels != text.Channels)
                throw Misfit($"the UNet reads text of width {level.ContextChannels} (cross_attention_dim), the text encoder gives {text.Channels} (hidden_size)");
        if (unet.InChannels != vae.LatentChannels && !IsInpainting(unet.InChannels, vae.LatentChannels))
            throw InputMisfit(model, unet.InChannels, vae.LatentChannels);
        if (unet.OutChannels != vae.LatentChannels)
            throw Misfit($"the VAE's latents have {vae.LatentChannels} channels (latent_channels), the UNet's output {unet.OutChannels} (out_channels)");
        if (vae.PictureChannels != (3, 3))
            throw new ModelException($"{model}: its VAE is for pictures of {vae.PictureChannels.In} channels in and {vae.PictureChannels.Out} out, and pictures have 3, red, green and blue; use another model");
        if (vae.EncoderLevels != vae.DecoderLevels)
            throw Misfit($"the VAE makes pictures {1 << (vae.EncoderLevels - 1)} times smaller and {1 << (vae.DecoderLevels - 1)} times larger");
        if (!(vae.ScalingFactor > 0) || !float.IsFinite(vae.ScalingFactor))
            throw new ModelException(string.Create(CultureInfo.InvariantCulture,
                $"{model}: its VAE's scaling_factor is {vae.ScalingFactor}, and latents are divided by it; correct vae/config.json, or fetch it again"));
        if (unet.TimeConditionChannels is 1 or 2 or 3 || unet.TimeConditionChannels % 2 != 0)
            throw new ModelException($"{model}: its UNet's time_cond_proj_dim is {unet.TimeConditionChannels}, and sines and cosines take an even number from 4 up; correct unet/config.json, or fetch it again");

        ModelException Misfit(string what) => new($"{model}: {what}; the folder's parts belong to different models");
    }

    /// <summary>Whether a UNet reads, beside a latent, a mask and the latent of the picture without what the mask covers.</summary>
    internal static bool IsInpainting(int channels, int latent) => channels == 2 * latent + 1;

    /// <summary>What a UNet with more channels in than the latent has is for.</summary>
    static ModelException InputMisfit(string model, int channels, int latent)
    {
        string? kind = (channels - latent) switch
        {
            _ when latent != 4 => null, // then rather the VAE is another model's
            _ when channels == 2 * latent => "a UNet that edits a picture by instruction (InstructPix2Pix)",
            1 => "a UNet that follows a depth map",
            3 => "an upscaler's UNet, which takes a small picture too",
            _ => null,
        };
        return kind is null
            ? new($"{model}: its UNet takes {channels} channels (in_channels), the VAE's latents have {latent} (latent_channels); the folder's parts belong to different models")
            : new($"{model}: its UNet takes {channels} channels where a latent has {latent}: it is {kind}, and can't make a picture from words alone; use a model for text to image");
    }

    /// <summary>
    /// A tokenizer whose texts the text encoder can read. Where the folder doesn't say how long they are, the encoder does;
    /// where it says more than the encoder has places for, they are cut to these.
    /// </summary>
    /// <param name="model">The model, as errors name it.</param>
    /// <param name="tokenizer">As its folder describes it.</param>
    /// <param name="text">The text encoder.</param>
    /// <param name="notice">One sentence where texts are shorter than the folder says; else null.</param>
    /// <exception cref="ModelException">The tokenizer gives ids that the text encoder's table has no rows for.</exception>
    public static Tokenizer Fit(string model, Tokenizer tokenizer, TextConfig text, out string? notice)
    {
        notice = null;
        if (tokenizer.LargestId >= text.VocabularySize)
        {
            string? token = tokenizer.AddedTokenIds.FirstOrDefault(entry => entry.Value == tokenizer.LargestId).Key;
            throw new ModelException($"{model}: the tokenizer gives ids up to {tokenizer.LargestId}{(token is null ? "" : $" (the added token \"{token}\")")}, "
                + $"the text encoder's table has {text.VocabularySize} rows (vocab_size); the tokenizer belongs to another text encoder, such as one with more words added");
        }
        int length = tokenizer.HasOwnLength ? Math.Min(tokenizer.MaxLength, text.MaxTokens) : text.MaxTokens;
        if (tokenizer.HasOwnLength && length < tokenizer.MaxLength)
            notice = $"{model}: the tokenizer says texts of {tokenizer.MaxLength} tokens (model_max_length), the text encoder reads {length} (max_position_embeddings), so {length} are used";
        return length == tokenizer.MaxLength ? tokenizer : tokenizer.WithLength(length);
    }

    /// <summary>Refuses a scheduler whose mixing of noise is another kind of process than ours.</summary>
    /// <param name="className">What scheduler_config.json or model_index.json says.</param>
    /// <param name="config">scheduler_config.json.</param>
    /// <param name="notice">One sentence where another sampler takes its place; else null.</param>
    /// <exception cref="WeightsException">The class or its prediction type is not known.</exception>
    public static void Scheduler(string className, Config config, out string? notice)
    {
        config.Only("prediction_type", "epsilon", "v_prediction", "sample");
        notice = null;
        if (SchedulerNames.Find(className) is not null) return;
        if (!relatedSchedulers.Contains(className))
            throw new WeightsException(config.Path, $"it is for {className}, which is not supported",
                "use a model that was trained for DDPM's noise, as Stable Diffusion was");
        notice = $"{config.Path}: {className} is not run yet; lcm or ddim takes its place, with the noise that the file describes";
    }

    /// <summary>What a model says or has that is not followed, and changes nothing that is refused: a sentence each.</summary>
    public static IReadOnlyList<string> Notices(IModelSource source)
    {
        Config vae = source.ConfigOf("vae"), scheduler = source.ConfigOf("scheduler");
        Scheduler(source.ClassOf("scheduler"), scheduler, out string? otherScheduler);
        var ends = VaeEnds.Of(source.ClassOf("vae"), vae);
        string?[] notices =
        [
            otherScheduler,
            scheduler.RestNotice(schedulerFields),
            TextConfig.NotFollowed(source.ConfigOf("text_encoder")),
            UnetConfig.NotFollowed(source.ConfigOf("unet")),
            ends.Tiny ? TinyConfig.NotFollowed(vae) : VaeConfig.NotFollowed(vae),
            ends is { Tiny: true, ScalingFactor: not 1 }
                ? string.Create(CultureInfo.InvariantCulture,
                    $"{vae.Path}: scaling_factor is {ends.ScalingFactor}, followed as diffusers does, though tiny autoencoders are published with 1")
                : null,
        ];
        return [.. source.Notices, .. notices.OfType<string>()];
    }

    /// <summary>One sentence where a folder says that its UNet has guidance embedded, and it hasn't; else null.</summary>
    internal static string? PipelineNotice(ModelFolder folder, Config unet) =>
        folder.PipelineClass is LatentConsistency or LatentConsistencyFromImage && UnetConfig.Parse(unet).TimeConditionChannels == 0
            ? $"{folder.Path}: it is published for {folder.PipelineClass}, but its UNet has no guidance embedding (time_cond_proj_dim), so it is run as a model without latent consistency"
            : null;

    /// <summary>Settings of model_index.json that nobody reads, in one sentence; components are lists of two.</summary>
    internal static string? IndexNotice(ModelFolder folder)
    {
        var components = from field in folder.Index.Fields
                         where field.Value is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 2
                         select field.Key;
        return folder.Index.RestNotice([.. components, "requires_safety_checker", "force_zeros_for_empty_prompt", "add_watermarker"]);
    }
}
