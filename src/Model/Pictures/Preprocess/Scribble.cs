namespace PureLcm.Model.Pictures.Preprocess;

/// <summary>
/// Thick white strokes on black, nothing between the two, as the published scribble ControlNets were trained on them: a sketch
/// drawn dark on light or light on dark, or what stands out in a photo. Found by a difference of Gaussians (Marr and Hildreth
/// 1980, "Theory of edge detection"), cut at a threshold and made thicker.
/// </summary>
public static class Scribble
{
    /// <summary>How much a stroke stands out at least, of 255: more than noise and JPEG's traces, less than a pencil.</summary>
    const float Threshold = 10;

    /// <summary>At 512 x 512: the pixel's and its surroundings' blur, and what is added to a stroke on each side.</summary>
    const float Fine = 0.5f, Wide = 5, Margin = 2;

    /// <summary>Finds the strokes.</summary>
    /// <param name="picture">A sketch or a photo.</param>
    /// <returns>White strokes on black, of the same size.</returns>
    public static Picture Strokes(Picture picture)
    {
        int width = picture.Width, height = picture.Height;
        float size = Planes.Size(picture);
        var strokes = Planes.Strokes(picture, Fine * MathF.Max(size, 1), MathF.Max(Wide * size, 2));
        int margin = (int)MathF.Round(MathF.Max(Margin * size, 1));
        var (bytes, reach) = (new byte[width * height], margin * margin + margin); // a disc without corners
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                if (strokes[y * width + x] < Threshold) continue;
                for (int v = Math.Max(0, y - margin); v <= Math.Min(height - 1, y + margin); v++)
                    for (int u = Math.Max(0, x - margin); u <= Math.Min(width - 1, x + margin); u++)
                        if ((v - y) * (v - y) + (u - x) * (u - x) <= reach) bytes[v * width + u] = 255;
            }
        return Planes.Grey(width, height, at => bytes[at]);
    }
}
