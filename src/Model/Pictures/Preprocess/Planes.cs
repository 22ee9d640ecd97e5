namespace PureLcm.Model.Pictures.Preprocess;

/// <summary>What preprocessors share: blurring, and finding what was drawn.</summary>
static class Planes
{
    /// <summary>Sizes of strokes are for pictures of this side, which Stable Diffusion was trained on, and scale with others.</summary>
    const float Side = 512;

    /// <summary>A grey picture of what each pixel is, counted row by row.</summary>
    public static Picture Grey(int width, int height, Func<int, byte> value)
    {
        var rgb = new byte[3 * width * height];
        for (int at = 0; at < width * height; at++) rgb.AsSpan(3 * at, 3).Fill(value(at));
        return new(width, height, rgb);
    }

    /// <summary>How many times larger than a picture of 512 x 512 the picture's smaller side is.</summary>
    public static float Size(Picture picture) => Math.Min(picture.Width, picture.Height) / Side;

    /// <summary>
    /// How much each pixel stands out from what surrounds it, 0 to 255: darker than that in a light picture, lighter in a dark
    /// one, since strokes are few and the ground is what there is most of. The colour that stands out most counts, so that a
    /// yellow stroke on white is one.
    /// </summary>
    /// <param name="picture">A sketch or a photo.</param>
    /// <param name="fine">How far the pixel itself is blurred, in pixels (a standard deviation); 0 for not at all.</param>
    /// <param name="wide">How far its surroundings go.</param>
    public static float[] Strokes(Picture picture, float fine, float wide)
    {
        int width = picture.Width, height = picture.Height;
        bool isDark = IsDark(picture);
        var strokes = new float[width * height];
        for (int c = 0; c < 3; c++)
        {
            var plane = new float[width * height];
            for (int at = 0; at < plane.Length; at++) plane[at] = isDark ? 255 - picture.Rgb[3 * at + c] : picture.Rgb[3 * at + c];
            float[] near = Blurred(plane, width, height, fine), far = Blurred(plane, width, height, wide);
            for (int at = 0; at < plane.Length; at++) strokes[at] = Math.Max(strokes[at], far[at] - near[at]);
        }
        return strokes;
    }

    /// <summary>Whether half of the pixels or more are in the dark half.</summary>
    static bool IsDark(Picture picture)
    {
        int dark = 0, pixels = picture.Width * picture.Height;
        for (int at = 0; at < pixels; at++)
            if (picture.Rgb[3 * at] + picture.Rgb[3 * at + 1] + picture.Rgb[3 * at + 2] < 3 * 127.5f) dark++;
        return 2L * dark >= pixels;
    }

    /// <summary>A Gaussian blur; the picture goes on beyond its border as it ends there.</summary>
    static float[] Blurred(float[] plane, int width, int height, float deviation)
    {
        if (deviation <= 0) return plane;
        int radius = (int)MathF.Ceiling(3 * deviation);
        float[] weights = [.. Enumerable.Range(-radius, 2 * radius + 1).Select(i => MathF.Exp(-i * i / (2 * deviation * deviation)))];
        float sum = weights.Sum();
        for (int i = 0; i < weights.Length; i++) weights[i] /= sum;

        var across = new float[plane.Length];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                float value = 0;
                for (int i = -radius; i <= radius; i++) value += weights[i + radius] * plane[y * width + Math.Clamp(x + i, 0, width - 1)];
                across[y * width + x] = value;
            }
        var both = new float[plane.Length];
        for (int y = 0; y < height; y++)
            for (int i = -radius; i <= radius; i++)
            {
                int row = Math.Clamp(y + i, 0, height - 1) * width;
                for (int x = 0; x < width; x++) both[y * width + x] += weights[i + radius] * across[row + x];
            }
        return both;
    }
}
