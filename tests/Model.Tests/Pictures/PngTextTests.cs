using System.Text;
using FsCheck.Xunit;
using PureLcm.Model.Pictures;

namespace PureLcm.Model.Tests.Pictures;

/// <summary>Texts in PNG files, where other programs put them, as they encode them, and from files that are damaged.</summary>
public sealed class PngTextTests : IDisposable
{
    static readonly byte[] plain = Samples.Png(2, 2, 8, 2, 0, new byte[14]);
    const int AfterHeader = 33, End = 12;

    readonly string folder = Directory.CreateTempSubdirectory("lcm-texts-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void TextsBehindThePixelsAreRead() =>
        Assert.Equal("late", Samples.Load([.. plain[..^End], .. Text("parameters\0late"), .. plain[^End..]]).Texts["parameters"]);

    [Theory]
    [InlineData("ein gr\u00fcnes H\u00e4uschen \u96ea")]
    [InlineData("caf\u00e9")]
    public void Utf8InATextOfLatin1IsMeant(string text) => Assert.Equal(text, Read("tEXt", Encoding.UTF8.GetBytes("parameters\0" + text)));

    [Fact]
    public void Latin1StaysLatin1() => Assert.Equal("caf\u00e9", Read("tEXt", Encoding.Latin1.GetBytes("parameters\0caf\u00e9")));

    [Fact]
    public void StableDiffusionCppsTextIsRead()
    {
        var made = GenerationParameters.Parse(Picture.Load(Samples.PathOf("field/sdcpp_utf8.png")).Texts["parameters"]);
        Assert.Equal("ein gr\u00fcnes H\u00e4uschen \u96ea", made.Prompt);
    }

    [Fact]
    public void TheFirstOfAKeywordCounts() =>
        Assert.Equal("one", Samples.Load([.. plain[..AfterHeader], .. Text("a\0one"), .. Text("a\0two"), .. plain[AfterHeader..]])
            .Texts["a"]);

    [Fact]
    public void ALongTextIsKept()
    {
        string text = new('x', 3 << 20);
        Assert.Equal(text, Read("tEXt", Encoding.ASCII.GetBytes("parameters\0" + text)));
        Assert.Equal(text, Read("zTXt", [.. "parameters\0\0"u8, .. Samples.Deflated(Encoding.ASCII.GetBytes(text))]));
    }

    [Theory]
    [InlineData("zTXt", "parameters\0\0")]
    [InlineData("iTXt", "parameters\0\u0001\0\0\0")]
    public void ATextThatGrowsAThousandfoldIsLeftAway(string type, string before)
    {
        byte[] file = With(type, [.. Encoding.ASCII.GetBytes(before), .. Samples.Deflated(new byte[100 << 20])]);
        long start = GC.GetAllocatedBytesForCurrentThread();
        Assert.Empty(Samples.Load(file).Texts);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - start, 0, 64 << 20);
    }

    [Theory]
    [InlineData("tEXt", "no end of the keyword")]
    [InlineData("tEXt", "\0no keyword")]
    [InlineData("zTXt", "a\0\u0001another method")]
    [InlineData("zTXt", "a\0\0not deflated")]
    [InlineData("iTXt", "a\0\u0002\0\0\0another flag")]
    [InlineData("iTXt", "a\0\0\0no language")]
    public void AMalformedTextIsLeftAway(string type, string data) =>
        Assert.Empty(Samples.Load(With(type, Encoding.Latin1.GetBytes(data))).Texts);

    [Fact]
    public void ATextWithAWrongChecksumIsLeftAway()
    {
        byte[] file = With("tEXt", "parameters\0a red house"u8.ToArray());
        file[AfterHeader + 20] ^= 1;
        Assert.Empty(Samples.Load(file).Texts);
    }

    [Fact]
    public void AFileWithoutItsPixelsStillSaysItsTexts()
    {
        byte[] file = With("tEXt", "parameters\0a red house"u8.ToArray());
        string path = Path.Combine(folder, "cut.png");
        File.WriteAllBytes(path, file[..^30]);
        Assert.Contains("damaged", Assert.Throws<ModelException>(() => Picture.Load(path)).Message);
        Assert.Equal("a red house", Picture.LoadTexts(path)["parameters"]);
    }

    [Theory]
    [InlineData("a red house\nSteps: 4", "tEXt")]
    [InlineData("caf\u00e9", "tEXt")]
    [InlineData("", "tEXt")]
    [InlineData("\u96ea\u306e\u591c \ud83c\udfe0", "iTXt")]
    [InlineData("caf\u00c3\u00a9", "iTXt")] // as Latin-1 these bytes are the UTF-8 of another word
    public void TextsGoIntoTheFittingChunk(string text, string chunk)
    {
        byte[] file = Written("parameters", text);
        Assert.Contains(chunk + "parameters\0", Encoding.Latin1.GetString(file));
        Assert.Equal(text, Samples.Load(file).Texts["parameters"]);
    }

    [Property(MaxTest = 300)]
    public bool AnyTextComesBack(string text)
    {
        // No file can hold a zero, or half of a character.
        string held = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes((text ?? "").Replace("\0", "", StringComparison.Ordinal)));
        return Samples.Load(Written("parameters", held)).Texts["parameters"] == held;
    }

    [Theory]
    [InlineData("", "a")]
    [InlineData(" a", "a")]
    [InlineData("\u96ea", "a")]
    [InlineData("a\nb", "a")]
    [InlineData("a", "zero \0")]
    public void WhatNoFileCanHoldIsRefusedBeforeAnythingIsWritten(string keyword, string text)
    {
        using var file = new MemoryStream();
        Assert.ThrowsAny<ArgumentException>(
            () => new Picture(1, 1, [1, 2, 3]).Write(file, new Dictionary<string, string> { [keyword] = text }));
        Assert.Equal(0, file.Length);
        string path = Path.Combine(folder, "a.png");
        Assert.ThrowsAny<ArgumentException>(
            () => new Picture(1, 1, [1, 2, 3]).Save(path, new Dictionary<string, string> { [keyword] = text }));
        Assert.Empty(Directory.GetFiles(folder));
    }

    static byte[] Written(string keyword, string text)
    {
        using var file = new MemoryStream();
        new Picture(1, 1, [1, 2, 3]).Write(file, new Dictionary<string, string> { [keyword] = text });
        return file.ToArray();
    }

    static byte[] Text(string data) => Samples.Chunk("tEXt", Encoding.Latin1.GetBytes(data));

    static byte[] With(string type, byte[] data) => [.. plain[..AfterHeader], .. Samples.Chunk(type, data), .. plain[AfterHeader..]];

    static string Read(string type, byte[] data) => Samples.Load(With(type, data)).Texts["parameters"];
}
