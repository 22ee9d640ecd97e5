using System.IO.Compression;
using System.Text;
using SixLabors.ImageSharp.Formats.Png.Chunks;

namespace SixLabors.ImageSharp.Formats.Png;

/// <summary>
/// The three chunks for texts (PNG specification, 11.3.3): tEXt is Latin-1, zTXt the same compressed, iTXt UTF-8 with a
/// language, compressed or not. A text that can't be read is left away, since the picture is fine without it.
/// </summary>
sealed class PngTexts
{
    /// <summary>The most bytes of texts that are taken from one file: compressed ones grow a thousandfold.</summary>
    public const int Limit = 16 << 20;

    const int LongestKeyword = 79;

    int left = Limit;

    /// <summary>The text of a chunk, or null if it is malformed.</summary>
    public PngTextData? Parse(string type, ReadOnlySpan<byte> data)
    {
        if (!Cut(ref data, out var keywordBytes) || keywordBytes.Length > LongestKeyword) return null;
        string keyword = Encoding.Latin1.GetString(keywordBytes), language = "", translated = "";
        if (string.IsNullOrWhiteSpace(keyword)) return null;

        bool compressed = type == "zTXt";
        if (type == "iTXt")
        {
            if (data.Length < 2 || data[0] > 1) return null;
            compressed = data[0] == 1;
            data = data[1..];
        }
        if (type != "tEXt")
        {
            if (data.Length < 1 || data[0] != 0) return null; // the only method of compression
            data = data[1..];
        }
        if (type == "iTXt")
        {
            if (!Cut(ref data, out var languageBytes) || !Cut(ref data, out var translatedBytes)) return null;
            (language, translated) = (Encoding.ASCII.GetString(languageBytes), Encoding.UTF8.GetString(translatedBytes));
        }
        byte[]? text = compressed ? Inflate(data) : data.ToArray();
        if (text is null || text.Length > left) return null;
        left -= text.Length;
        string value = (type == "iTXt" ? Encoding.UTF8 : Encoding.Latin1).GetString(text);
        return new PngTextData(keyword, value, language, translated);
    }

    /// <summary>A text as a chunk: tEXt where Latin-1 has all its characters, else iTXt; compressed beyond a length.</summary>
    /// <exception cref="ArgumentException">The keyword is too long.</exception>
    public static (string Type, byte[] Data) Compose(PngTextData text, int compressionThreshold)
    {
        if (text.Keyword.Length > LongestKeyword) throw new ArgumentException($"the keyword {text.Keyword} is longer than {LongestKeyword} characters");
        bool international = text.Value.Any(c => c > 255) || text.LanguageTag is { Length: > 0 } || text.TranslatedKeyword is { Length: > 0 };
        bool compressed = text.Value.Length > compressionThreshold;
        byte[] value = (international ? Encoding.UTF8 : Encoding.Latin1).GetBytes(text.Value);

        using var data = new MemoryStream();
        data.Write(Encoding.Latin1.GetBytes(text.Keyword));
        data.WriteByte(0);
        if (international)
        {
            data.Write([compressed ? (byte)1 : (byte)0, 0]);
            data.Write(Encoding.ASCII.GetBytes(text.LanguageTag));
            data.WriteByte(0);
            data.Write(Encoding.UTF8.GetBytes(text.TranslatedKeyword));
            data.WriteByte(0);
        }
        else if (compressed) data.WriteByte(0);
        if (!compressed) data.Write(value);
        else
        {
            using var deflating = new ZLibStream(data, CompressionLevel.Optimal, leaveOpen: true);
            deflating.Write(value);
        }
        return (international ? "iTXt" : compressed ? "zTXt" : "tEXt", data.ToArray());
    }

    /// <summary>Cuts off what stands before the first zero byte.</summary>
    static bool Cut(ref ReadOnlySpan<byte> data, out ReadOnlySpan<byte> before)
    {
        int zero = data.IndexOf((byte)0);
        before = zero < 0 ? default : data[..zero];
        if (zero >= 0) data = data[(zero + 1)..];
        return zero >= 0;
    }

    byte[]? Inflate(ReadOnlySpan<byte> data)
    {
        try
        {
            using var inflating = new ZLibStream(new MemoryStream(data.ToArray()), CompressionMode.Decompress);
            using var text = new MemoryStream();
            var buffer = new byte[8192];
            for (int count; (count = inflating.Read(buffer)) > 0;)
            {
                if (text.Length + count > left) return null;
                text.Write(buffer, 0, count);
            }
            return text.ToArray();
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }
}
