using PureLcm.Model.Pictures;

namespace PureLcm.Model.Tests.Pictures.Preprocess;

/// <summary>Pictures for tests, made of rectangles.</summary>
static class Drawing
{
    public static Picture Blank(int width, int height, byte grey)
    {
        var rgb = new byte[3 * width * height];
        rgb.AsSpan().Fill(grey);
        return new(width, height, rgb);
    }

    /// <summary>A rectangle is filled with a colour.</summary>
    public static Picture With(this Picture picture, int left, int top, int width, int height, byte red, byte green, byte blue)
    {
        byte[] rgb = [.. picture.Rgb];
        for (int y = top; y < top + height; y++)
            for (int x = left; x < left + width; x++)
                ((ReadOnlySpan<byte>)[red, green, blue]).CopyTo(rgb.AsSpan(3 * (y * picture.Width + x)));
        return new(picture.Width, picture.Height, rgb);
    }

    /// <summary>Every colour turned into its opposite.</summary>
    public static Picture Inverted(this Picture picture) => new(picture.Width, picture.Height, [.. picture.Rgb.Select(value => (byte)(255 - value))]);

    /// <summary>The red of a pixel; that of a grey picture is all there is.</summary>
    public static byte At(this Picture picture, int x, int y) => picture.Rgb[3 * (y * picture.Width + x)];

    /// <summary>How many pixels of a column are lighter than half.</summary>
    public static int Thickness(this Picture picture, int column) => Enumerable.Range(0, picture.Height).Count(y => picture.At(column, y) > 127);

    /// <summary>Red, green and blue are the same everywhere.</summary>
    public static bool IsGrey(this Picture picture) =>
        Enumerable.Range(0, picture.Width * picture.Height).All(at => picture.Rgb[3 * at] == picture.Rgb[3 * at + 1] && picture.Rgb[3 * at] == picture.Rgb[3 * at + 2]);
}
