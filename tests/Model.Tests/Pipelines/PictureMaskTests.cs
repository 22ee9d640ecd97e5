using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;

namespace PureLcm.Model.Tests.Pipelines;

/// <summary>What of a picture is repainted, in its pixels and in a latent's.</summary>
public class PictureMaskTests
{
    [Theory]
    [InlineData(0, 0, 0, false)]
    [InlineData(127, 127, 127, false)]
    [InlineData(128, 128, 128, true)]
    [InlineData(255, 255, 255, true)]
    [InlineData(255, 0, 0, false)] // 76
    [InlineData(0, 255, 0, true)] // 150
    [InlineData(0, 0, 255, false)] // 29
    [InlineData(255, 0, 255, false)] // 105
    [InlineData(1, 217, 1, true)] // 127.8, rounded
    [InlineData(0, 217, 1, false)] // 127.49
    public void HalfBrightIsRepainted(byte red, byte green, byte blue, bool repainted) =>
        Assert.Equal(repainted, new PictureMask(new(1, 1, [red, green, blue]))[0]);

    [Fact]
    public void ALatentTakesItsTopLeftPixels()
    {
        var drawing = new Picture(24, 16, new byte[3 * 24 * 16]);
        Paint(8, 0); // a corner that counts
        Paint(16, 8);
        Paint(1, 0); // and pixels beside one
        Paint(7, 15);
        var mask = new PictureMask(drawing);
        Assert.Equal([0, 1, 0, 0, 0, 1], mask.OfLatent(8)); // [2,3]
        Assert.Equal(1, mask.OfLatent(1)[1]);

        void Paint(int x, int y) => drawing.Rgb.AsSpan(3 * (24 * y + x), 3).Fill(255);
    }
}
