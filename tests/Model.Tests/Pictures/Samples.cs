using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using PureLcm.Model.Pictures;

namespace PureLcm.Model.Tests.Pictures;

/// <summary>The pictures beside these tests, and how to make others from them.</summary>
static class Samples
{
    /// <summary>A file such as png/rgb8.png or field/karras.png.</summary>
    public static string PathOf(string name) => Path.Combine(Repository.Root, "tests", "Model.Tests", "Pictures", name);

    public static byte[] Read(string name) => File.ReadAllBytes(PathOf(name));

    public static Picture Load(byte[] file) => Picture.Read(new MemoryStream(file), "sample");

    /// <summary>What a file that can't be read is called.</summary>
    public static string Refusal(byte[] file)
    {
        string message = Assert.Throws<ModelException>(() => Load(file)).Message;
        Assert.StartsWith("sample: ", message);
        Assert.DoesNotContain('\n', message);
        return message;
    }

    /// <summary>A PNG file of any header, right or wrong, with these rows.</summary>
    public static byte[] Png(int width, int height, byte depth, byte color, byte interlace, byte[] rows)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = (depth, color, interlace);
        return [0x89, .. "PNG\r\n\u001a\n"u8, .. Chunk("IHDR", header), .. Chunk("IDAT", Deflated(rows)), .. Chunk("IEND", [])];
    }

    public static byte[] Chunk(string type, byte[] data)
    {
        var chunk = new byte[12 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        data.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), Crc32.HashToUInt32(chunk.AsSpan(4, 4 + data.Length)));
        return chunk;
    }

    public static byte[] Deflated(byte[] data)
    {
        using var to = new MemoryStream();
        using (var deflating = new ZLibStream(to, CompressionLevel.SmallestSize, leaveOpen: true)) deflating.Write(data);
        return to.ToArray();
    }

    /// <summary>Gives chunks right checksums again, so that what lies behind those is reached.</summary>
    public static void RepairChecksums(byte[] png)
    {
        for (long at = 8; at + 12 <= png.Length;)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(png.AsSpan((int)at));
            if (at + 12 + length > png.Length) return;
            BinaryPrimitives.WriteUInt32BigEndian(
                png.AsSpan((int)(at + 8 + length)), Crc32.HashToUInt32(png.AsSpan((int)at + 4, (int)length + 4)));
            at += 12 + length;
        }
    }

    /// <summary>A camera's notes: an orientation (0 for none) and a comment (null for none), in either byte order.</summary>
    public static byte[] Exif(bool big, ushort orientation = 0, byte[]? comment = null)
    {
        using var to = new MemoryStream();
        int entries = (orientation > 0 ? 1 : 0) + (comment is null ? 0 : 1);
        to.Write(big ? "MM\0*"u8 : "II*\0"u8);
        UInt32(8);
        UInt16((ushort)entries);
        if (orientation > 0) Entry(0x0112, 3, 1, () => { UInt16(orientation); UInt16(0); });
        uint camera = (uint)(8 + 2 + 12 * entries + 4);
        if (comment is not null) Entry(0x8769, 4, 1, () => UInt32(camera));
        UInt32(0);
        if (comment is not null)
        {
            UInt16(1);
            Entry(0x9286, 7, (uint)comment.Length, () => UInt32(camera + 2 + 12 + 4));
            UInt32(0);
            to.Write(comment);
        }
        return to.ToArray();

        void Entry(ushort tag, ushort type, uint count, Action value)
        {
            UInt16(tag);
            UInt16(type);
            UInt32(count);
            value();
        }

        void UInt16(ushort value) => to.Write(big ? [(byte)(value >> 8), (byte)value] : [(byte)value, (byte)(value >> 8)]);

        void UInt32(uint value)
        {
            UInt16((ushort)(big ? value >> 16 : value));
            UInt16((ushort)(big ? value : value >> 16));
        }
    }

    /// <summary>A JPEG file with a camera's notes in it.</summary>
    public static byte[] Photo(byte[] exif)
    {
        byte[] jpeg = Read("jpeg/baseline.jpg");
        int length = 2 + 6 + exif.Length;
        return [.. jpeg[..2], 0xFF, 0xE1, (byte)(length >> 8), (byte)length, .. "Exif\0\0"u8, .. exif, .. jpeg[2..]];
    }
}
