using PureLcm.Model.Pictures;

namespace PureLcm.Lcm.Tests;

/// <summary>Full disks, closed descriptors and terminals that are gone under standard output and standard error.</summary>
public sealed class StandardStreamsTests : IDisposable
{
    static readonly string[] generate = ["generate", "a red house", "--seed", "7", "--size", "64x64", "-o", "x.png"];

    readonly TestFolder folder = new();

    public StandardStreamsTests() => Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full here");

    public void Dispose() => folder.Dispose();

    /// <summary>The picture is what was asked for: the line that names it is worth less.</summary>
    [Theory]
    [InlineData("2>/dev/full")]
    [InlineData("2>&-")]
    [InlineData(">/dev/full")]
    [InlineData(">&-")]
    [InlineData(">&- 2>&- <&-")]
    public void ThePictureIsWrittenAllTheSame(string redirections)
    {
        var made = Program.RunRedirected(folder.Path, redirections, generate);
        Assert.True(made.Code == 0, made.Error);
        Assert.Equal(["x.png"], folder.Names());
        Assert.Equal(64, Picture.Load(folder["x.png"]).Width);
        Assert.Equal(redirections.StartsWith("2>", StringComparison.Ordinal) ? "x.png\n" : "", made.Output);
        Assert.DoesNotContain("lcm: ", made.Error);
    }

    /// <summary>Where lines are all there is, their loss is a failure.</summary>
    [Theory]
    [InlineData("devices", ">/dev/full")]
    [InlineData("devices", ">&-")]
    [InlineData("--help", ">/dev/full")]
    public void LinesThatWereAskedForAreMissed(string command, string redirections)
    {
        var printed = Program.RunRedirected(folder.Path, redirections, command);
        Assert.Equal(1, printed.Code);
        Assert.Equal("lcm: not all could be printed: standard output is closed, or its disk is full\n", printed.Error);
    }

    /// <summary>A failure's exit code outlives its sentence.</summary>
    [Fact]
    public void FailuresKeepTheirCode()
    {
        Assert.Equal(1, Program.RunRedirected(folder.Path, "2>/dev/full", [.. generate, "--model", "nowhere"]).Code);
        Assert.Equal(2, Program.RunRedirected(folder.Path, "2>/dev/full", [.. generate, "--steps", "0"]).Code);
    }

    [Fact]
    public void ATerminalThatIsClosedLosesNothing()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "terminals are made as on Linux");
        using var terminal = new Terminal();
        // Large enough to be under way for some time after the bar has shown a step.
        using var running = Program.StartRedirected(folder.Path, $"<{terminal.Path} 2>{terminal.Path}",
            "generate", "a red house", "--seed", "7", "--size", "192x192", "-o", "x.png", "--steps", "50");
        terminal.ReadUntil("/50");
        terminal.Close();
        var made = running.End();
        Assert.Equal(0, made.Code);
        Assert.Equal("x.png\n", made.Output);
        Assert.Equal(["x.png"], folder.Names());
    }

    /// <summary>Each picture's path begins a line, where the bar has been wiped away.</summary>
    [Fact]
    public void OnATerminalPathsStandBetweenTheBars()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "terminals are made as on Linux");
        using var terminal = new Terminal();
        using var running = Program.StartRedirected(folder.Path, $"<{terminal.Path} >{terminal.Path} 2>{terminal.Path}",
            "generate", "a cat", "--seed", "7", "--size", "64x64", "--count", "2");
        string shown = terminal.ReadUntil("s in all on ");
        Assert.Equal(0, running.End().Code);
        const string WipedAway = "\u001b[2K\u001b[1A\u001b[2K\u001b[1A\u001b[2K\u001b[?25h";
        foreach (string path in (string[])["a-cat-7-1.png", "a-cat-7-2.png"]) Assert.Contains($"{WipedAway}{path}\r\n", shown);
        // What stands beside it depends on how fast the machine is.
        Assert.Contains("generate 1/2: ", shown);
        Assert.Contains("generate 2/2: ", shown);
    }

    [Fact]
    public void APictureIsNotSentToATerminal()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "terminals are made as on Linux");
        using var terminal = new Terminal();
        var refused = Program.RunRedirected(folder.Path, $">{terminal.Path}", "generate", "a cat", "-o", "-");
        Assert.Equal(2, refused.Code);
        Assert.Equal("lcm: -o -: standard output is a terminal, which can't show a PNG file; send it to a file or a program, or name a file\n", refused.Error);
    }
}
