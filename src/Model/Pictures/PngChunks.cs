using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace PureLcm.Model.Pictures;

/// <summary>
/// A PNG file as what it is, a signature and chunks: length, type, data, checksum (PNG specification, 5.3). Walks over what is
/// there and stops where a chunk is cut off; nothing is allocated by a chunk's word.
/// </summary>
ref struct PngChunks(ReadOnlySpan<byte> file)
{
    /// <summary>Length and type before a chunk's data, and the checksum behind it.</summary>
    const int Before = 8, Behind = 4;

    ReadOnlySpan<byte> rest = file.StartsWith(Signature) ? file[Signature.Length..] : default;

    /// <summary>What every PNG file begins with.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    /// <summary>The chunk's four letters.</summary>
    public string Type { get; private set; } = "";

    /// <summary>What the chunk holds.</summary>
    public ReadOnlySpan<byte> Data { get; private set; }

    /// <summary>Whether the chunk's checksum is right.</summary>
    public bool IsIntact { get; private set; }

    /// <summary>Goes to the next chunk.</summary>
    /// <returns>False where the file ends, before time or not.</returns>
    public bool Next()
    {
        if (rest.Length < Before + Behind) return false;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
        if (length > rest.Length - Before - Behind) return false;
        var summed = rest[4..(Before + (int)length)];
        IsIntact = Crc32.HashToUInt32(summed) == BinaryPrimitives.ReadUInt32BigEndian(rest[(Before + (int)length)..]);
        Type = Encoding.Latin1.GetString(summed[..4]);
        Data = summed[4..];
        rest = rest[(Before + (int)length + Behind)..];
        return true;
    }

    /// <summary>Appends a chunk to a file that is being written.</summary>
    public static void Write(Stream file, string type, ReadOnlySpan<byte> data)
    {
        var chunk = new byte[Before + data.Length + Behind];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        Encoding.ASCII.GetBytes(type, chunk.AsSpan(4));
        data.CopyTo(chunk.AsSpan(Before));
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(Before + data.Length), Crc32.HashToUInt32(chunk.AsSpan(4, 4 + data.Length)));
        file.Write(chunk);
    }
}
