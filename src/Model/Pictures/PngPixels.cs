using System.Buffers.Binary;
using System.IO.Compression;

namespace PureLcm.Model.Pictures;

/// <summary>
/// What the library is shown of a PNG file: header, palette, transparency and pixels, these in one chunk and known to be
/// all there. ImageSharp 2.1 leaves missing rows black without a word, and of an interlaced file it waits for them for ever.
/// </summary>
static class PngPixels
{
    /// <summary>
    /// Widths below have no pixels in the second of the seven passes, which ImageSharp 2.1 takes for the rows of another.
    /// </summary>
    const int LeastInterlacedWidth = 5;

    /// <summary>The same pixels as a file with nothing else in it.</summary>
    /// <exception cref="InvalidDataException">The file is cut off or damaged, in words for a sentence.</exception>
    public static byte[] Alone(ReadOnlySpan<byte> file)
    {
        using var alone = new MemoryStream();
        using var pixels = new MemoryStream();
        alone.Write(PngChunks.Signature);
        for (var chunks = new PngChunks(file); chunks.Next();)
        {
            if (chunks.Type is not ("IHDR" or "PLTE" or "tRNS" or "IDAT" or "IEND")) continue;
            if (!chunks.IsIntact) throw new InvalidDataException($"its {chunks.Type} chunk's checksum doesn't match");
            if (chunks.Type == "IDAT") pixels.Write(chunks.Data);
            else if (chunks.Type == "IEND")
            {
                PngChunks.Write(alone, "IDAT", pixels.GetBuffer().AsSpan(0, (int)pixels.Length));
                PngChunks.Write(alone, "IEND", []);
                return alone.ToArray();
            }
            else PngChunks.Write(alone, chunks.Type, chunks.Data);
        }
        throw new InvalidDataException("the file is cut off");
    }

    /// <summary>Makes sure that a file has all the rows that its header promises; the header is one that the library takes.</summary>
    /// <param name="alone">What <see cref="Alone"/> gave.</param>
    /// <exception cref="InvalidDataException">It has not.</exception>
    public static void RequireAll(ReadOnlySpan<byte> alone)
    {
        var chunks = new PngChunks(alone);
        chunks.Next();
        var header = chunks.Data;
        int width = BinaryPrimitives.ReadInt32BigEndian(header), height = BinaryPrimitives.ReadInt32BigEndian(header[4..]);
        int bits = header[8] * header[9] switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 }; // a pixel's
        bool interlaced = header[12] == 1;
        if (interlaced && width < LeastInterlacedWidth)
            throw new InvalidDataException($"interlaced pictures narrower than {LeastInterlacedWidth} pixels are not read");
        long missing = interlaced ? Interlaced(width, height, bits) : Rows(width, height, bits);
        while (chunks.Type != "IDAT") chunks.Next();
        using var inflating = new ZLibStream(new MemoryStream(chunks.Data.ToArray()), CompressionMode.Decompress);
        var buffer = new byte[1 << 16];
        for (int count; missing > 0 && (count = inflating.Read(buffer)) > 0;) missing -= count;
        if (missing > 0) throw new InvalidDataException($"of its pixels {missing} bytes are missing");
    }

    /// <summary>Bytes of rows, each with a byte before it that says how it is filtered.</summary>
    static long Rows(long width, long height, int bits) => width == 0 ? 0 : height * (1 + (width * bits + 7) / 8);

    /// <summary>Adam7 (PNG specification, 8.2): each pass has the pixels from a first column and row on, so far apart.</summary>
    static long Interlaced(int width, int height, int bits)
    {
        ReadOnlySpan<(int X, int Y, int Across, int Down)> passes =
            [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
        long bytes = 0;
        foreach (var (x, y, across, down) in passes)
            bytes += Rows(Math.Max(0, (width - x + across - 1) / across), Math.Max(0, (height - y + down - 1) / down), bits);
        return bytes;
    }
}
