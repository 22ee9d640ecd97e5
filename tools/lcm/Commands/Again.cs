using System.CommandLine;
using PureLcm.Model;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Random;
using PureLcm.Tools.Output;

namespace PureLcm.Tools.Commands;

/// <summary><c>lcm again FILE</c>: the same picture from what its file says about it.</summary>
static class Again
{
    public static Command Command()
    {
        var options = new PictureOptions();
        var control = new ControlOptions();
        control.Network.Description = "Where a ControlNet of the picture is now; in the picture's order where it had several.";
        control.Image.Description = "The picture that a ControlNet followed, which no picture has in it; in the same order.";
        var file = new Argument<string>("file")
        {
            Description = "A PNG, JPEG or WebP file that lcm (or a tool that writes A1111's parameters) made.",
        };
        var lora = new Option<string[]>("--lora")
        {
            Description = "Where a LoRA of the picture is now, and how strongly it acts (as it did if not said); may be given several times.",
            HelpName = "FILE[:WEIGHT]",
        };
        var model = new Option<string?>("--model")
        {
            Description = "Where the picture's model is now, or the one to take in its place.", HelpName = "FOLDER",
        };
        var guidance = options.Guidance;
        guidance.Description = "How much the prompt counts, where the picture doesn't say, or in place of what it says.";
        var command = new Command("again", """
            Makes a picture again from the parameters in its file.

            They name the model and the LoRAs, and not where these lie: LoRAs are looked for next to the picture, in the current folder and
            in the model's loras folder, a model next to the picture, in the current folder and in its folder models.
            """) { file };
        options.Image.Description = "The picture that this one was made from, if there was one: it is not in the file.";
        options.Mask.Description = "The mask of what was repainted of it, if there was one.";
        Option[] all =
            [model, lora, guidance, options.Image, options.Mask, control.Network, control.Image, options.Device, options.Precision, options.Threads, options.Output];
        foreach (var option in all) command.Options.Add(option);
        command.SetAction(result => Exit.Guard(stop =>
            Run(result.GetValue(file)!, result.GetValue(model), result.GetValue(lora) ?? [], control, options, result, stop)));
        return command;
    }

    static int Run(
        string file, string? givenModel, string[] givenLoras, ControlOptions control, PictureOptions options, ParseResult result, CancellationToken stop)
    {
        var made = Parameters(file);
        double guidance = result.GetValue(options.Guidance) ?? made.Guidance
            ?? throw new ModelException(
                $"{file}: it doesn't say how much the prompt counted (CFG scale); say it with --guidance, such as --guidance 1.5");
        RequirePictures(file, made, options, result);
        var seed = made.Seed ?? Seed.Draw();
        var moved = new MovedFiles(file, Console.Error.WriteLine);
        string? model = moved.Model(made, givenModel);
        var controls = control.ReadAgain(result, file, made.Controls, Console.Error.WriteLine);
        var loras = moved.Loras(made, model ?? Embedded.Model, [.. givenLoras.Select(Given)]);
        if (made.NotFollowed.Count > 0)
            Console.Error.WriteLine(Printable.Of($"Not followed, so it will be another picture: {string.Join(", ", made.NotFollowed)}"));
        if (made.Seed is null)
            Console.Error.WriteLine(
                $"The picture's text gives no seed (or -1, a random one), so it will be another picture: the seed is now {seed}");

        var load = new LoadOptions { Lcm = made.Lcm, Loras = loras, Fuse = made.Fuse, Precision = options.PrecisionOf(result) };
        var plan = new GenerateOptions
        {
            Steps = made.Steps, Guidance = guidance, NegativePrompt = made.NegativePrompt, Seed = seed,
            Image = PictureOptions.Load(result, options.Image), Mask = PictureOptions.Load(result, options.Mask),
            Strength = made.Strength, StrengthMode = made.StrengthMode,
            Width = made.Width, Height = made.Height, Count = made.Count, Index = made.Index, Scheduler = made.Sampler,
        };
        using var destination = Destination.Choose(result.GetValue(options.Output), made.Prompt, seed, 1);
        using var backend = options.Backend(result);
        using var maker = PictureMaker.Load(model, load, plan, backend, stop, controls);
        var old = OldPicture(file); // before it is written over
        var picture = maker.Make(made.Prompt, plan, "again", stop).Single();
        destination.Save(picture);
        if (old is null) return Exit.Ok;
        bool same = picture.Rgb.AsSpan().SequenceEqual(old.Rgb);
        Console.Error.WriteLine(same ? "the same picture, bit for bit" : "not the same picture bit for bit: another program, version or device made the first");
        return Exit.Ok;
    }

    /// <summary>A picture's file has not in it what it was made from.</summary>
    static void RequirePictures(string file, GenerationParameters made, PictureOptions options, ParseResult result)
    {
        bool image = result.GetValue(options.Image) is not null, mask = result.GetValue(options.Mask) is not null;
        if (made.Strength is not null && !image)
            throw new ModelException($"{file}: it was made from another picture, which is not in it; give that again with --image");
        if (made.HasMask && !mask)
            throw new ModelException(
                $"{file}: a part of another picture was repainted in it; give the mask that says which again with --mask");
        if (made.Strength is null && image) throw new ModelException($"{file}: it was made from words alone; leave --image out");
        if (!made.HasMask && mask) throw new ModelException($"{file}: it was made without a mask; leave --mask out");
    }

    static GenerationParameters Parameters(string file)
    {
        if (!Picture.LoadTexts(file).TryGetValue(GenerationParameters.Keyword, out string? text))
            throw new ModelException(
                $"{file}: it doesn't say what it was made with (it has no text \"{GenerationParameters.Keyword}\"); only pictures as "
                + "lcm or A1111-style tools save them can be made again");
        try
        {
            return GenerationParameters.Parse(text);
        }
        catch (ModelException e)
        {
            throw new ModelException($"{file}: {Printable.Of(e.Message)}", e);
        }
    }

    /// <summary>What to compare with: nothing where only the file's texts can be read, or where its pixels were made coarser.</summary>
    static Picture? OldPicture(string file)
    {
        try
        {
            if (Picture.FormatOf(file) == "PNG") return Picture.Load(file);
        }
        catch (ModelException e)
        {
            Console.Error.WriteLine($"{e.Message}; its text could be read, so it is made again from that");
        }
        return null;
    }

    /// <summary>A --lora of this command: without a weight it acts as it did.</summary>
    static (string Path, float? Weight) Given(string text)
    {
        var choice = LoraArgument.Parse(text);
        return (choice.Path, choice.Path.Length == text.Length ? null : choice.Weight);
    }
}
