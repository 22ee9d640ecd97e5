using System.Text.RegularExpressions;

namespace PureLcm.Model.Tests.Docs;

/// <summary>
/// What the pages name is there: files, projects, benchmarks, and the code that they show. What they name of lcm is looked at in
/// tests/Lcm.Tests, where the program is.
/// </summary>
public sealed partial class MarkdownTests
{
    /// <summary>What is not in the repository: files that a user has, that other programs write, or that a command makes.</summary>
    static readonly HashSet<string> elsewhere = new(StringComparer.Ordinal)
    {
        "a-red-house-9.png", "a-red-house-9_2.png", "house.png", "house-1.png", "house-3.png",
        "added_tokens.json", "tokenizer.json", "adapter_config.json",
    };

    /// <summary>Where a page may count from besides: what is said of models and of cases holds for those that are here.</summary>
    static readonly string[] examples = ["models/picturebook", "models/picturebook/*", "tests/golden"];

    [Fact]
    public void EveryPathExists()
    {
        var missing = new List<string>();
        foreach (var page in MarkdownPage.All)
        {
            string own = Path.GetDirectoryName(page.Path)!;
            foreach (var (place, text, target) in page.Links)
            {
                if (target.Contains("://", StringComparison.Ordinal)) continue;
                string path = target.Split('#')[0].TrimEnd('/');
                if (!Exists(own, path)) missing.Add($"{place}: the link {target}");
                else if (PathLike().IsMatch(text) && !$"/{path}".EndsWith("/" + text.TrimEnd('/'), StringComparison.Ordinal))
                    missing.Add($"{place}: {text}, which links to {target}");
            }
            // A file may be named by its name alone after another of its folder.
            foreach (var line in page.Spans.GroupBy(span => span.Place))
            {
                var named = new List<string>();
                foreach (var (place, code) in line)
                {
                    if (!PathLike().IsMatch(code) || elsewhere.Contains(code)) continue;
                    string[] bases = [own, "", .. examples, .. named];
                    if (bases.FirstOrDefault(folder => Exists(folder, code)) is not { } found) missing.Add($"{place}: {code}");
                    else named.Add(Path.GetDirectoryName(Path.Combine(found, code))!);
                }
            }
        }
        Assert.True(missing.Count == 0, "not in the repository:\n" + string.Join('\n', missing));
    }

    /// <summary>The list of what may be missing has nothing that no page names any more.</summary>
    [Fact]
    public void WhatIsElsewhereIsNamed() =>
        Assert.Empty(elsewhere.Except(MarkdownPage.All.SelectMany(page => page.Spans).Select(span => span.Code)));

    [Fact]
    public void ProjectsAndBenchmarksOfCommandsExist()
    {
        string bench = File.ReadAllText(Path.Combine(Repository.Root, "tools", "bench", "Program.cs"));
        var wrong = new List<string>();
        foreach (var (place, command) in MarkdownPage.All.SelectMany(page => page.Commands()))
        {
            foreach (Match project in Project().Matches(command))
                if (!Exists(project.Groups[1].Value, "*.csproj")) wrong.Add($"{place}: {command}: no such project");
            foreach (Match filter in Filter().Matches(command))
                if (!MarkdownPage.Files(new(Path.Combine(Repository.Root, "tests")), filter.Groups[1].Value + ".cs").Any())
                    wrong.Add($"{place}: {command}: no such tests");
            if (!command.StartsWith("bench ", StringComparison.Ordinal)) continue;
            string[] words = command.Split(' ');
            if (!bench.Contains($"case \"{words[1]}\":", StringComparison.Ordinal)) wrong.Add($"{place}: {command}: no such benchmark");
            foreach (string option in words.Where(word => word.StartsWith("--", StringComparison.Ordinal)))
                if (!bench.Contains($"\"{option}\"", StringComparison.Ordinal)) wrong.Add($"{place}: {command}: no option {option}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    /// <summary>
    /// A page shows code as it stands in a file, indentation aside, where … stands for what is left out: so what it shows is
    /// compiled, and the programs of tests/Model.Tests/Docs are run.
    /// </summary>
    [Fact]
    public void CodeIsTheRepositorys()
    {
        string[] sources = [.. MarkdownPage.Files(new(Repository.Root), "*.cs").Select(file => OneLine(File.ReadAllText(file)))];
        var invented = new List<string>();
        foreach (var block in MarkdownPage.All.SelectMany(page => page.Blocks).Where(block => block.Language == "csharp"))
        {
            string[] parts = [.. OneLine(string.Join('\n', block.Lines)).Split('…').Select(part => part.Trim())];
            if (!sources.Any(source => Follow(source, parts))) invented.Add(block.Place);
        }
        Assert.True(invented.Count == 0, "in no file of the repository: the code at " + string.Join(", ", invented));

        static string OneLine(string code) => Blank().Replace(code, " ").Trim();

        static bool Follow(string source, string[] parts)
        {
            int at = 0;
            foreach (string part in parts)
            {
                at = source.IndexOf(part, at, StringComparison.Ordinal);
                if (at < 0) return false;
                at += part.Length;
            }
            return true;
        }
    }

    /// <summary>Whether there is such a file or folder; a word in capitals, such as NAME, stands for any.</summary>
    static bool Exists(string folder, string path)
    {
        string[] found = [Repository.Root];
        foreach (string part in $"{folder}/{path}".Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part == "..") found = [.. found.Select(place => Path.GetDirectoryName(place)!)];
            else if (Placeholder().IsMatch(part))
            {
                string pattern = Placeholder().Replace(part, "*");
                found = [.. found.Where(Directory.Exists).SelectMany(place => Directory.GetFileSystemEntries(place, pattern))];
            }
            else found = [.. found.Select(place => Path.Combine(place, part)).Where(Path.Exists)];
        }
        return found.Any(place => !path.EndsWith('/') || Directory.Exists(place));
    }

    // Something with a slash or with the ending of a file; no option, no address, no name of a tensor or of a format.
    [GeneratedRegex(@"^(?!-)([\w.*-]+/)+([\w.*-]+)?$|^(?!\.)[\w.-]+\.(cs|csproj|sln|props|md|json|safetensors|txt|py|png|jpg|ckpt)$")]
    private static partial Regex PathLike();

    [GeneratedRegex(@"^[A-Z]{3,}(?=\.|$)|\*")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"--project (\S+)")]
    private static partial Regex Project();

    [GeneratedRegex(@"--filter-class ""\*(\w+)""")]
    private static partial Regex Filter();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blank();
}
