namespace SixLabors.ImageSharp.Formats.Png;

/// <summary>The checksum at each PNG chunk's end (ISO 3309: polynomial 0xEDB88320, lowest bit first).</summary>
struct Crc32
{
    static readonly uint[] table = MakeTable();

    /// <summary>The checksum of everything appended so far.</summary>
    public uint Value { get; private set; }

    /// <summary>Goes on with more bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        uint crc = ~Value;
        foreach (byte b in bytes) crc = table[(byte)(crc ^ b)] ^ crc >> 8;
        Value = ~crc;
    }

    static uint[] MakeTable()
    {
        var table = new uint[256];
        for (uint i = 0; i < 256; i++)
        {
            uint value = i;
            for (int bit = 0; bit < 8; bit++) value = (value & 1) == 0 ? value >> 1 : value >> 1 ^ 0xEDB88320;
            table[i] = value;
        }
        return table;
    }
}
