using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using System.Text;
using FsCheck.Xunit;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.PixelFormats;

namespace PureLcm.ImageSharp.Tests;

/// <summary>
/// Files that lie or are damaged: one of the library's own exceptions, and never much memory. ImageSharp itself lets
/// exceptions of other kinds through, too; <see cref="Image"/>'s caller has to expect them from it.
/// </summary>
public class BrokenFileTests
{
    static readonly byte[] whole = File.ReadAllBytes(ReadTests.PathOf("rgb8.png"));

    [Fact]
    public void AnotherFormatIsUnknown()
    {
        Assert.Throws<UnknownImageFormatException>(() => Load("a text, and no picture"u8.ToArray()));
        Assert.Throws<UnknownImageFormatException>(() => Load([]));
    }

    [Fact]
    public void ACutFileIsInvalid()
    {
        int data = Encoding.Latin1.GetString(whole).IndexOf("IDAT", StringComparison.Ordinal);
        for (int length = 20; length < data + 40; length++)
            Refused(whole[..length]);
    }

    [Fact]
    public void ADamagedPixelChunkIsInvalid()
    {
        int data = Encoding.Latin1.GetString(whole).IndexOf("IDAT", StringComparison.Ordinal);
        var damaged = (byte[])whole.Clone();
        damaged[data + 12] ^= 1;
        Refused(damaged);
    }

    [Theory]
    [InlineData(0, 9, 8, 2, 0)] // no width
    [InlineData(11, 9, 4, 2, 0)] // RGB of 4 bits
    [InlineData(11, 9, 8, 5, 0)] // no such colour type
    [InlineData(11, 9, 8, 2, 7)] // no such interlacing
    [InlineData(11, 9, 8, 3, 0)] // a palette that isn't there
    public void ImpossibleHeadersAreInvalid(int width, int height, byte depth, byte color, byte interlace) =>
        Refused(Made(width, height, depth, color, interlace, new byte[9 * 34]));

    [Property(MaxTest = 2000)]
    public void AnyChangeOfBytesIsSurvived(int seed)
    {
        var random = new Random(seed);
        var changed = (byte[])whole.Clone();
        for (int i = random.Next(1, 4); i > 0; i--) changed[random.Next(8, changed.Length)] = (byte)random.Next(256);
        if (random.Next(3) == 0) Array.Resize(ref changed, random.Next(changed.Length));
        RepairChecksums(changed);
        try
        {
            Load(changed);
        }
        catch (Exception e) when (Chosen.IsReal || e is ImageFormatException)
        {
            // All that a broken file may cause.
        }
    }

    [Fact]
    public void APromiseOfPixelsTakesNoMemory()
    {
        Assert.SkipWhen(Chosen.IsReal, "ImageSharp itself bounds memory by its allocator's limits only.");
        byte[] file = Made(20000, 20000, 8, 2, 0, new byte[1000]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidImageContentException>(() => Load(file));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void ATextThatGrowsAThousandfoldIsLeftAway()
    {
        Assert.SkipWhen(Chosen.IsReal, "ImageSharp itself takes texts of any length.");
        using var text = new MemoryStream();
        text.Write("bomb\0\0"u8);
        using (var deflating = new ZLibStream(text, CompressionLevel.SmallestSize, leaveOpen: true)) deflating.Write(new byte[100 << 20]);
        byte[] file = [.. whole[..33], .. Chunk("zTXt", text.ToArray()), .. whole[33..]];
        Assert.DoesNotContain(Image.Identify(new MemoryStream(file)).Metadata.GetPngMetadata().TextData, t => t.Keyword == "bomb");
    }

    static void Refused(byte[] file)
    {
        var exception = Record.Exception(() => Load(file));
        Assert.NotNull(exception);
        if (!Chosen.IsReal) Assert.IsAssignableFrom<ImageFormatException>(exception);
    }

    static void Load(byte[] file)
    {
        using var image = Image.Load<Rgb24>(new MemoryStream(file));
    }

    static byte[] Made(int width, int height, byte depth, byte color, byte interlace, byte[] rows)
    {
        var header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9], header[12]) = (depth, color, interlace);
        using var data = new MemoryStream();
        using (var deflating = new ZLibStream(data, CompressionLevel.Fastest, leaveOpen: true)) deflating.Write(rows);
        return [.. whole[..8], .. Chunk("IHDR", header), .. Chunk("IDAT", data.ToArray()), .. Chunk("IEND", [])];
    }

    static byte[] Chunk(string type, byte[] data)
    {
        var chunk = new byte[12 + data.Length];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        data.CopyTo(chunk, 8);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + data.Length), Crc32.HashToUInt32(chunk.AsSpan(4, 4 + data.Length)));
        return chunk;
    }

    /// <summary>Gives chunks right checksums again, so that what lies behind those is reached.</summary>
    static void RepairChecksums(byte[] file)
    {
        for (long at = 8; at + 12 <= file.Length;)
        {
            long length = BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan((int)at));
            if (at + 12 + length > file.Length) return;
            var sum = file.AsSpan((int)(at + 8 + length));
            BinaryPrimitives.WriteUInt32BigEndian(sum, Crc32.HashToUInt32(file.AsSpan((int)at + 4, (int)length + 4)));
            at += 12 + length;
        }
    }
}
