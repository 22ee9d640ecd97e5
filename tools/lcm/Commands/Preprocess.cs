using System.CommandLine;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pictures.Preprocess;
using PureLcm.Tools.Output;

namespace PureLcm.Tools.Commands;

/// <summary><c>lcm preprocess canny|scribble|lineart IN OUT</c>: what a ControlNet would get.</summary>
static class Preprocess
{
    public static Command Command()
    {
        var kind = new Argument<string>("kind") { Description = "canny: thin edges. scribble: thick strokes. lineart: fine, soft lines." };
        kind.AcceptOnlyFromAmong([.. Preprocessors.All]);
        var from = new Argument<string>("in") { Description = "A sketch or a photo: a PNG, JPEG or WebP file." };
        var to = new Argument<string>("out") { Description = "The PNG file to write, or - for standard output." };
        var low = PictureOptions.Number("--low", 0, Canny.MostThreshold,
            $"canny: how steep an edge is that goes on from a steeper one; {Canny.DefaultLow} if not given.");
        var high = PictureOptions.Number("--high", 0, Canny.MostThreshold,
            $"canny: how steep an edge is by itself; {Canny.DefaultHigh} if not given.");
        var command = new Command("preprocess", "Shows what a ControlNet would get: white lines on black, of the picture's own size. lcm generate first brings the picture to the result's.")
        {
            kind, from, to, low, high,
        };
        command.SetAction(result => Exit.Guard(_ => Run(result.GetValue(kind)!, result.GetValue(from)!, result.GetValue(to)!,
            result.GetValue(low), result.GetValue(high))));
        return command;
    }

    static int Run(string kind, string from, string to, int? low, int? high)
    {
        if (kind != "canny" && (low ?? high) is not null) throw new UsageException($"--low and --high are thresholds of canny; {kind} has none");
        if (to != "-" && !to.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"{to}: pictures are written as PNG; give a name that ends in .png, or - for standard output");
        var picture = Picture.Load(from);
        using var destination = Destination.Choose(to, kind, default, 1);
        destination.Save(kind == "canny" ? Canny.Edges(picture, low ?? Canny.DefaultLow, high ?? Canny.DefaultHigh)
            : Preprocessors.Apply(kind, picture));
        return Exit.Ok;
    }
}
