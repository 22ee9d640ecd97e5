using PureLcm.Model;
using PureLcm.Model.ControlNet;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Schedulers;
using PureLcm.Weights;

namespace PureLcm.Verification;

/// <summary>
/// Words to a picture, from noise or from a picture, steered by a ControlNet where the case has one: timesteps, the latent after
/// each step, and the picture.
/// </summary>
static class PictureCase
{
    /// <summary>Null where the case's scheduler is not supported.</summary>
    public static IReadOnlyList<Comparison>? Run(Case reference, string kind, CancellationToken cancellation)
    {
        string scheduler = reference.Json.GetProperty("scheduler").GetProperty("_class_name").GetString()!;
        if (SchedulerNames.Find(scheduler) is not { } sampler) return null;

        // A ControlNet's picture is none to begin with.
        Picture? image = kind == "controlnet" ? null : reference.Picture("image");
        using var pipeline = reference.Load();
        var latents = new SortedDictionary<int, List<float>>();
        var timesteps = new List<int>();
        var pictures = pipeline.GenerateAll(reference.Text("prompt", ""), new()
        {
            Steps = reference.Int("num_inference_steps", 4),
            Guidance = reference.Double("guidance_scale", 1),
            NegativePrompt = reference.Text("negative_prompt", ""),
            Width = image?.Width ?? reference.Int("width", 0),
            Height = image?.Height ?? reference.Int("height", 0),
            Image = image,
            Mask = reference.Picture("mask_image"),
            Strength = image is null ? null : reference.Double("strength", 1),
            StrengthMode = image is null ? null : kind == "img2img_lcm" ? StrengthMode.Inside : StrengthMode.Drop,
            Seed = reference.Int("seed", 0),
            Count = reference.Int("num_images_per_prompt", 1),
            Controls = Controls(reference),
            Scheduler = sampler,
            // The case's own configuration, which may differ from the model folder's: spacing, prediction type.
            SchedulerConfig = Config.Parse("the case's scheduler", reference.Json.GetProperty("scheduler").GetRawText()),
            OnStep = step =>
            {
                if (step.Picture == 0) timesteps.Add((int)step.Timestep);
                if (!latents.TryGetValue(step.Step, out var values)) latents[step.Step] = values = [];
                values.AddRange(step.Values); // pictures one after the other: torch's batch
            },
        }, cancellation);

        // The case has all timesteps of the scheduler, of which those are taken that the strength leaves.
        int[] expected = [.. reference.Json.GetProperty("timesteps").EnumerateArray().Select(t => t.GetInt32())];
        int taken = image is null ? expected.Length : Enumerable.Range(0, expected.Length).Count(i => reference.Has($"latents_{i}"));
        var comparisons = new List<Comparison> { Comparison.OfNumbers("timesteps", [.. timesteps], expected[^taken..]) };
        foreach (var (step, values) in latents)
            if (reference.Has($"latents_{step}"))
                comparisons.Add(Comparison.OfValues($"latents_{step}", [.. values], reference.Floats($"latents_{step}")));
        comparisons.Add(Comparison.OfPictures("image_out", [.. pictures.SelectMany(picture => picture.Rgb)], reference.Bytes("image_out")));
        return comparisons;
    }

    static ControlChoice[] Controls(Case reference)
    {
        if (!reference.Json.TryGetProperty("controlnet", out _)) return [];
        int[] sides = reference.Sides("image"); // [H,W,3] bytes
        return [new(new(sides[1], sides[0], reference.Bytes("image"))) { Scale = reference.Double("controlnet_conditioning_scale", 1) }];
    }
}
