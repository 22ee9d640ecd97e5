namespace SixLabors.ImageSharp.Formats.Png;

/// <summary>From a file's samples, of 1 to 16 bits, to 8-bit RGB. Opacity is left away, as ImageSharp does for Rgb24.</summary>
static class PngSamples
{
    /// <summary>Expands a row.</summary>
    /// <param name="row">The row's samples, packed from the highest bit on.</param>
    /// <param name="count">Pixels in it.</param>
    /// <param name="header">What the samples are.</param>
    /// <param name="palette">Three bytes a colour.</param>
    /// <param name="rgb">Where the first pixel goes.</param>
    /// <param name="step">Bytes from one pixel there to the next.</param>
    public static void ToRgb(ReadOnlySpan<byte> row, int count, PngHeader header, ReadOnlySpan<byte> palette, Span<byte> rgb, int step)
    {
        for (int i = 0; i < count; i++)
        {
            int sample = i * header.Channels;
            var pixel = rgb.Slice(i * step, 3);
            switch (header.Color)
            {
                case PngColor.Palette:
                    int entry = 3 * Bits(row, i, header.Depth);
                    if (entry >= palette.Length) throw new InvalidImageContentException("a pixel's colour isn't in its palette");
                    palette.Slice(entry, 3).CopyTo(pixel);
                    break;
                case PngColor.Gray or PngColor.GrayAlpha:
                    pixel.Fill(Byte(row, sample, header.Depth));
                    break;
                default:
                    for (int c = 0; c < 3; c++) pixel[c] = Byte(row, sample + c, header.Depth);
                    break;
            }
        }
    }

    /// <summary>A sample scaled to 0..255: the nearest to sample * 255 / largest.</summary>
    static byte Byte(ReadOnlySpan<byte> row, int index, int depth) => depth switch
    {
        8 => row[index],
        16 => (byte)(((row[2 * index] << 8 | row[2 * index + 1]) * 255 + 32895) >> 16),
        _ => (byte)(Bits(row, index, depth) * (255 / ((1 << depth) - 1))),
    };

    /// <summary>A sample of 1 to 8 bits as it stands.</summary>
    static int Bits(ReadOnlySpan<byte> row, int index, int depth)
    {
        int bit = index * depth;
        return row[bit >> 3] >> (8 - depth - (bit & 7)) & (1 << depth) - 1;
    }
}
