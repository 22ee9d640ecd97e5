using PureLcm.Model.Pictures;
using PureLcm.Model.Tests.Pictures.Preprocess;

namespace PureLcm.Model.Tests.Pictures;

public sealed class ResizingTests
{
    [Fact]
    public void TheSameSizeIsTheSamePicture()
    {
        var picture = Drawing.Blank(5, 4, 3);
        Assert.Same(picture, picture.Resized(5, 4));
    }

    [Theory]
    [InlineData(64, 48, 128, 128)]
    [InlineData(64, 48, 17, 96)]
    [InlineData(1, 1, 9, 2)]
    [InlineData(300, 2, 8, 8)]
    public void WhatIsFlatStaysFlat(int width, int height, int newWidth, int newHeight)
    {
        var resized = Drawing.Blank(width, height, 77).Resized(newWidth, newHeight);
        Assert.Equal((newWidth, newHeight), (resized.Width, resized.Height));
        Assert.All(resized.Rgb, value => Assert.Equal(77, value));
    }

    /// <summary>Nothing is lost between pixels: a line of one pixel is grey when the picture is a quarter of its size.</summary>
    [Fact]
    public void ThinLinesDontBreak()
    {
        var small = Drawing.Blank(256, 256, 0).With(101, 0, 1, 256, 255, 255, 255).Resized(64, 64);
        Assert.All(Enumerable.Range(0, 64), y => Assert.InRange(small.At(25, y), 50, 90));
        Assert.All(Enumerable.Range(0, 64), y => Assert.InRange(Enumerable.Range(0, 64).Sum(x => small.At(x, y)), 60, 90)); // 255 / 4, and what overshoots
        Assert.Equal(0, small.At(10, 10));
    }

    /// <summary>Rows and columns are treated alike, and the picture doesn't wander.</summary>
    [Fact]
    public void SidesAreAlike()
    {
        var picture = Drawing.Blank(40, 40, 160).With(7, 7, 9, 9, 90, 200, 60); // of no colour that would overshoot
        var resized = picture.Resized(64, 64);
        for (int y = 0; y < 64; y++)
            for (int x = 0; x < 64; x++) Assert.InRange(resized.At(x, y) - resized.At(y, x), -1, 1);
        var shape = Drawing.Blank(40, 40, 255).With(10, 10, 20, 20, 0, 0, 0).Resized(90, 90);
        for (int x = 0; x < 90; x++) Assert.InRange(shape.At(x, 45) - shape.At(89 - x, 45), -1, 1);
    }

    /// <summary>
    /// Two pixels to four, by hand: the places 0.25 and 0.75 of Lanczos' window of three lobes over what there is of it, 0 to 200.
    /// </summary>
    [Fact]
    public void AsTheFormulaSays()
    {
        static double Weight(double x) => x == 0 ? 1 : 3 * Math.Sin(Math.PI * x) * Math.Sin(Math.PI * x / 3) / (Math.PI * Math.PI * x * x);
        var resized = Drawing.Blank(2, 1, 0).With(1, 0, 1, 1, 200, 200, 200).Resized(4, 1);
        for (int i = 0; i < 4; i++)
        {
            double centre = (i + 0.5) / 2, one = Weight(0.5 - centre), other = Weight(1.5 - centre);
            Assert.InRange(resized.At(i, 0) - Math.Clamp(200 * other / (one + other), 0, 255), -0.51, 0.51);
        }
    }
}
