using System.CommandLine;
using System.Globalization;
using PureLcm.Model;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pictures.Preprocess;

namespace PureLcm.Tools;

/// <summary>
/// The options that steer a picture by others. Each may be given several times; the first of each belong together, then the
/// second of each, and so on.
/// </summary>
sealed class ControlOptions
{
    public Option<string[]> Network { get; } = new("--control")
    {
        Description = "A ControlNet that the picture follows. May be given several times, as the other control options, which are matched in order.",
        HelpName = "FOLDER|FILE",
    };

    public Option<string[]> Image { get; } = new("--control-image") { Description = "What a ControlNet makes the picture follow: edges, strokes, a depth map.", HelpName = "FILE" };

    public Option<double[]> Scale { get; } = Reals("--control-scale", "How strongly a ControlNet acts: 1 if not given.", "0.8");

    public Option<double[]> Start { get; } = Reals("--control-start",
        "From which share of the steps on a ControlNet acts: 0 if not given.", "0.2");

    public Option<double[]> End { get; } = Reals("--control-end", "Up to which share of the steps a ControlNet acts: 1 if not given.",
        "0.8");

    public Option<string[]> Preprocess { get; } = new("--preprocess")
    {
        Description = "How a control image becomes what the ControlNet was trained on; as it is if not given. lcm preprocess shows what comes of it.",
        HelpName = string.Join('|', Preprocessors.All.Prepend(Preprocessors.None)),
    };

    public ControlOptions() => Preprocess.AcceptOnlyFromAmong([Preprocessors.None, .. Preprocessors.All]);

    /// <summary>What was asked for, with the pictures read.</summary>
    /// <exception cref="UsageException">The options don't go together.</exception>
    /// <exception cref="ModelException">A picture can't be read.</exception>
    public ControlRequests Read(ParseResult result)
    {
        string[] networks = result.GetValue(Network) ?? [], images = result.GetValue(Image) ?? [],
            ways = result.GetValue(Preprocess) ?? [];
        double[] scales = result.GetValue(Scale) ?? [], starts = result.GetValue(Start) ?? [], ends = result.GetValue(End) ?? [];
        if (images.Length != networks.Length)
            throw new UsageException($"--control is given {Times(networks.Length)} and --control-image {Times(images.Length)}: each ControlNet needs its picture, and each picture its ControlNet");
        foreach (var (option, count) in ((Option, int)[])[(Scale, scales.Length), (Start, starts.Length), (End, ends.Length),
            (Preprocess, ways.Length)])
            if (count > networks.Length)
                throw new UsageException($"{option.Name} is given {Times(count)} and --control {Times(networks.Length)}: each goes with a ControlNet");
        return new([.. networks.Select((network, i) => new ControlRequest(
            network, Picture.Load(images[i]), Of(ways, i, Preprocessors.None), Of(scales, i, 1), Of(starts, i, 0), Of(ends, i, 1)))]);
    }

    /// <summary>The ControlNets of a picture that is made again: their files and pictures are named, the rest it says itself.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="file">The picture.</param>
    /// <param name="made">What it says.</param>
    /// <param name="say">Told what a person should know, a line each.</param>
    /// <exception cref="UsageException">It had none, and some are named.</exception>
    /// <exception cref="ModelException">It had some, and not as many are named; or a file can't be read.</exception>
    public ControlRequests ReadAgain(ParseResult result, string file, IReadOnlyList<UsedControl> made, Action<string> say)
    {
        string[] networks = result.GetValue(Network) ?? [], images = result.GetValue(Image) ?? [];
        if (made.Count == 0 && networks.Length + images.Length > 0)
            throw new UsageException($"{file}: it was made without a ControlNet, so there is none to name with --control or --control-image; use lcm generate");
        if (networks.Length != made.Count || images.Length != made.Count)
            throw new ModelException(
                $"{file}: it was made with {string.Join(" and ", made.Select(control => $"the ControlNet \"{Printable.Of(control.Model)}\""))}, following "
                + $"{(made.Count == 1 ? "a picture that is" : "pictures that are")} not in the file; name {(made.Count == 1 ? "both" : "each")} with --control and --control-image");
        for (int i = 0; i < made.Count; i++)
            if (made[i].Hash is { } said && Path.Exists(networks[i]) && FileHashes.Model(networks[i]) is var its
                && !FileHashes.Same(said, its))
                say($"{networks[i]} is not the ControlNet that the picture was made with: its fingerprint is {its}, the picture says {said}");
        return new([.. made.Select((control, i) => new ControlRequest(
            networks[i], Picture.Load(images[i]), control.Module, control.Weight, control.Start, control.End))]);
    }

    static T Of<T>(T[] given, int i, T missing) => i < given.Length ? given[i] : missing;

    static string Times(int count) => count == 1 ? "once" : $"{count} times";

    static Option<double[]> Reals(string name, string description, string example) => new(name)
    {
        Description = description, HelpName = "N",
        CustomParser = result => [.. result.Tokens.Select(token =>
        {
            if (double.TryParse(token.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
                && double.IsFinite(number)) return number;
            result.AddError($"{name} {token.Value} is not a number, such as {example}");
            return 0;
        })],
    };
}
