using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using PureLcm.Kernels;
using PureLcm.Model;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Schedulers;
using PureLcm.Tools.Output;

namespace PureLcm.Tools.Commands;

/// <summary><c>lcm compare "PROMPT"</c>: with and without LCM-LoRA, side by side, with the times under them.</summary>
static class Compare
{
    public static Command Command()
    {
        var options = new PictureOptions();
        var command = new Command("compare", "Makes the picture twice, the slow way of before and with LCM-LoRA, side by side in one file with the times under them.");
        options.AddTo(command, options.Model, options.Lora, options.Seed, options.Size, options.Device, options.Precision, options.Threads, options.Output);
        command.SetAction(result => Exit.Guard(stop => Run(options, result, stop)));
        return command;
    }

    static int Run(PictureOptions options, ParseResult result, CancellationToken stop)
    {
        string prompt = result.GetValue(options.Prompt)!;
        string? model = result.GetValue(options.Model);
        var seed = options.ChosenSeed(result);
        var loras = options.Loras(result);
        var size = result.GetValue(options.Size);
        using var destination = Destination.Choose(result.GetValue(options.Output), prompt + " compared", seed, 1);
        using var backend = options.Backend(result);

        var slowPlan = new GenerateOptions
        {
            Steps = 25, Guidance = model is null ? 4 : 7.5, Scheduler = SchedulerKind.Ddim, Seed = seed, Width = size?.Width, Height = size?.Height,
        };
        var fastPlan = new GenerateOptions { Steps = 4, Guidance = 1, Scheduler = SchedulerKind.Lcm, Seed = seed, Width = size?.Width, Height = size?.Height };
        // The LCM-LoRA is the difference between the two; other LoRAs are in both.
        using var maker = PictureMaker.Load(model, new() { Loras = loras, Precision = options.PrecisionOf(result) }, slowPlan, backend, stop); // which takes two passes
        if (!maker.Pipeline.IsLatentConsistency)
            throw new UsageException("there is no LCM-LoRA to compare with: name the model's with --lora, such as lcm-lora-sdv1-5.safetensors");
        var others = maker.Pipeline.Model.LoraWeights.Where(item => !item.Lora.IsLcm).ToArray();
        var slow = Make(maker, prompt, slowPlan with { Loras = others }, "25 steps of DDIM", stop);
        var fast = Make(maker, prompt, fastPlan, "4 steps with LCM-LoRA", stop);

        var sheet = Sheet.SideBySide([slow.Picture, fast.Picture], [Caption("DDIM 25", slow.Seconds), Caption("LCM 4", fast.Seconds)]);
        destination.Save(sheet, fast.Picture.Texts);
        destination.Report.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"25 steps of DDIM {slow.Seconds:0.00} s, 4 steps with LCM-LoRA {fast.Seconds:0.00} s: {slow.Seconds / fast.Seconds:0.0} times sooner (seed {seed}, {backend.Name})"));
        return Exit.Ok;
    }

    static string Caption(string how, double seconds) => string.Create(CultureInfo.InvariantCulture, $"{how}: {seconds:0.00} S");

    static (Picture Picture, double Seconds) Make(PictureMaker maker, string prompt, GenerateOptions plan, string what, CancellationToken stop)
    {
        // One step first, so that neither time has the compiler's in it.
        maker.Pipeline.Generate(prompt, plan with { Steps = 1 }, stop);
        var clock = Stopwatch.StartNew();
        var picture = maker.Make(prompt, plan, what, stop).First();
        return (picture, clock.Elapsed.TotalSeconds);
    }
}
