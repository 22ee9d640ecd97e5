using PureLcm.Model.Pictures;

namespace PureLcm.Lcm.Tests;

/// <summary>Where pictures go, and that none is lost on the way.</summary>
public sealed class DestinationTests : IDisposable
{
    readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    Program.Outcome Generate(params string[] arguments) => Program.RunIn(folder.Path, ["generate", .. arguments, "--size", "64x64", "--steps", "1"]);

    static void Refused(Program.Outcome outcome, int code, string part)
    {
        Assert.True(outcome.Code == code, outcome.Error);
        Assert.Contains(part, outcome.Error);
        Assert.StartsWith("lcm: ", outcome.Error);
        Assert.Single(outcome.Error.TrimEnd().Split('\n')); // and no step was taken
        Assert.Empty(outcome.Output);
    }

    [Fact]
    public void OurNamesNeverTakeThePlaceOfAFileAndNamesThatWereAskedForDo()
    {
        Assert.Equal("a-red-house-9.png\n", Generate("A red  house!", "--seed", "9").Output);
        byte[] first = File.ReadAllBytes(folder["a-red-house-9.png"]);
        Assert.Equal("a-red-house-9_2.png\n", Generate("a red house", "--seed", "9", "--no-lcm").Output);
        Assert.Equal(first, File.ReadAllBytes(folder["a-red-house-9.png"]));
        Assert.NotEqual(first, File.ReadAllBytes(folder["a-red-house-9_2.png"]));

        Assert.Equal("a-red-house-9_2.png\n", Generate("A red  house!", "--seed", "9", "-o", "a-red-house-9_2.png").Output);
        Assert.Equal(first, File.ReadAllBytes(folder["a-red-house-9_2.png"]));
        Assert.Equal(["a-red-house-9.png", "a-red-house-9_2.png"], folder.Names());
    }

    [Fact]
    public void TwoProcessesAtOnceMakeTwoFiles()
    {
        string[] arguments = ["generate", "a red house", "--seed", "9", "--size", "64x64", "--steps"];
        using Running one = Program.Start(folder.Path, [.. arguments, "2"]), two = Program.Start(folder.Path, [.. arguments, "8"]);
        string said = one.End().Output + two.End().Output;
        Assert.Equal(["a-red-house-9.png", "a-red-house-9_2.png"], said.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
        Assert.Equal(["a-red-house-9.png", "a-red-house-9_2.png"], folder.Names());
        string[] steps = [.. folder.Names().Select(name => folder.Parameters(name).Split("Steps: ")[1].Split(',')[0]).Order(StringComparer.Ordinal)];
        Assert.Equal(["2", "8"], steps);
    }

    /// <summary>Each equals its place in the batch, so each says that it has one.</summary>
    [Fact]
    public void SeveralPicturesAreNumbered()
    {
        var made = Generate("a cat", "--seed", "3", "--count", "2", "-o", "new/inner/");
        Assert.Equal("new/inner/a-cat-3-1.png\nnew/inner/a-cat-3-2.png\n", made.Output);
        Assert.Contains("Batch size: 2, Batch pos: 1", folder.Parameters("new/inner/a-cat-3-2.png"));
        Assert.Equal("two-1.png\ntwo-2.png\n", Generate("a cat", "--seed", "3", "--count", "2", "-o", "two.png").Output);
        Assert.Equal(File.ReadAllBytes(folder["new/inner/a-cat-3-1.png"]), File.ReadAllBytes(folder["two-1.png"]));
        Assert.Equal(["new", "two-1.png", "two-2.png"], folder.Names());
    }

    [Fact]
    public void StandardOutputTakesThePictureAndNothingElse()
    {
        string[] arguments = ["generate", "a red house", "--seed", "9", "--size", "64x64", "--steps", "1", "-o"];
        var piped = Program.RunRedirected(folder.Path, ">piped", [.. arguments, "-"]);
        Assert.True(piped.Code == 0, piped.Error);
        Assert.Contains("seed 9, ", piped.Error);
        Assert.Equal(0, Program.RunIn(folder.Path, [.. arguments, "file.png"]).Code);
        Assert.Equal(File.ReadAllBytes(folder["file.png"]), File.ReadAllBytes(folder["piped"]));
        Assert.Equal(["file.png", "piped"], folder.Names());

        Refused(Generate("a cat", "--count", "2", "-o", "-"), 2, "-o -: standard output takes one picture, not 2");
        var full = Program.RunRedirected(folder.Path, ">/dev/full", [.. arguments, "-"]);
        Assert.Equal(1, full.Code);
        Assert.Contains("lcm: -o -: standard output can't take the picture", full.Error);
    }

    /// <summary>Asked before anything is loaded, not after all steps.</summary>
    [Theory]
    [InlineData("/proc/x.png", 1, "/proc/x.png: this folder takes no new files")]
    [InlineData("/proc/", 1, "/proc/a-cat-3.png: this folder takes no new files")]
    [InlineData("LONG", 1, "xx.png: the name is too long")]
    [InlineData("missing/x.png", 1, "missing/x.png: there is no such folder")]
    [InlineData("file.png/x.png", 1, "file.png/x.png: there is no such folder")]
    [InlineData("file.png/", 1, "file.png/: the folder can't be made")]
    [InlineData("/dev/full", 1, "/dev/full: the folder can't be made")]
    [InlineData("/proc/new/", 1, "/proc/new/: the folder can't be made")]
    [InlineData("x.jpg", 2, "-o x.jpg: pictures are written as PNG")]
    public void WhatCantBeWrittenIsSaidBeforeTheWork(string output, int code, string part)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "it has other folders that nobody may write");
        File.WriteAllText(folder["file.png"], "");
        Refused(Generate("a cat", "--seed", "3", "-o", output == "LONG" ? new string('x', 300) + ".png" : output), code, part);
        Assert.Equal(["file.png"], folder.Names());
    }

    [Fact]
    public void AFolderInThePlaceOfAPictureIsSaidBeforeTheWork()
    {
        Directory.CreateDirectory(folder["x-2.png"]);
        Refused(Generate("a cat", "--count", "2", "-o", "x.png"), 1, "x-2.png: there is a folder of that name");
    }

    [Fact]
    public void AFolderThatIsNotOursToWriteIsSaidBeforeTheWork()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "root may write everywhere");
        if (OperatingSystem.IsWindows()) return; // the compiler's rule about platforms doesn't see the line above
        Directory.CreateDirectory(folder["read-only"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Refused(Generate("a cat", "-o", "read-only/x.png"), 1, "read-only/x.png: this user may not write there");
        Refused(Program.RunIn(folder["read-only"], "generate", "a cat"), 1, "this user may not write there");
    }

    /// <summary>What fails leaves no folder behind that was made for it.</summary>
    [Fact]
    public void FoldersMadeForNothingGoAgain()
    {
        Directory.CreateDirectory(folder["old"]);
        Assert.Equal(1, Generate("a cat", "--model", "missing", "-o", "old/new/inner/").Code);
        Assert.Equal(["old"], folder.Names());
        Assert.Empty(folder.Names("old"));
    }

    /// <summary>Nothing can be done at SIGKILL, so nothing may be there before.</summary>
    [Fact]
    public void AKilledRunLeavesNoFile()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are Unix's");
        using var running = Program.Start(folder.Path, "generate", "a cat", "--steps", "50", "--size", "256x256");
        running.WaitFor("step 2 of 50");
        running.Stop(Running.Kill);
        Assert.Empty(folder.Names());
    }
}
