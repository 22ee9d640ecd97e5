using System.Text;
using System.Text.Json;

namespace PureLcm.Weights;

/// <summary>Reads the JSON files of a model folder.</summary>
static class JsonText
{
    // The index of the largest published model has about 1 MB, and a vocabulary has 1 MB.
    const long LongestFile = 64 << 20;

    /// <summary>Reads a file whose outermost value is an object.</summary>
    /// <exception cref="WeightsException">It is missing, far too large, or no JSON object.</exception>
    public static JsonElement ReadObject(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            if (length > LongestFile)
                throw new WeightsException(path, $"it has {length} bytes, far more than such a file", "fetch it again");
            return ParseObject(path, File.ReadAllBytes(path));
        }
        catch (Exception e) when (WeightsException.IsFileError(e))
        {
            throw WeightsException.Unreadable(path, e);
        }
    }

    /// <summary>Parses UTF-8 text whose outermost value is an object. The path is what errors name.</summary>
    public static JsonElement ParseObject(string path, byte[] utf8)
    {
        try
        {
            var json = WithoutBareNumbers(utf8);
            CheckStrings(json.Span);
            var options = new JsonDocumentOptions { AllowDuplicateProperties = false };
            using var document = JsonDocument.Parse(json, options);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new WeightsException(path, "it is JSON, but no {…} object", "fetch it again");
        }
        catch (InvalidOperationException e) // how the reader says that a string is not valid UTF-8
        {
            throw new WeightsException(path, "it has a text that is not valid UTF-8", "fetch it again, or correct it", e);
        }
        catch (JsonException e)
        {
            throw new WeightsException(path, $"it is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} of it)", "fetch it again, or correct it", e);
        }
    }

    // JsonDocument looks at a string only when it is asked for, which would be too late for a clear error.
    static void CheckStrings(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
            if (reader.TokenType is JsonTokenType.PropertyName or JsonTokenType.String) reader.GetString();
    }

    /// <summary>
    /// Python writes NaN, Infinity and -Infinity bare (lambda_min_clipped of DPM-Solver configs); JSON has no such
    /// numbers. They become strings, which <c>Config.Double</c> reads as the numbers they mean.
    /// </summary>
    static ReadOnlyMemory<byte> WithoutBareNumbers(byte[] utf8)
    {
        ReadOnlySpan<byte> text = utf8;
        if (text.StartsWith(Encoding.UTF8.Preamble)) text = text[3..];
        if (text.IndexOf("NaN"u8) < 0 && text.IndexOf("Infinity"u8) < 0) return utf8.AsMemory(utf8.Length - text.Length);

        var result = new MemoryStream(text.Length + 16);
        bool inString = false;
        for (int i = 0; i < text.Length; i++)
        {
            int length = inString ? 0 : BareNumber(text[i..]);
            if (length > 0)
            {
                result.WriteByte((byte)'"');
                result.Write(text.Slice(i, length));
                result.WriteByte((byte)'"');
                i += length - 1;
                continue;
            }
            result.WriteByte(text[i]);
            if (inString && text[i] == '\\' && i + 1 < text.Length) result.WriteByte(text[++i]);
            else if (text[i] == '"') inString = !inString;
        }
        return result.GetBuffer().AsMemory(0, (int)result.Length);
    }

    static int BareNumber(ReadOnlySpan<byte> text) =>
        text.StartsWith("NaN"u8) ? 3 : text.StartsWith("Infinity"u8) ? 8 : text.StartsWith("-Infinity"u8) ? 9 : 0;
}
