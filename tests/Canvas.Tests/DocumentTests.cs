using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using PureLcm.Model.Tests;

namespace PureLcm.Canvas.Tests;

/// <summary>docs/server.md says what is so: its commands are run, its tables held to the code.</summary>
public sealed partial class DocumentTests(Picturebook book) : IClassFixture<Picturebook>
{
    static readonly string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "server.md")).ReplaceLineEndings("\n");

    static readonly string[] sources =
    [
        .. from folder in (string[])["Making", "OpenAi", "Serving"]
           from file in Directory.EnumerateFiles(Path.Combine(Repository.Root, "tools", "canvas", folder), "*.cs")
           select File.ReadAllText(file),
    ];

    [Fact]
    public async Task ItsCommandsWork()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "its commands are a Unix shell's");
        await using var server = await TestServer.StartAsync(book.Maker, new() { Token = null });
        string[] commands =
        [
            .. from block in Commands().Matches(page)
               from command in block.Groups[1].Value.Replace("\\\n", "").Split('\n', StringSplitOptions.RemoveEmptyEntries)
               select command,
        ];
        Assert.Equal(7, commands.Length);
        foreach (string command in commands)
        {
            string here = command.Replace("curl ", "curl -sS --fail ").Replace("http://localhost:7860/", server.Server.Url.ToString());
            string output = await RunAsync(here);
            if (!command.Contains("-N")) Assert.Equal(JsonValueKind.Object, JsonDocument.Parse(output).RootElement.ValueKind);
            else Assert.Equal(["image_generation.partial_image", "image_generation.partial_image", "image_generation.completed"],
                GenerationTests.Events(output).Select(item => item.Name));
        }
    }

    /// <summary>Every code of an error, every field of a request and every option is on the page, and none that isn't there.</summary>
    [Fact]
    public void ItsTablesAreComplete()
    {
        string code = string.Join('\n', sources),
            request = sources.Single(text => text.Contains("sealed record GenerationRequest", StringComparison.Ordinal));
        var codes = Codes().Matches(code).Select(match => match.Groups[1].Value + match.Groups[2].Value).Distinct().Order().ToArray();
        int start = page.IndexOf("## Errors", StringComparison.Ordinal);
        string errors = page[start..page.IndexOf("OpenAI's clients repeat", StringComparison.Ordinal)];
        Assert.True(codes.Length > 15);
        Assert.Equal(codes, Names(errors).Where(name => name is not "param").Distinct().Order());

        var fields = Fields().Matches(request).Select(match => match.Groups[1].Value).Order().ToArray();
        Assert.True(fields.Length > 15);
        var lines = page.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal));
        string[] rows = [.. lines.Select(line => line.Split('|')[1])];
        Assert.Equal(fields, rows.SelectMany(Names).Order());

        string help = Lcm.Tests.Program.Run("serve", "--help").Output;
        var options = Options().Matches(help).Select(match => match.Value).Where(name => name is not "--help").Distinct();
        Assert.Equal(options.Order(), rows.SelectMany(row => Options().Matches(row)).Select(match => match.Value).Order());
    }

    static IEnumerable<string> Names(string text) => InTicks().Matches(text).Select(match => match.Groups[1].Value);

    static async Task<string> RunAsync(string command)
    {
        var start = new ProcessStartInfo("sh", ["-c", command]) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.SkipWhen(process.ExitCode == 127, "curl is not installed here");
        Assert.True(process.ExitCode == 0, $"{command}: {process.ExitCode} {output}");
        return output;
    }

    [GeneratedRegex("```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Commands();

    [GeneratedRegex("""code: "([a-z_]+)"|(?:(?<!WriteString\()"[a-z_]+"|null|name|Shown\(\w+\)),\s+"([a-z_]+)"\)""")]
    private static partial Regex Codes();

    [GeneratedRegex("""case "([a-z_]+)":""")]
    private static partial Regex Fields();

    [GeneratedRegex("`([a-z_]+)`")]
    private static partial Regex InTicks();

    [GeneratedRegex("--[a-z]+(-[a-z]+)*")]
    private static partial Regex Options();
}
