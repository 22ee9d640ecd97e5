using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace SixLabors.ImageSharp.Formats.Png;

/// <summary>Writes PNG files: 8-bit RGB, not interlaced, the texts before the pixels.</summary>
static class PngWriter
{
    const int Channels = 3;

    /// <summary>Writes a whole file.</summary>
    public static void Write(Image image, Stream stream, PngEncoder encoder)
    {
        stream.Write([0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A]);

        var header = new byte[PngHeader.Size];
        BinaryPrimitives.WriteInt32BigEndian(header, image.Width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), image.Height);
        (header[8], header[9]) = (8, (byte)PngColor.Rgb); // bits a sample; the rest is zero: deflate, the five filters, no interlacing
        WriteChunk(stream, "IHDR", header);

        foreach (var text in image.Metadata.GetPngMetadata().TextData)
        {
            var (type, data) = PngTexts.Compose(text, encoder.TextCompressionThreshold);
            WriteChunk(stream, type, data);
        }
        WriteChunk(stream, "IDAT", Deflate(image.Rgb, image.Width, image.Height));
        WriteChunk(stream, "IEND", []);
    }

    static void WriteChunk(Stream stream, string type, ReadOnlySpan<byte> data)
    {
        Span<byte> start = stackalloc byte[8], end = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(start, data.Length);
        Encoding.ASCII.GetBytes(type, start[4..]);
        var crc = new Crc32();
        crc.Append(start[4..]);
        crc.Append(data);
        BinaryPrimitives.WriteUInt32BigEndian(end, crc.Value);
        stream.Write(start);
        stream.Write(data);
        stream.Write(end);
    }

    static ReadOnlySpan<byte> Deflate(ReadOnlySpan<byte> rgb, int width, int height)
    {
        int length = width * Channels;
        var above = new byte[length].AsSpan();
        byte[] best = new byte[1 + length], trial = new byte[1 + length];
        var output = new MemoryStream();
        using (var deflating = new ZLibStream(output, CompressionLevel.Optimal, leaveOpen: true))
            for (int y = 0; y < height; y++)
            {
                var row = rgb.Slice(y * length, length);
                long least = long.MaxValue;
                for (byte filter = 0; filter < PngFilters.Count; filter++)
                {
                    trial[0] = filter;
                    PngFilters.Apply(filter, row, above, Channels, trial.AsSpan(1));
                    long size = Magnitude(trial.AsSpan(1));
                    if (size >= least) continue;
                    least = size;
                    (best, trial) = (trial, best);
                }
                deflating.Write(best);
                row.CopyTo(above);
            }
        return output.GetBuffer().AsSpan(0, (int)output.Length);
    }

    /// <summary>
    /// The sum of the differences as signed bytes: the specification's own advice (12.7) for guessing which filter will
    /// compress best.
    /// </summary>
    static long Magnitude(ReadOnlySpan<byte> differences)
    {
        long sum = 0;
        foreach (byte difference in differences) sum += Math.Abs((int)(sbyte)difference);
        return sum;
    }
}
