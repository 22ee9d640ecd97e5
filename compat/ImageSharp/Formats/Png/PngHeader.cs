using System.Buffers.Binary;

namespace SixLabors.ImageSharp.Formats.Png;

/// <summary>What a sample of the file is: PNG specification, 11.2.2.</summary>
enum PngColor : byte { Gray = 0, Rgb = 2, Palette = 3, GrayAlpha = 4, RgbAlpha = 6 }

/// <summary>The IHDR chunk, checked.</summary>
readonly record struct PngHeader(int Width, int Height, int Depth, PngColor Color, bool Interlaced)
{
    /// <summary>Bytes of an IHDR chunk.</summary>
    public const int Size = 13;

    /// <summary>Samples of one pixel.</summary>
    public int Channels => Color switch { PngColor.Rgb => 3, PngColor.GrayAlpha => 2, PngColor.RgbAlpha => 4, _ => 1 };

    /// <summary>Bytes from a byte to the one that filters compare it with: a pixel's, at least 1.</summary>
    public int FilterDistance => Math.Max(1, Channels * Depth / 8);

    /// <summary>Bytes of a row of so many pixels, without its filter byte.</summary>
    public int RowBytes(int width) => (int)(((long)width * Channels * Depth + 7) / 8);

    /// <summary>Reads the chunk.</summary>
    /// <exception cref="InvalidImageContentException">A field has a value that the specification doesn't know, or the image is too large.</exception>
    public static PngHeader Parse(ReadOnlySpan<byte> chunk)
    {
        if (chunk.Length != Size) throw new InvalidImageContentException($"its IHDR chunk has {chunk.Length} bytes instead of {Size}");
        uint width = BinaryPrimitives.ReadUInt32BigEndian(chunk), height = BinaryPrimitives.ReadUInt32BigEndian(chunk[4..]);
        var (depth, color, compression, filter, interlace) = (chunk[8], (PngColor)chunk[9], chunk[10], chunk[11], chunk[12]);

        // 8 bytes a pixel are the most that a row can have; pixels and rows must fit arrays.
        if (width is 0 or > int.MaxValue / 8 || height is 0 or > int.MaxValue || (ulong)width * height > int.MaxValue / 3)
            throw new InvalidImageContentException($"its size of {width} x {height} pixels can't be");
        bool known = color switch
        {
            PngColor.Gray => depth is 1 or 2 or 4 or 8 or 16,
            PngColor.Palette => depth is 1 or 2 or 4 or 8,
            PngColor.Rgb or PngColor.GrayAlpha or PngColor.RgbAlpha => depth is 8 or 16,
            _ => false,
        };
        if (!known) throw new InvalidImageContentException($"it has colour type {(byte)color} with {depth} bits a sample, which PNG doesn't know");
        if (compression != 0 || filter != 0 || interlace > 1)
            throw new InvalidImageContentException($"it has compression {compression}, filter {filter} and interlace {interlace}, which PNG doesn't know");
        return new PngHeader((int)width, (int)height, depth, color, interlace == 1);
    }
}
