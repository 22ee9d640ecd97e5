using System.Buffers.Binary;
using System.Text;

namespace SixLabors.ImageSharp.Formats.Png;

/// <summary>
/// A PNG file as what it is, a signature and chunks (length, type, data, checksum), read one after the other. Nothing is
/// allocated by a chunk's word: what a length promises has to be there.
/// </summary>
sealed class PngChunks(Stream stream)
{
    static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    Crc32 crc;
    uint remaining;

    /// <summary>The chunk's four letters. The first is a capital if the file can't be read without understanding it.</summary>
    public string Type { get; private set; } = "";

    /// <summary>True if the chunk is one that a reader must understand.</summary>
    public bool IsCritical => char.IsAsciiLetterUpper(Type[0]);

    /// <summary>Bytes of the file from here to its end.</summary>
    public long BytesLeft => stream.Length - stream.Position;

    /// <summary>Passes the signature.</summary>
    /// <exception cref="UnknownImageFormatException">The file doesn't begin with it.</exception>
    public void PassSignature()
    {
        Span<byte> start = stackalloc byte[Signature.Length];
        if (stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length || !start.SequenceEqual(Signature))
            throw new UnknownImageFormatException("it is no PNG file");
    }

    /// <summary>Goes to the next chunk; the one before must have been finished.</summary>
    public void Next()
    {
        Span<byte> start = stackalloc byte[8];
        ReadExactly(start);
        remaining = BinaryPrimitives.ReadUInt32BigEndian(start);
        foreach (byte letter in start[4..])
            if (!char.IsAsciiLetter((char)letter)) throw new InvalidImageContentException("something that is no chunk stands where a chunk should begin");
        Type = Encoding.ASCII.GetString(start[4..]);
        if (remaining > BytesLeft) throw new InvalidImageContentException($"its {Type} chunk of {remaining} bytes is cut off");
        crc = default;
        crc.Append(start[4..]);
    }

    /// <summary>The next bytes of the chunk's data; 0 at its end.</summary>
    public int Read(Span<byte> buffer)
    {
        int count = (int)Math.Min(remaining, (uint)buffer.Length);
        ReadExactly(buffer[..count]);
        crc.Append(buffer[..count]);
        remaining -= (uint)count;
        return count;
    }

    /// <summary>The chunk's whole data, or null if it is longer than the limit.</summary>
    public byte[]? ReadWhole(int limit)
    {
        if (remaining > limit) return null;
        var data = new byte[remaining];
        Read(data);
        return data;
    }

    /// <summary>Passes the rest of the chunk. False if the checksum says that an optional chunk is damaged.</summary>
    /// <exception cref="InvalidImageContentException">An indispensable chunk is damaged.</exception>
    public bool Finish()
    {
        Span<byte> rest = stackalloc byte[4096];
        while (Read(rest) > 0)
        {
        }
        Span<byte> sum = stackalloc byte[4];
        ReadExactly(sum);
        bool intact = BinaryPrimitives.ReadUInt32BigEndian(sum) == crc.Value;
        if (!intact && IsCritical) throw new InvalidImageContentException($"its {Type} chunk is damaged (its checksum doesn't match)");
        return intact;
    }

    void ReadExactly(Span<byte> buffer)
    {
        if (stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) < buffer.Length)
            throw new InvalidImageContentException("the file is cut off");
    }
}

/// <summary>The data of successive IDAT chunks as one stream. At its end, the chunk after them is the current one.</summary>
sealed class PngPixelStream(PngChunks chunks) : Stream
{
    bool ended;

    public override int Read(Span<byte> buffer)
    {
        while (!ended && buffer.Length > 0)
        {
            int count = chunks.Read(buffer);
            if (count > 0) return count;
            chunks.Finish();
            chunks.Next();
            ended = chunks.Type != "IDAT";
        }
        return 0;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
