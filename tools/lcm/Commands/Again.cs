using System.CommandLine;
using PureLcm.Model;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Tools.Output;

namespace PureLcm.Tools.Commands;

/// <summary><c>lcm again FILE.png</c>: the same picture from what its file says about it.</summary>
static class Again
{
    public static Command Command()
    {
        var options = new PictureOptions();
        var file = new Argument<string>("file") { Description = "A PNG file that lcm (or a tool that writes A1111's parameters) made." };
        var command = new Command("again", "Makes a picture again from the parameters in its file.") { file };
        foreach (Option option in (Option[])[options.Model, options.Device, options.Precision, options.Threads, options.Output]) command.Options.Add(option);
        command.SetAction(result => Exit.Guard(stop => Run(result.GetValue(file)!, options, result, stop)));
        return command;
    }

    static int Run(string file, PictureOptions options, ParseResult result, CancellationToken stop)
    {
        var old = Picture.Load(file);
        if (!old.Texts.TryGetValue(GenerationParameters.Keyword, out string? text))
            throw new ModelException($"{file}: it doesn't say what it was made with (it has no text \"{GenerationParameters.Keyword}\"); only pictures as lcm or A1111-style tools save them can be made again");
        GenerationParameters made;
        try
        {
            made = GenerationParameters.Parse(text);
        }
        catch (ModelException e)
        {
            throw new ModelException($"{file}: {e.Message}", e);
        }
        string? model = result.GetValue(options.Model) ?? made.ModelFolder;
        if (!made.IsOwn && model is null)
            throw new ModelException($"{file}: it was made by another program with the model \"{made.Model}\"; name that model's folder with --model");
        if (!made.IsOwn && made.Loras.Count > 0)
            throw new ModelException($"{file}: it was made by another program with LoRAs of which only the names are known ({string.Join(", ", made.Loras.Select(lora => lora.Path))}); use lcm generate with --lora");

        var load = new LoadOptions { Lcm = made.Lcm, Loras = made.Loras, Fuse = made.Fuse, Precision = options.PrecisionOf(result) };
        var plan = new GenerateOptions
        {
            Steps = made.Steps, Guidance = made.Guidance, NegativePrompt = made.NegativePrompt, Seed = made.Seed,
            Width = made.Width, Height = made.Height, Count = made.Count, Scheduler = made.Sampler,
        };
        using var destination = Destination.Choose(result.GetValue(options.Output), made.Prompt, made.Seed, 1);
        using var backend = options.Backend(result);
        using var maker = PictureMaker.Load(model, load, plan, backend, stop);
        var picture = maker.Make(made.Prompt, plan, "again", stop).ElementAt(made.Index);
        destination.Save(picture);
        bool same = picture.Rgb.AsSpan().SequenceEqual(old.Rgb);
        Console.Error.WriteLine(same ? "the same picture, bit for bit" : "not the same picture bit for bit: another program, version or device made the first");
        return Exit.Ok;
    }
}
