using System.Text;
using PureLcm.Model.Pictures;

namespace PureLcm.Model.Tests.Pictures;

/// <summary>
/// JPEG and WebP files that libjpeg's and libwebp's own tools made from one picture: 32 x 24 pixels, red above left, green above
/// right, blue below left, yellow below right.
/// </summary>
public class PhotoTests
{
    static readonly (int R, int G, int B) red = (220, 30, 30), green = (30, 200, 40), blue = (40, 60, 220), yellow = (240, 230, 60),
        white = (255, 255, 255);

    const string Text = "ein gr\u00fcnes H\u00e4uschen \u96ea\nNegative prompt: blur\nSteps: 4, Sampler: LCM, CFG scale: 1.5, Seed: 7, "
        + "Size: 128x128, Model: book, Version: v1.9.3";

    [Theory]
    [InlineData("jpeg/baseline.jpg", "JPEG", 12)]
    [InlineData("jpeg/progressive.jpg", "JPEG", 12)]
    [InlineData("webp/lossy.webp", "WebP", 12)]
    [InlineData("webp/lossless.webp", "WebP", 0)]
    public void AllKindsAreRead(string file, string format, int tolerance)
    {
        Assert.Equal(format, Picture.FormatOf(Samples.PathOf(file)));
        AssertCorners(Picture.Load(Samples.PathOf(file)), 32, 24, [red, green, blue, yellow], tolerance);
    }

    [Fact]
    public void GrayIsRead() =>
        AssertCorners(Picture.Load(Samples.PathOf("jpeg/gray.jpg")), 32, 24, [Gray(87), Gray(131), Gray(72), Gray(214)], 6);

    [Theory]
    [InlineData("webp/alpha.webp", 12)]
    [InlineData("webp/alpha-lossless.webp", 0)]
    public void WhatIsTransparentIsWhite(string file, int tolerance) =>
        AssertCorners(Picture.Load(Samples.PathOf(file)), 32, 24, [red, white, blue, white], tolerance);

    [Fact]
    public void HalfTransparentIsHalfWhite() =>
        // 0 * 127/255 + 255 * 128/255
        Assert.Equal([255, 128, 128, 255, 255, 255], Samples.Load(Samples.Png(2, 1, 8, 6, 0, [0, 255, 0, 0, 127, 9, 9, 9, 0])).Rgb);

    [Fact]
    public void AnAnimationIsSaid() => Assert.Contains("animation", Samples.Refusal(Samples.Read("webp/animated.webp")));

    /// <summary>EXIF's Orientation says where the stored first row and first column are: 6 is a phone held upright.</summary>
    [Theory]
    [InlineData(1, 32, 24, "red green blue yellow")]
    [InlineData(2, 32, 24, "green red yellow blue")]
    [InlineData(3, 32, 24, "yellow blue green red")]
    [InlineData(4, 32, 24, "blue yellow red green")]
    [InlineData(5, 24, 32, "red blue green yellow")]
    [InlineData(6, 24, 32, "blue red yellow green")]
    [InlineData(7, 24, 32, "yellow green blue red")]
    [InlineData(8, 24, 32, "green yellow red blue")]
    public void APhotoIsTurnedAsTheCameraWasHeld(int orientation, int width, int height, string corners)
    {
        var expected = corners.Split(' ')
            .Select(name => name switch { "red" => red, "green" => green, "blue" => blue, _ => yellow }).ToArray();
        foreach (bool big in (bool[])[false, true])
            AssertCorners(Samples.Load(Samples.Photo(Samples.Exif(big, (ushort)orientation))), width, height, expected, 12);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(65535)]
    public void AnOrientationThatIsNoneIsNone(int orientation) =>
        AssertCorners(Samples.Load(Samples.Photo(Samples.Exif(true, (ushort)orientation))), 32, 24, [red, green, blue, yellow], 12);

    [Theory]
    [InlineData("jpeg/a1111.jpg")] // UTF-16 with the big end first, as piexif writes it
    [InlineData("webp/a1111.webp")] // with the small end first
    public void A1111sParametersAreInTheCamerasComment(string file)
    {
        string path = Samples.PathOf(file);
        Assert.Equal(Text, Picture.Load(path).Texts["parameters"]);
        Assert.Equal(Text, Picture.LoadTexts(path)["parameters"]);
    }

    [Theory]
    [InlineData("ASCII\0\0\0", "us-ascii", "a red house\nSteps: 4, Sampler: LCM")]
    [InlineData("ASCII\0\0\0", "utf-8", "\u96ea\nSteps: 4, Sampler: LCM")]
    [InlineData("\0\0\0\0\0\0\0\0", "utf-8", "\u96ea\nSteps: 4, Sampler: LCM")]
    [InlineData("\0\0\0\0\0\0\0\0", "latin1", "\u00e9t\u00e9\nSteps: 4, Sampler: LCM")]
    [InlineData("UNICODE\0", "utf-16", "\u96ea\nSteps: 4, Sampler: LCM")]
    [InlineData("UNICODE\0", "utf-16be", "\u96ea\nSteps: 4, Sampler: LCM")]
    public void CommentsInAnyCodeAreRead(string code, string encoding, string text)
    {
        byte[] comment = [.. Encoding.ASCII.GetBytes(code), .. Encoding.GetEncoding(encoding).GetBytes(text), 0, 0];
        foreach (bool big in (bool[])[false, true])
            Assert.Equal(text, Samples.Load(Samples.Photo(Samples.Exif(big, 0, comment))).Texts["parameters"]);
    }

    [Fact]
    public void ACamerasOwnCommentIsNoParameters()
    {
        var texts = Samples.Load(Samples.Photo(Samples.Exif(true, 1, "ASCII\0\0\0holiday"u8.ToArray()))).Texts;
        Assert.Equal([new("UserComment", "holiday")], texts);
        Assert.Empty(Samples.Load(Samples.Photo(Samples.Exif(true, 1, "ASCII\0\0\0       \0"u8.ToArray()))).Texts);
    }

    [Fact]
    public void APngsNotesCountToo()
    {
        byte[] png = Samples.Png(2, 1, 8, 2, 0, [0, 1, 2, 3, 4, 5, 6]);
        Assert.Equal([4, 5, 6, 1, 2, 3], Samples.Load([.. png[..33], .. Samples.Chunk("eXIf", Samples.Exif(true, 3)), .. png[33..]]).Rgb);
    }

    static (int, int, int) Gray(int value) => (value, value, value);

    static void AssertCorners(Picture picture, int width, int height, (int R, int G, int B)[] expected, int tolerance)
    {
        Assert.Equal((width, height), (picture.Width, picture.Height));
        for (int i = 0; i < 4; i++)
        {
            int x = i % 2 == 0 ? width / 4 : 3 * width / 4, y = i < 2 ? height / 4 : 3 * height / 4;
            var pixel = picture.Rgb.AsSpan(3 * (y * width + x), 3);
            var (r, g, b) = expected[i];
            Assert.True(Math.Abs(pixel[0] - r) <= tolerance && Math.Abs(pixel[1] - g) <= tolerance && Math.Abs(pixel[2] - b) <= tolerance,
                $"corner {i}: {pixel[0]}, {pixel[1]}, {pixel[2]}, not {r}, {g}, {b}");
        }
    }
}
