using PureLcm.Model.Pictures;

namespace PureLcm.Model.Pipelines;

/// <summary>What of a picture is repainted: where a drawing is at least half bright. Grey as PIL's conversion to "L" has it.</summary>
public sealed class PictureMask
{
    readonly bool[] repaints;
    readonly int width, height;

    /// <summary>The mask that a drawing is.</summary>
    public PictureMask(Picture drawing)
    {
        (width, height) = (drawing.Width, drawing.Height);
        repaints = new bool[width * height];
        var rgb = drawing.Rgb;
        for (int i = 0; i < repaints.Length; i++) repaints[i] = Grey(rgb[3 * i], rgb[3 * i + 1], rgb[3 * i + 2]) >= 128;
    }

    /// <summary>Whether a pixel is repainted, counted row by row.</summary>
    public bool this[int pixel] => repaints[pixel];

    /// <summary>
    /// The mask of a latent: 1 where it is repainted, row by row. A latent's pixel is as the picture's in the top left corner of
    /// what it stands for, as torch's nearest neighbour takes it.
    /// </summary>
    /// <param name="reduction">How many pixels' width one of the latent's stands for.</param>
    public float[] OfLatent(int reduction)
    {
        int h = height / reduction, w = width / reduction;
        var mask = new float[h * w];
        for (int y = 0; y < h; y++)
            for (int x = 0; x < w; x++) mask[y * w + x] = repaints[reduction * (y * width + x)] ? 1 : 0;
        return mask;
    }

    /// <summary>ITU-R 601's luma in whole numbers: 0.299 red + 0.587 green + 0.114 blue, times 65536, rounded.</summary>
    static int Grey(int red, int green, int blue) => (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
}
