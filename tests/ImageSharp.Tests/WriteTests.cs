using System.Text;
using FsCheck.Xunit;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Png.Chunks;
using SixLabors.ImageSharp.PixelFormats;

namespace PureLcm.ImageSharp.Tests;

/// <summary>What is written is read back, by the same library.</summary>
public class WriteTests
{
    [Property]
    public bool PixelsComeBack(byte width, byte height, int seed)
    {
        int w = width % 40 + 1, h = height % 40 + 1;
        var rgb = new byte[w * h * 3];
        new Random(seed).NextBytes(rgb);
        for (int i = 0; i < rgb.Length / 2; i++) rgb[i] = (byte)(i / 3); // half of it smooth, so that filters differ
        using var image = Image.LoadPixelData<Rgb24>(rgb, w, h);
        using var again = Image.Load<Rgb24>(Written(image, 1024));
        var read = new byte[again.Width * again.Height * 3];
        again.CopyPixelDataTo(read);
        return again.Width == w && again.Height == h && read.AsSpan().SequenceEqual(rgb);
    }

    [Theory]
    [InlineData("a red house\nSteps: 4", 1024, "tEXt")]
    [InlineData("café", 1024, "tEXt")]
    [InlineData("", 1024, "tEXt")]
    [InlineData("a long text", 5, "zTXt")]
    [InlineData("雪の夜 🏠", 1024, "iTXt")]
    [InlineData("雪の夜 🏠", 3, "iTXt")]
    public void TextsComeBackFromTheFittingChunk(string text, int threshold, string chunk)
    {
        using var image = Image.LoadPixelData<Rgb24>(new byte[12], 2, 2);
        image.Metadata.GetPngMetadata().TextData.Add(new PngTextData("parameters", text, "", ""));
        var file = Written(image, threshold);
        Assert.Contains(chunk + "parameters\0", Encoding.Latin1.GetString(file.ToArray()));
        var read = Assert.Single(Image.Identify(file).Metadata.GetPngMetadata().TextData);
        Assert.Equal(("parameters", text), (read.Keyword, read.Value));
    }

    [Fact]
    public void ASmoothPictureGetsSmall()
    {
        const int Side = 256;
        var rgb = new byte[Side * Side * 3];
        for (int i = 0; i < Side * Side; i++)
            (rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]) = ((byte)(i % Side), (byte)(i / Side), (byte)((i % Side + i / Side) / 2));
        using var image = Image.LoadPixelData<Rgb24>(rgb, Side, Side);
        Assert.InRange(Written(image, 1024).Length, 100, rgb.Length / 20);
    }

    [Fact]
    public void TooFewPixelsAreRefused() => Assert.ThrowsAny<ArgumentException>(() => Image.LoadPixelData<Rgb24>(new byte[11], 2, 2));

    static MemoryStream Written(Image image, int threshold)
    {
        var stream = new MemoryStream();
        image.SaveAsPng(stream, new PngEncoder { TextCompressionThreshold = threshold });
        stream.Position = 0;
        return stream;
    }
}
