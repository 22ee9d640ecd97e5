using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using PureLcm.Model.Layers;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Schedulers;
using PureLcm.Tools.Output;

namespace PureLcm.Tools.Commands;

/// <summary><c>lcm generate "PROMPT"</c></summary>
static class Generate
{
    public static Command Command()
    {
        var options = new PictureOptions();
        var control = new ControlOptions();
        var command = new Command("generate", """
            Makes pictures from words, or from words and a picture.

            Examples:
              lcm generate "a red house in the snow at night"
              lcm generate "a blue boat on the sea" --lora models/picturebook/loras/cyanotype.safetensors:0.9 --seed 7
              lcm generate "a portrait of a cat" --model stable-diffusion-v1-5 --lora lcm-lora-sdv1-5/pytorch_lora_weights.safetensors --size 512x512
              lcm generate "a red house" --model stable-diffusion-v1-5 --control control_v11p_sd15_scribble --control-image sketch.png --preprocess scribble
              lcm generate "a red house" --no-lcm --steps 25 --guidance 4 --scheduler ddim      the slow way of before
              lcm generate "a red house" --image sketch.png --strength 0.6
              lcm generate "a blue door" --image house.png --mask door.png      repaints what door.png has in white
            """);
        options.AddTo(command, options.Model, options.Lora, options.NoLcm, options.Steps, options.Guidance, options.Negative, options.Seed, options.Size,
            options.Image, options.Strength, options.StrengthMode, options.Mask, options.Count, options.Scheduler, options.Fuse,
            control.Network, control.Image, control.Scale, control.Start, control.End, control.Preprocess,
            options.Device, options.Precision, options.Threads, options.Output);
        command.SetAction(result => Exit.Guard(stop => Run(options, control, result, stop)));
        return command;
    }

    static int Run(PictureOptions options, ControlOptions control, ParseResult result, CancellationToken stop)
    {
        string prompt = result.GetValue(options.Prompt)!;
        string? model = result.GetValue(options.Model);
        var controls = control.Read(result);
        var seed = options.ChosenSeed(result);
        int count = result.GetValue(options.Count) ?? 1;
        var load = new LoadOptions { Lcm = !result.GetValue(options.NoLcm), Loras = options.Loras(result), Fuse = result.GetValue(options.Fuse), Precision = options.PrecisionOf(result) };
        var plan = new GenerateOptions
        {
            Steps = result.GetValue(options.Steps),
            Guidance = result.GetValue(options.Guidance),
            NegativePrompt = result.GetValue(options.Negative) ?? "",
            Seed = seed,
            Width = result.GetValue(options.Size)?.Width,
            Height = result.GetValue(options.Size)?.Height,
            Image = PictureOptions.Load(result, options.Image),
            Strength = result.GetValue(options.Strength),
            StrengthMode = options.Mode(result),
            Mask = PictureOptions.Load(result, options.Mask),
            Count = count,
            Scheduler = options.Kind(result),
        };

        var clock = Stopwatch.StartNew();
        using var destination = Destination.Choose(result.GetValue(options.Output), prompt, seed, count);
        using var backend = options.Backend(result);
        using var maker = PictureMaker.Load(model, load, plan, backend, stop, controls);
        if (model is not null) SayDefaults(maker.Pipeline, plan);

        foreach (var picture in maker.Make(prompt, plan, "generate", stop)) destination.Save(picture);
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed}, {clock.Elapsed.TotalSeconds:0.0} s in all on {backend.Name}"));
        return Exit.Ok;
    }

    /// <summary>A model of one's own without latent consistency is slow: what was chosen for it, and how to get to four steps.</summary>
    static void SayDefaults(TextToImage pipeline, GenerateOptions plan)
    {
        var chosen = pipeline.Resolve(plan);
        if (pipeline.IsLatentConsistency || plan is { Steps: not null, Scheduler: not null, Guidance: not null }) return;
        string name = chosen.Scheduler!.Value.Name();
        Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"This model runs with {name}, {chosen.Steps} {(chosen.Steps == 1 ? "step" : "steps")} and guidance {chosen.Guidance}; for pictures in 4 steps add its LCM-LoRA: --lora lcm-lora-sdv1-5.safetensors"));
    }
}
