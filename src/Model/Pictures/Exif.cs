using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace PureLcm.Model.Pictures;

/// <summary>
/// The two things of a camera's notes (EXIF 2.32) that matter here: which way up the picture is, and the comment, where
/// A1111 puts the parameters of JPEG and WebP files. An offset that points nowhere ends the reading; nothing else fails.
/// </summary>
sealed class Exif
{
    const ushort OrientationTag = 0x0112, CameraTag = 0x8769, CommentTag = 0x9286;
    const int EntryLength = 12, CodeLength = 8;

    static ReadOnlySpan<byte> Mark => "Exif\0\0"u8;

    /// <summary>1 if the first row is the top and the first column the left; up to 8 (EXIF 2.32, 4.6.4 A).</summary>
    public int Orientation { get; private set; } = 1;

    /// <summary>UserComment, or null.</summary>
    public string? Comment { get; private set; }

    /// <summary>The notes in a picture's file; empty ones if it has none.</summary>
    public static Exif Read(ReadOnlySpan<byte> file, string format)
    {
        var exif = new Exif();
        var block = format switch
        {
            "JPEG" => InJpeg(file),
            "WebP" => InWebp(file),
            _ => InPng(file),
        };
        if (block.StartsWith(Mark)) block = block[Mark.Length..];
        bool big = block.StartsWith("MM\0*"u8);
        if (block.Length < 8 || !big && !block.StartsWith("II*\0"u8)) return exif;
        exif.ReadDirectory(block, big, UInt32(block[4..], big), depth: 0);
        return exif;
    }

    /// <summary>A directory of a TIFF file: how many entries, then tag, type, count and the value or its offset, each.</summary>
    void ReadDirectory(ReadOnlySpan<byte> block, bool big, uint offset, int depth)
    {
        if (offset > block.Length - 2) return;
        int entries = UInt16(block[(int)offset..], big);
        for (var rest = block[((int)offset + 2)..]; entries > 0 && rest.Length >= EntryLength; entries--, rest = rest[EntryLength..])
        {
            uint count = UInt32(rest[4..], big), value = UInt32(rest[8..], big);
            switch (UInt16(rest, big))
            {
                case OrientationTag when UInt16(rest[8..], big) is >= 1 and <= 8 and var orientation:
                    Orientation = orientation;
                    break;
                case CameraTag when depth == 0:
                    ReadDirectory(block, big, value, depth + 1);
                    break;
                case CommentTag when count > CodeLength && value <= block.Length && count <= block.Length - value:
                    Comment ??= Text(block.Slice((int)value, (int)count), big);
                    break;
            }
        }
    }

    /// <summary>
    /// A comment: 8 bytes that name its code, then the text. Writers don't agree on UTF-16's byte order, so it is looked at.
    /// </summary>
    static string? Text(ReadOnlySpan<byte> comment, bool big)
    {
        var code = comment[..CodeLength];
        var text = comment[CodeLength..];
        string read = code.SequenceEqual("UNICODE\0"u8) ? Utf16(text, big)
            : (Utf8.IsValid(text) ? Encoding.UTF8 : Encoding.Latin1).GetString(text);
        read = read.Trim('\0');
        return string.IsNullOrWhiteSpace(read) ? null : read;
    }

    static string Utf16(ReadOnlySpan<byte> text, bool big)
    {
        if (text.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF])) return Encoding.BigEndianUnicode.GetString(text[2..]);
        if (text.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE])) return Encoding.Unicode.GetString(text[2..]);
        int lead = 0; // characters of ASCII, by either order
        for (int i = 0; i + 1 < text.Length; i += 2)
        {
            if (text[i] == 0) lead++;
            if (text[i + 1] == 0) lead--;
        }
        return (lead > 0 || lead == 0 && big ? Encoding.BigEndianUnicode : Encoding.Unicode).GetString(text);
    }

    /// <summary>Segments of FF, marker, length and data, until the pixels begin.</summary>
    static ReadOnlySpan<byte> InJpeg(ReadOnlySpan<byte> file)
    {
        const byte startOfScan = 0xDA, app1 = 0xE1;
        for (var rest = file.Length > 2 ? file[2..] : default; rest.Length >= 4 && rest[0] == 0xFF && rest[1] != startOfScan;)
        {
            if (rest[1] == 0xFF) // padding
            {
                rest = rest[1..];
                continue;
            }
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            if (length < 2 || length > rest.Length - 2) break;
            if (rest[1] == app1 && rest[4..].StartsWith(Mark)) return rest[4..(2 + length)];
            rest = rest[(2 + length)..];
        }
        return default;
    }

    /// <summary>RIFF: chunks of four letters, length and data, which is padded to an even length.</summary>
    static ReadOnlySpan<byte> InWebp(ReadOnlySpan<byte> file)
    {
        for (var rest = file.Length > 12 ? file[12..] : default; rest.Length >= 8;)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            if (length > rest.Length - 8) break;
            if (rest.StartsWith("EXIF"u8)) return rest.Slice(8, (int)length);
            long next = 8L + length + (length & 1);
            if (next > rest.Length) break;
            rest = rest[(int)next..];
        }
        return default;
    }

    static ReadOnlySpan<byte> InPng(ReadOnlySpan<byte> file)
    {
        var chunks = new PngChunks(file);
        while (chunks.Next())
            if (chunks.Type == "eXIf" && chunks.IsIntact) return chunks.Data;
        return default;
    }

    static ushort UInt16(ReadOnlySpan<byte> bytes, bool big) =>
        big ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    static uint UInt32(ReadOnlySpan<byte> bytes, bool big) =>
        big ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
