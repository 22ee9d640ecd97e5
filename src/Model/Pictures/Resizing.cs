namespace PureLcm.Model.Pictures;

/// <summary>
/// Another size of a picture by Lanczos' windowed sinc of three lobes, as Pillow's LANCZOS has it, which diffusers gives pictures
/// to pipelines with: made smaller, the kernel is stretched over what becomes one pixel, so that fine lines don't break. Rows
/// first, then columns, each rounded to bytes; the sums are whole numbers, so every machine gives the same bytes.
/// </summary>
static class Resizing
{
    const int Lobes = 3;

    /// <summary>Binary digits after the point of a weight.</summary>
    const int Digits = 22;

    /// <summary>The picture in that size.</summary>
    public static byte[] Resize(Picture picture, int width, int height)
    {
        var rgb = picture.Rgb;
        if (width != picture.Width) rgb = Along(rgb, picture.Width, width, picture.Height, step: 3, line: 3 * picture.Width, newStep: 3,
            newLine: 3 * width);
        if (height != picture.Height) rgb = Along(rgb, picture.Height, height, width, step: 3 * width, line: 3, newStep: 3 * width,
            newLine: 3);
        return rgb;
    }

    /// <summary>Each of <paramref name="lines"/> rows (or columns) from one length to another.</summary>
    static byte[] Along(byte[] from, int length, int newLength, int lines, int step, int line, int newStep, int newLine)
    {
        var to = new byte[(long)lines * newLength * 3];
        for (int i = 0; i < newLength; i++)
        {
            int[] weights = Weights(length, newLength, i, out int first);
            for (int l = 0; l < lines; l++)
                for (int c = 0; c < 3; c++)
                {
                    long sum = 1L << (Digits - 1); // half, for rounding
                    for (int k = 0; k < weights.Length; k++) sum += (long)weights[k] * from[l * line + (first + k) * step + c];
                    to[l * newLine + i * newStep + c] = (byte)Math.Clamp(sum >> Digits, 0, 255);
                }
        }
        return to;
    }

    /// <summary>What the old pixels from <paramref name="first"/> on count in a new one, as whole numbers with a sum of about 2^22.</summary>
    static int[] Weights(int length, int newLength, int i, out int first)
    {
        double scale = (double)length / newLength, stretch = Math.Max(1, scale), centre = (i + 0.5) * scale;
        first = Math.Max(0, (int)(centre - Lobes * stretch + 0.5));
        int end = Math.Min(length, (int)(centre + Lobes * stretch + 0.5));
        var weights = new double[end - first];
        for (int k = 0; k < weights.Length; k++) weights[k] = Lanczos((first + k - centre + 0.5) / stretch);
        double sum = weights.Sum();
        return [.. weights.Select(weight => (int)Math.Round(weight / sum * (1 << Digits), MidpointRounding.AwayFromZero))];
    }

    static double Lanczos(double x) => Math.Abs(x) < Lobes ? Sinc(x) * Sinc(x / Lobes) : 0;

    static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
}
