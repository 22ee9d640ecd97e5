using PureLcm.Model.ControlNet;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pictures.Preprocess;

namespace PureLcm.Tools;

/// <summary>A ControlNet on the command line, and the picture that it is to follow.</summary>
/// <param name="Network">The ControlNet's folder or file.</param>
/// <param name="Picture">The picture as it was given.</param>
/// <param name="Preprocess">How it becomes what the ControlNet was trained on.</param>
/// <param name="Scale">How strongly it acts.</param>
/// <param name="Start">From which share of the steps on.</param>
/// <param name="End">Up to which share of the steps.</param>
sealed record ControlRequest(string Network, Picture Picture, string Preprocess, double Scale, double Start, double End);

/// <summary>All of them, in the order in which they were given.</summary>
sealed class ControlRequests(IReadOnlyList<ControlRequest> items)
{
    public static ControlRequests None { get; } = new([]);

    /// <summary>The ControlNets to load: one that follows several pictures is loaded once.</summary>
    public IReadOnlyList<string> Networks { get; } = [.. items.Select(item => item.Network).Distinct()];

    /// <summary>What they are to follow, the pictures as they were given: for what is checked before anything is loaded.</summary>
    public ControlChoice[] Choices() => [.. items.Select(item => Choice(item, item.Picture))];

    /// <summary>What they follow in a result of this size.</summary>
    public ControlChoice[] Choices(int width, int height) =>
        [.. items.Select(item => Choice(item, Preprocessors.Apply(item.Preprocess, item.Picture.Resized(width, height))))];

    ControlChoice Choice(ControlRequest item, Picture picture) =>
        new(picture) { Network = Networks.ToList().IndexOf(item.Network), Scale = item.Scale, Start = item.Start, End = item.End };

    /// <summary>The names of those that act in none of so many steps.</summary>
    public IEnumerable<string> Idle(int steps) =>
        from item in items
        where !Enumerable.Range(0, steps).Any(step => Choice(item, item.Picture).ActsIn(step, steps))
        select Name(item.Network);

    /// <summary>As pictures name them.</summary>
    public UsedControl[] Used()
    {
        var hashes = Networks.ToDictionary(path => path, FileHashes.Model);
        return [.. items.Select(item => new UsedControl(item.Preprocess, Name(item.Network), item.Scale, item.Start, item.End,
            hashes[item.Network]))];
    }

    static string Name(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
}
