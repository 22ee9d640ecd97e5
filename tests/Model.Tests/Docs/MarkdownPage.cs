using System.Text.RegularExpressions;

namespace PureLcm.Model.Tests.Docs;

/// <summary>A Markdown file of the repository, and what it names.</summary>
sealed partial class MarkdownPage
{
    readonly List<(string Place, string Code)> spans = [];
    readonly List<(string Place, string Text, string Target)> links = [];
    readonly List<Block> blocks = [];

    MarkdownPage(string path)
    {
        Path = System.IO.Path.GetRelativePath(Repository.Root, path).Replace('\\', '/');
        string[] lines = File.ReadAllLines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            string place = $"{Path}:{i + 1}";
            if (lines[i].StartsWith("```", StringComparison.Ordinal))
            {
                int end = Array.FindIndex(lines, i + 1, line => line.TrimEnd() == "```");
                blocks.Add(new(place, lines[i][3..].Trim(), lines[(i + 1)..end]));
                i = end;
                continue;
            }
            foreach (Match match in Link().Matches(lines[i])) links.Add((place, match.Groups[1].Value.Trim('`'), match.Groups[2].Value));
            foreach (Match match in Span().Matches(Link().Replace(lines[i], ""))) spans.Add((place, match.Groups[1].Value));
        }
    }

    /// <summary>A fenced block.</summary>
    public sealed record Block(string Place, string Language, string[] Lines);

    /// <summary>All Markdown files, but for what was built.</summary>
    public static IReadOnlyList<MarkdownPage> All { get; } =
        [.. Files(new(Repository.Root), "*.md").Select(file => new MarkdownPage(file))];

    /// <summary>From the repository's root, with slashes.</summary>
    public string Path { get; }

    /// <summary>What stands in backticks, but for texts of links.</summary>
    public IReadOnlyList<(string Place, string Code)> Spans => spans;

    /// <summary>Where links and pictures point.</summary>
    public IReadOnlyList<(string Place, string Text, string Target)> Links => links;

    /// <summary>What stands between fences.</summary>
    public IReadOnlyList<Block> Blocks => blocks;

    /// <summary>
    /// The commands that a page shows, in backticks or on lines of blocks without a language, as <c>lcm …</c>, <c>bench …</c>,
    /// <c>dotnet …</c>: what is run through <c>dotnet run</c> counts as what it runs.
    /// </summary>
    public IEnumerable<(string Place, string Command)> Commands()
    {
        var shown = blocks.Where(block => block.Language.Length == 0).SelectMany(block => block.Lines.Select(line => (block.Place, line)));
        foreach (var (place, line) in spans.Concat(shown))
            foreach (string part in Gap().Split(line)) // several commands on a line, or a remark after one
            {
                if (!Command().IsMatch(part)) continue;
                yield return (place, part);
                if (Run().Match(part) is { Success: true } run) yield return (place, $"{run.Groups[1].Value} {run.Groups[2].Value}");
            }
    }

    /// <summary>The files below a folder, but for what was built, what is hidden, and what lies elsewhere.</summary>
    public static IEnumerable<string> Files(DirectoryInfo folder, string pattern) =>
    [
        .. folder.GetFiles(pattern).Select(file => file.FullName),
        .. folder.GetDirectories()
            .Where(inner => inner.Name is not ("bin" or "obj") && inner.Name[0] != '.' && inner.LinkTarget is null)
            .SelectMany(inner => Files(inner, pattern)),
    ];

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Span();

    [GeneratedRegex(@"\[([^\[\]]*)\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(" {2,}")]
    private static partial Regex Gap();

    [GeneratedRegex(@"^(lcm|bench|dotnet|python3)( |$)")]
    private static partial Regex Command();

    [GeneratedRegex(@"--project tools/(\w+) -- (.*)")]
    private static partial Regex Run();
}
