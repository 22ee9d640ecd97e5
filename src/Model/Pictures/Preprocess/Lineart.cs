namespace PureLcm.Model.Pictures.Preprocess;

/// <summary>
/// Fine white lines on black with soft edges, as the published lineart ControlNets were trained on them: a drawing's lines as
/// thin as they are, light ones grey and strong ones white. A pixel counts by how much it stands out from its surroundings
/// (Marr and Hildreth 1980, "Theory of edge detection"), measured by the strong lines of the same picture, so that a pencil's
/// drawing comes out as clear as ink.
/// </summary>
public static class Lineart
{
    /// <summary>Below this a difference is paper and noise; strong lines that stand out by less than this are not made white.</summary>
    const float Noise = 8, LeastWhite = 32;

    /// <summary>Among the pixels that stand out, the share that is weaker than what is shown white.</summary>
    const float StrongShare = 0.8f;

    /// <summary>How far a pixel's surroundings go at 512 x 512.</summary>
    const float Wide = 6;

    /// <summary>Finds the lines.</summary>
    /// <param name="picture">A drawing or a photo.</param>
    /// <returns>White lines on black, of the same size.</returns>
    public static Picture Lines(Picture picture)
    {
        var lines = Planes.Strokes(picture, fine: 0, MathF.Max(Wide * Planes.Size(picture), 1.5f));
        float[] strong = [.. lines.Where(line => line > Noise).Order()];
        float white = strong.Length == 0 ? LeastWhite : MathF.Max(LeastWhite, strong[(int)(StrongShare * (strong.Length - 1))]);
        return Planes.Grey(picture.Width, picture.Height, at => (byte)MathF.Round(255 * Math.Clamp((lines[at] - Noise) / (white - Noise), 0, 1)));
    }
}
