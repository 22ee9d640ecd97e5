using System.Text.RegularExpressions;
using PureLcm.Model.Tests.Docs;

namespace PureLcm.Lcm.Tests.Docs;

/// <summary>The commands and options that the pages name are those of the built program, by its own help.</summary>
public sealed partial class CommandsOfPagesTests
{
    static readonly Dictionary<string, string> helps = new(StringComparer.Ordinal);

    [Fact]
    public void CommandsAreThePrograms()
    {
        var wrong = new List<string>();
        int read = 0;
        foreach (var (place, line) in MarkdownPage.All.SelectMany(page => page.Commands()))
        {
            if (!line.StartsWith("lcm ", StringComparison.Ordinal)) continue;
            string[] words = [.. Word().Matches(line).Select(match => match.Value.Trim('[', ']'))];
            string command = char.IsAsciiLetterLower(words[1][0]) ? words[1] : "";
            read++;
            if (Help(command) is not { } help)
            {
                wrong.Add($"{place}: {line}: there is no command {command}");
                continue;
            }
            foreach (string option in words[1..].Where(IsOption))
                if (LineOf(option, help) is null) wrong.Add($"{place}: {line}: {(command == "" ? "lcm" : command)} has no option {option}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(read > 20, $"only {read} commands were found");
    }

    /// <summary>
    /// An option by itself is one of some command, and the words that it is shown to take are in its help:
    /// <c>--precision fp32|fp16|bf16</c>.
    /// </summary>
    [Fact]
    public void OptionsAreThePrograms()
    {
        string root = Help("")!;
        string list = root[root.IndexOf("Commands:", StringComparison.Ordinal)..];
        string[] all = [root, .. CommandName().Matches(list).Select(match => Help(match.Groups[1].Value)!)];
        var wrong = new List<string>();
        int read = 0;
        foreach (var (place, code) in MarkdownPage.All.SelectMany(page => page.Spans))
        {
            string[] words = code.Split(' ');
            if (!IsOption(words[0])) continue;
            read++;
            string[] lines = [.. all.Select(help => LineOf(words[0], help)).OfType<string>()];
            if (lines.Length == 0) wrong.Add($"{place}: no command has an option {words[0]}");
            foreach (string value in words[1..].SelectMany(word => Placeholder().Replace(word, "").Split('|')))
                if (Value().IsMatch(value) && !lines.Any(line => Regex.IsMatch(line, $@"\b{value}\b")))
                    wrong.Add($"{place}: {words[0]} takes no {value}");
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        Assert.True(read > 10, $"only {read} options were found");
    }

    static bool IsOption(string word) => word is ['-', >= 'a' and <= 'z'] or ['-', '-', >= 'a' and <= 'z', ..];

    /// <summary>The line of a help that is an option's own.</summary>
    static string? LineOf(string option, string help) =>
        help.Split('\n').FirstOrDefault(line => Regex.IsMatch(line, $@"^  (-\S+, )*{Regex.Escape(option)}(,|\s|$)"));

    /// <summary>What a command says of itself; null where there is none of the name.</summary>
    static string? Help(string command)
    {
        if (!helps.TryGetValue(command, out string? help))
        {
            var asked = command.Length == 0 ? Program.Run("--help") : Program.Run(command, "--help");
            bool known = asked.Code == 0 && asked.Output.Contains($"lcm {command}".TrimEnd(), StringComparison.Ordinal);
            helps[command] = help = known ? asked.Output : "";
        }
        return help.Length > 0 ? help : null;
    }

    [GeneratedRegex("\"[^\"]*\"|\\S+")]
    private static partial Regex Word();

    [GeneratedRegex(@"^  ([a-z]+) ", RegexOptions.Multiline)]
    private static partial Regex CommandName();

    [GeneratedRegex("^[a-z][a-z0-9]*$")]
    private static partial Regex Value();

    // Words in capitals stand for anything: opencl[:N].
    [GeneratedRegex(@"\[[^\]]*\]|\b[A-Z]+\b")]
    private static partial Regex Placeholder();
}
