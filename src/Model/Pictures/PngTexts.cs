using System.IO.Compression;
using System.Text;
using System.Text.Unicode;

namespace PureLcm.Model.Pictures;

/// <summary>
/// Texts in PNG files, in three kinds of chunks (PNG specification, 11.3.3): tEXt is Latin-1, zTXt the same compressed, iTXt
/// UTF-8 with a language, compressed or not. Beside the library's own reader because that one forgets what these files are about:
/// texts behind the pixels, UTF-8 in tEXt (stable-diffusion.cpp and StabilityMatrix write it), texts of a file whose pixels are damaged.
/// </summary>
static class PngTexts
{
    /// <summary>The most bytes of texts that are taken from one file: compressed ones grow a thousandfold.</summary>
    public const int Limit = 16 << 20;

    const int LongestKeyword = 79;

    /// <summary>
    /// The texts of a file by their keywords, as far as the file goes; the first of a keyword counts. A chunk that is malformed,
    /// damaged or beyond the <see cref="Limit"/> is left away, since the picture is fine without it.
    /// </summary>
    public static Dictionary<string, string> Read(ReadOnlySpan<byte> file)
    {
        var texts = new Dictionary<string, string>();
        int left = Limit;
        for (var chunks = new PngChunks(file); chunks.Next();)
            if (chunks.Type is "tEXt" or "zTXt" or "iTXt" && chunks.IsIntact && Parse(chunks.Type, chunks.Data, ref left) is { } text)
                texts.TryAdd(text.Keyword, text.Value);
        return texts;
    }

    /// <summary>Writes a PNG file with texts in it, before the pixels, where every reader looks.</summary>
    /// <param name="file">Where to.</param>
    /// <param name="png">The file without texts.</param>
    /// <param name="texts">Texts by their keywords.</param>
    /// <exception cref="ArgumentException">
    /// A keyword is no 1 to 79 printable characters of Latin-1, or a text has a zero in it.
    /// </exception>
    public static void Write(Stream file, ReadOnlySpan<byte> png, IReadOnlyDictionary<string, string> texts)
    {
        var chunks = texts.Select(text => Compose(text.Key, text.Value)).ToArray(); // all of them, before anything is written
        const int header = 8 + 12 + 13; // the signature, and IHDR, which must be the first chunk
        file.Write(png[..header]);
        foreach (var (type, data) in chunks) PngChunks.Write(file, type, data);
        file.Write(png[header..]);
    }

    /// <summary>
    /// A text as a chunk, never compressed: some tools look for parameters in tEXt and plain iTXt chunks only. tEXt where
    /// Latin-1 has all its characters, and where its bytes can't be taken for UTF-8.
    /// </summary>
    static (string Type, byte[] Data) Compose(string keyword, string text)
    {
        if (keyword.Length is 0 or > LongestKeyword || keyword != keyword.Trim() || keyword.Any(c => c > 255 || char.IsControl(c)))
            throw new ArgumentException(
                $"{keyword}: a keyword has 1 to {LongestKeyword} printable characters of Latin-1", nameof(keyword));
        if (text.Contains('\0'))
            throw new ArgumentException($"the text {keyword} has a zero in it, which no PNG file can hold", nameof(text));
        byte[] key = Encoding.Latin1.GetBytes(keyword);
        if (text.All(c => c <= 255))
        {
            byte[] latin = Encoding.Latin1.GetBytes(text);
            if (!IsBeyondAsciiUtf8(latin)) return ("tEXt", [.. key, 0, .. latin]);
        }
        return ("iTXt", [.. key, 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(text)]); // not compressed, no language, no translated keyword
    }

    /// <summary>The text of a chunk, or null if it is malformed or longer than what is left of the limit.</summary>
    static (string Keyword, string Value)? Parse(string type, ReadOnlySpan<byte> data, ref int left)
    {
        if (!Cut(ref data, out var key) || key.Length is 0 or > LongestKeyword) return null;
        bool international = type == "iTXt", compressed = type == "zTXt";
        if (international)
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
        if (international && (!Cut(ref data, out _) || !Cut(ref data, out _))) return null; // the language, the translated keyword
        byte[]? text = compressed ? Inflate(data, left) : data.Length <= left ? data.ToArray() : null;
        if (text is null) return null;
        left -= text.Length;
        // A text of another encoding is hardly ever valid UTF-8 by chance, so what is valid is meant.
        bool isUtf8 = international || type == "tEXt" && IsBeyondAsciiUtf8(text);
        return (Encoding.Latin1.GetString(key), (isUtf8 ? Encoding.UTF8 : Encoding.Latin1).GetString(text));
    }

    static bool IsBeyondAsciiUtf8(ReadOnlySpan<byte> text) => !Ascii.IsValid(text) && Utf8.IsValid(text);

    /// <summary>Cuts off what stands before the first zero byte.</summary>
    static bool Cut(ref ReadOnlySpan<byte> data, out ReadOnlySpan<byte> before)
    {
        int zero = data.IndexOf((byte)0);
        before = zero < 0 ? default : data[..zero];
        if (zero >= 0) data = data[(zero + 1)..];
        return zero >= 0;
    }

    static byte[]? Inflate(ReadOnlySpan<byte> data, int limit)
    {
        try
        {
            using var inflating = new ZLibStream(new MemoryStream(data.ToArray()), CompressionMode.Decompress);
            using var text = new MemoryStream();
            var buffer = new byte[8192];
            for (int count; (count = inflating.Read(buffer)) > 0;)
            {
                if (text.Length + count > limit) return null;
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
