using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace PureLcm.ImageSharp.Tests;

/// <summary>
/// Files of every colour type, depth and interlacing, made by another program: 11 x 9 pixels of known samples, all five
/// filters, the data cut into several chunks (one of them empty), transparency, and texts of all kinds.
/// These tests hold whichever is in use, the package or the subset.
/// </summary>
public class ReadTests
{
    const int Width = 11, Height = 9;

    public static TheoryData<string, int> Files()
    {
        var files = new TheoryData<string, int>();
        foreach (var (color, depths) in new (string, int[])[]
            { ("gray", [1, 2, 4, 8, 16]), ("rgb", [8, 16]), ("palette", [1, 2, 4, 8]), ("grayalpha", [8, 16]), ("rgba", [8, 16]) })
            foreach (int depth in depths)
            {
                files.Add(color, depth);
            }
        return files;
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void EveryKindOfPixels(string color, int depth) => Assert.Equal(Expected(color, depth), Pixels($"{color}{depth}.png"));

    [Theory]
    [MemberData(nameof(Files))]
    public void EveryKindOfPixelsInterlaced(string color, int depth) => Assert.Equal(Expected(color, depth), Pixels($"{color}{depth}i.png"));

    [Fact]
    public void TextsOfAllKinds()
    {
        using var stream = File.OpenRead(PathOf("rgb8.png"));
        var texts = Image.Identify(stream).Metadata.GetPngMetadata().TextData;
        Assert.Equal(
            [("Comment", "café"), ("Long", string.Concat(Enumerable.Repeat("one two ", 40))), ("Title", "Häuser 🏠"), ("Packed", "雪の夜")],
            texts.Select(text => (text.Keyword, text.Value)));
        Assert.Equal(("de", "Titel"), (texts[2].LanguageTag, texts[2].TranslatedKeyword));
    }

    [Fact]
    public void IdentifyGivesTheSize()
    {
        using var stream = File.OpenRead(PathOf("palette4i.png"));
        var info = Image.Identify(stream);
        Assert.Equal((Width, Height), (info.Width, info.Height));
    }

    internal static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "pictures", file);

    static byte[] Pixels(string file)
    {
        using var stream = File.OpenRead(PathOf(file));
        using var image = Image.Load<Rgb24>(stream);
        Assert.Equal((Width, Height), (image.Width, image.Height));
        var rgb = new byte[Width * Height * 3];
        image.CopyPixelDataTo(rgb);
        return rgb;
    }

    static byte[] Expected(string color, int depth)
    {
        var rgb = new byte[Width * Height * 3];
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
                for (int c = 0; c < 3; c++)
                    rgb[(y * Width + x) * 3 + c] = color switch
                    {
                        "palette" => PaletteColor(Sample(x, y, 0, depth, Math.Min(1 << depth, 200)), c),
                        "gray" or "grayalpha" => To8Bits(Sample(x, y, 0, depth, 1 << depth), depth),
                        _ => To8Bits(Sample(x, y, c, depth, 1 << depth), depth),
                    };
        return rgb;
    }

    /// <summary>What the files' maker put there.</summary>
    static int Sample(int x, int y, int c, int depth, int values)
    {
        int v = x * 37 + y * 101 + c * 53 + x * y * 7;
        return (depth == 16 ? v * 257 + x * 11 + y * 3 + c : v) % values;
    }

    static byte PaletteColor(int i, int c) => (byte)(c switch { 0 => i * 7, 1 => 255 - i, _ => i * 31 });

    static byte To8Bits(int sample, int depth) => (byte)Math.Round(sample * 255.0 / ((1 << depth) - 1));
}
