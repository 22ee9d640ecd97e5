using System.Text;
using FsCheck.Xunit;
using PureLcm.Model.Pictures;

namespace PureLcm.Model.Tests.Pictures;

/// <summary>
/// PNG files of every colour type, depth and interlacing, made by another program: 11 x 9 pixels of known samples, all five
/// filters, the data cut into several chunks (one of them empty), transparency, and texts of all kinds; then damaged ones.
/// </summary>
public class PngFileTests
{
    const int Width = 11, Height = 9;

    static readonly byte[] whole = Samples.Read("png/rgb8.png");

    static int Pixels => Encoding.Latin1.GetString(whole).IndexOf("IDAT", StringComparison.Ordinal);

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
    public void EveryKindOfPixels(string color, int depth) => AssertPixels(color, depth, $"png/{color}{depth}.png");

    [Theory]
    [MemberData(nameof(Files))]
    public void EveryKindOfPixelsInterlaced(string color, int depth) => AssertPixels(color, depth, $"png/{color}{depth}i.png");

    [Fact]
    public void TextsOfAllKinds()
    {
        var texts = Picture.Load(Samples.PathOf("png/rgb8.png")).Texts;
        Assert.Equal(
            [("Comment", "café"), ("Long", string.Concat(Enumerable.Repeat("one two ", 40))), ("Packed", "雪の夜"), ("Title", "Häuser 🏠")],
            texts.Select(text => (text.Key, text.Value)).OrderBy(text => text.Key, StringComparer.Ordinal));
    }

    [Fact]
    public void ACutFileIsDamaged()
    {
        Assert.NotNull(Samples.Load(whole));
        for (int length = 13; length < whole.Length; length++) Assert.Contains("damaged", Samples.Refusal(whole[..length]));
    }

    [Fact]
    public void ADamagedPixelChunkIsDamaged()
    {
        var damaged = (byte[])whole.Clone();
        damaged[Pixels + 12] ^= 1;
        Assert.Contains("damaged", Samples.Refusal(damaged));
    }

    [Theory]
    [InlineData(0, 9, 8, 2, 0)] // no width
    [InlineData(11, 9, 4, 2, 0)] // RGB of 4 bits
    [InlineData(11, 9, 8, 5, 0)] // no such colour type
    [InlineData(11, 9, 8, 2, 7)] // no such interlacing
    [InlineData(11, 9, 8, 3, 0)] // a palette that isn't there
    public void ImpossibleHeadersAreDamage(int width, int height, byte depth, byte color, byte interlace) =>
        Assert.Contains("damaged", Samples.Refusal(Samples.Png(width, height, depth, color, interlace, new byte[9 * 34])));

    [Theory]
    [InlineData(20000, 20000, "larger")] // beyond what is read
    [InlineData(20000, 1, "larger")]
    [InlineData(8192, 8192, "missing")] // not beyond, but so many pixels are not there
    public void APromiseOfPixelsTakesNoMemory(int width, int height, string part)
    {
        byte[] file = Samples.Png(width, height, 8, 2, 0, new byte[1000]);
        Samples.Refusal(file); // with everything compiled
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains(part, Samples.Refusal(file));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    /// <summary>The library waits for an interlaced file's missing rows for ever; these must be asked of somebody else.</summary>
    [Theory]
    [InlineData(8, 8, 0)]
    [InlineData(8, 8, 1)]
    [InlineData(5, 1, 1)]
    [InlineData(11, 9, 1)]
    [InlineData(40, 3, 1)]
    public void RowsThatAreMissingAreSaid(int width, int height, byte interlace)
    {
        int needed = interlace == 0 ? height * (width + 1) : Needed(width, height);
        Assert.Equal(width, Samples.Load(Samples.Png(width, height, 8, 0, interlace, new byte[needed])).Width);
        Assert.Contains(
            "of its pixels 1 bytes are missing", Samples.Refusal(Samples.Png(width, height, 8, 0, interlace, new byte[needed - 1])));

        // Of gray pixels a byte each, counted one by one: a row for each pass and line that has any.
        static int Needed(int width, int height)
        {
            const string passes = "1646264677777777565656567777777736463646777777775656565677777777"; // of the pixels of 8 x 8
            var rows = new HashSet<(int Pass, int Y)>();
            for (int y = 0; y < height; y++)
                for (int x = 0; x < width; x++) rows.Add((passes[y % 8 * 8 + x % 8], y));
            return width * height + rows.Count;
        }
    }

    [Fact]
    public void WhatTheLibraryGetsWrongIsRefused() => // it takes the third pass's rows for the second's
        Assert.Contains("narrower than 5", Samples.Refusal(Samples.Png(4, 9, 8, 0, 1, new byte[100])));

    [Property(MaxTest = 60)]
    public bool PixelsComeBack(byte width, byte height, int seed)
    {
        int w = width % 40 + 1, h = height % 40 + 1;
        var rgb = new byte[w * h * 3];
        new System.Random(seed).NextBytes(rgb);
        for (int i = 0; i < rgb.Length / 2; i++) rgb[i] = (byte)(i / 3); // half of it smooth, so that filters differ
        using var file = new MemoryStream();
        new Picture(w, h, rgb).Write(file);
        var again = Samples.Load(file.ToArray());
        return (again.Width, again.Height) == (w, h) && again.Rgb.AsSpan().SequenceEqual(rgb);
    }

    [Fact]
    public void ASmoothPictureGetsSmall()
    {
        const int Side = 256;
        var rgb = new byte[Side * Side * 3];
        for (int i = 0; i < Side * Side; i++)
            (rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]) = ((byte)(i % Side), (byte)(i / Side), (byte)((i % Side + i / Side) / 2));
        using var file = new MemoryStream();
        new Picture(Side, Side, rgb).Write(file);
        Assert.InRange(file.Length, 100, rgb.Length / 20);
    }

    static void AssertPixels(string color, int depth, string file)
    {
        var read = Picture.Load(Samples.PathOf(file));
        Assert.Equal((Width, Height), (read.Width, read.Height));
        for (int y = 0; y < Height; y++)
            for (int x = 0; x < Width; x++)
                for (int c = 0; c < 3; c++)
                {
                    byte expected = Expected(color, depth, x, y, c), actual = read.Rgb[(y * Width + x) * 3 + c];
                    // Through transparency, 16 bits are rounded twice.
                    Assert.True(Math.Abs(expected - actual) <= (depth == 16 ? 1 : 0),
                        $"{file}, pixel {x}, {y}, colour {c}: {actual}, not {expected}");
                }
    }

    static byte Expected(string color, int depth, int x, int y, int c)
    {
        int alpha = color switch
        {
            // A palette's first colour is half transparent, and so is 1 of gray, wholly.
            "palette" => Sample(x, y, 0, depth, Math.Min(1 << depth, 200)) == 0 ? 128 : 255,
            "gray" => Sample(x, y, 0, depth, 1 << depth) == 1 ? 0 : 255,
            "grayalpha" => To8Bits(Sample(x, y, 1, depth, 1 << depth), depth),
            "rgba" => To8Bits(Sample(x, y, 3, depth, 1 << depth), depth),
            _ => 255,
        };
        int value = color switch
        {
            "palette" => PaletteColor(Sample(x, y, 0, depth, Math.Min(1 << depth, 200)), c),
            "gray" or "grayalpha" => To8Bits(Sample(x, y, 0, depth, 1 << depth), depth),
            _ => To8Bits(Sample(x, y, c, depth, 1 << depth), depth),
        };
        return (byte)Math.Round((value * alpha + 255 * (255 - alpha)) / 255.0);
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
