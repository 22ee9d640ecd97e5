using System.IO.Compression;
using SixLabors.ImageSharp.Metadata;

namespace SixLabors.ImageSharp.Formats.Png;

/// <summary>
/// Reads PNG files (ISO/IEC 15948) of every colour type, depth and interlacing to 8-bit RGB. Files are not trusted: the
/// memory taken is bounded by the file's own size.
/// </summary>
sealed class PngReader(Stream stream)
{
    /// <summary>Deflate makes at most 1032 bytes of one, so a file that promises more pixels than that can't have them.</summary>
    const long LargestExpansion = 1032;

    readonly PngChunks chunks = new(stream);
    readonly PngTexts texts = new();
    byte[] palette = [];

    /// <summary>What the file begins with.</summary>
    public PngHeader Header { get; private set; }

    /// <summary>The file's texts.</summary>
    public ImageMetadata Metadata { get; } = new();

    /// <summary>Reads the file to its end; the pixels too, or empty instead of them.</summary>
    public byte[] Read(bool pixels)
    {
        chunks.PassSignature();
        chunks.Next();
        if (chunks.Type != "IHDR") throw new InvalidImageContentException($"it begins with {chunks.Type} instead of IHDR");
        Header = PngHeader.Parse(chunks.ReadWhole(PngHeader.Size));
        chunks.Finish();

        byte[]? rgb = null;
        chunks.Next();
        while (chunks.Type != "IEND")
        {
            if (chunks.Type == "IDAT" && pixels)
            {
                if (rgb is not null) throw new InvalidImageContentException("it has pixels in two places");
                rgb = ReadPixels(); // the chunk after is the current one now
                continue;
            }
            if (chunks.Type is "tEXt" or "zTXt" or "iTXt") ReadText();
            else if (chunks.Type == "PLTE") ReadPalette();
            else if (chunks.IsCritical && chunks.Type != "IDAT") throw new InvalidImageContentException($"it has a chunk {chunks.Type} that isn't understood here");
            else chunks.Finish();
            chunks.Next();
        }
        chunks.Finish();
        return rgb ?? (pixels ? throw new InvalidImageContentException("it has no pixels") : []);
    }

    void ReadText()
    {
        string type = chunks.Type;
        byte[]? data = chunks.ReadWhole(PngTexts.Limit);
        if (chunks.Finish() && data is not null && texts.Parse(type, data) is { } text) Metadata.Png.TextData.Add(text);
    }

    void ReadPalette()
    {
        palette = chunks.ReadWhole(256 * 3) ?? [];
        if (palette.Length == 0 || palette.Length % 3 != 0) throw new InvalidImageContentException("its palette has no such length");
        chunks.Finish();
    }

    byte[] ReadPixels()
    {
        if (Header.Color == PngColor.Palette && palette.Length == 0) throw new InvalidImageContentException("its palette is missing");
        var passes = Adam7.Passes(Header);
        long size = passes.Sum(pass => (long)pass.Height * (1 + Header.RowBytes(pass.Width)));
        if (size / LargestExpansion > chunks.BytesLeft)
            throw new InvalidImageContentException($"it promises {Header.Width} x {Header.Height} pixels and is too short for them");

        var rgb = new byte[Header.Width * Header.Height * 3];
        int widest = 1 + passes.Max(pass => Header.RowBytes(pass.Width));
        byte[] current = new byte[widest], previous = new byte[widest]; // each row begins with its filter's number
        using var pixelStream = new PngPixelStream(chunks);
        try
        {
            using var inflated = new ZLibStream(pixelStream, CompressionMode.Decompress, leaveOpen: true);
            foreach (var pass in passes)
            {
                int length = 1 + Header.RowBytes(pass.Width);
                previous.AsSpan().Clear();
                for (int row = 0; row < pass.Height; row++)
                {
                    inflated.ReadExactly(current, 0, length);
                    PngFilters.Undo(current[0], current.AsSpan(1, length - 1), previous.AsSpan(1, length - 1), Header.FilterDistance);
                    int first = (pass.FirstRow + row * pass.RowStep) * Header.Width + pass.FirstColumn;
                    PngSamples.ToRgb(current.AsSpan(1, length - 1), pass.Width, Header, palette, rgb.AsSpan(first * 3), pass.ColumnStep * 3);
                    (current, previous) = (previous, current);
                }
            }
            inflated.ReadByte(); // at the data's end stands its checksum, and zlib looks at it only when asked for more
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException)
        {
            throw new InvalidImageContentException(e is EndOfStreamException ? "it has too few pixels" : "its pixels are damaged", e);
        }
        Span<byte> surplus = stackalloc byte[4096];
        while (pixelStream.Read(surplus) > 0)
        {
        }
        return rgb;
    }
}
