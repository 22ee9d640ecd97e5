using PureLcm.Model.Pictures;

namespace PureLcm.Model.Tests.Pipelines;

/// <summary>Pictures to begin with.</summary>
static class TestPictures
{
    /// <summary>Red from left to right, green from top to bottom, and stripes of blue.</summary>
    public static Picture Gradient(int width, int height)
    {
        var rgb = new byte[3 * width * height];
        for (int i = 0; i < width * height; i++)
            (rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]) = ((byte)(255 * (i % width) / width), (byte)(255 * (i / width) / height), (byte)(i % width / 8 % 2 * 255));
        return new(width, height, rgb);
    }

    /// <summary>White from the left side to a column, and black beyond.</summary>
    public static Picture LeftPart(int width, int height, int column)
    {
        var rgb = new byte[3 * width * height];
        for (int i = 0; i < width * height; i++)
            if (i % width < column) rgb.AsSpan(3 * i, 3).Fill(255);
        return new(width, height, rgb);
    }
}
