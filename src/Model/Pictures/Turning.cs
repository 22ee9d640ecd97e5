namespace PureLcm.Model.Pictures;

/// <summary>Cameras store what the sensor saw, and say beside it how the camera was held.</summary>
static class Turning
{
    /// <summary>The picture as it was seen.</summary>
    /// <param name="width">Pixels in a stored row.</param>
    /// <param name="height">Stored rows.</param>
    /// <param name="rgb">Three bytes a pixel; taken where nothing is to be turned.</param>
    /// <param name="orientation">EXIF's Orientation, 1 to 8.</param>
    /// <param name="texts">The picture's texts.</param>
    public static Picture Upright(int width, int height, byte[] rgb, int orientation, IReadOnlyDictionary<string, string> texts)
    {
        if (orientation == 1) return new(width, height, rgb) { Texts = texts };
        bool across = orientation >= 5; // stored rows are columns of what was seen
        var (seenWidth, seenHeight) = across ? (height, width) : (width, height);
        var seen = new byte[rgb.Length];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                var (right, down) = orientation switch
                {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (height - 1 - y, x),
                    7 => (height - 1 - y, width - 1 - x),
                    _ => (y, width - 1 - x),
                };
                rgb.AsSpan(3 * (y * width + x), 3).CopyTo(seen.AsSpan(3 * (down * seenWidth + right)));
            }
        return new(seenWidth, seenHeight, seen) { Texts = texts };
    }
}
