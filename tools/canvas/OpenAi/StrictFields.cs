using System.Text.Json;
using PureLcm.Canvas.Serving;

namespace PureLcm.Canvas.OpenAi;

/// <summary>
/// Reads a JSON object's fields, and says of each that isn't what it should be which one it is. A field whose value is null counts
/// as not there, as in OpenAI's API; one that is there twice is an error, since programs don't agree on which counts.
/// </summary>
static class StrictFields
{
    // What is asked for is an object with at most one object in it; a stranger's brackets needn't be followed deeper.
    static readonly JsonReaderOptions strict = new() { MaxDepth = 8 };

    /// <summary>Reads a field's value, on which the reader stands; false where no field has this name.</summary>
    public delegate bool Field(string name, ref Utf8JsonReader value);

    /// <summary>Reads a request's body.</summary>
    /// <exception cref="ApiException">400.</exception>
    public static void Read(ReadOnlySpan<byte> body, Field field)
    {
        var reader = new Utf8JsonReader(body, strict);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
                throw ApiException.Bad("the body has to be a JSON object, such as {\"prompt\": \"a red house\"}", null, "invalid_json");
            ReadObject(ref reader, "", field);
            reader.Read(); // throws where something follows
        }
        catch (JsonException e)
        {
            throw ApiException.Bad(
                $"the body is no JSON: at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1} something else was expected", null,
                "invalid_json");
        }
        catch (InvalidOperationException e) when (e is not ObjectDisposedException)
        {
            // What the reader says of texts that are no UTF-8, or that have half of a character that takes two escapes.
            throw ApiException.Bad("the body is no JSON: a text in it is not UTF-8", null, "invalid_json");
        }
    }

    /// <summary>The fields of the object on whose start the reader stands.</summary>
    public static void ReadObject(ref Utf8JsonReader reader, string path, Field field)
    {
        var seen = new HashSet<string>();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!, full = path.Length == 0 ? name : $"{path}.{name}";
            if (!seen.Add(name)) throw ApiException.Bad($"{Shown(full)} is there twice", Shown(full), "invalid_value");
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
            {
                var nothing = new Utf8JsonReader("null"u8);
                nothing.Read();
                if (!field(name, ref nothing)) throw Unknown(full);
                continue;
            }
            if (!field(name, ref reader)) throw Unknown(full);
        }
    }

    /// <summary>A text; null where the field is null.</summary>
    public static string? Text(string name, ref Utf8JsonReader value) => value.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.String => value.GetString(),
        _ => throw Wrong(name, "a text"),
    };

    /// <summary>A whole number of a range; null where the field is null.</summary>
    public static int? Whole(string name, ref Utf8JsonReader value, int least, int most)
    {
        if (value.TokenType == JsonTokenType.Null) return null;
        if (value.TokenType != JsonTokenType.Number) throw Wrong(name, $"a whole number from {least} to {most}");
        return value.TryGetInt32(out int number) && number >= least && number <= most ? number
            : throw ApiException.Bad($"{name} has to be a whole number from {least} to {most}", name, "invalid_value");
    }

    /// <summary>A number of a range; null where the field is null.</summary>
    public static double? Real(string name, ref Utf8JsonReader value, double least, double most)
    {
        if (value.TokenType == JsonTokenType.Null) return null;
        if (value.TokenType != JsonTokenType.Number) throw Wrong(name, $"a number from {least} to {most}");
        return value.TryGetDouble(out double number) && number >= least && number <= most ? number
            : throw ApiException.Bad($"{name} has to be a number from {least} to {most}", name, "invalid_value");
    }

    /// <summary>True or false; null where the field is null.</summary>
    public static bool? Truth(string name, ref Utf8JsonReader value) => value.TokenType switch
    {
        JsonTokenType.Null => null,
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => throw Wrong(name, "true or false"),
    };

    /// <summary>A value of another kind than the field takes.</summary>
    public static ApiException Wrong(string name, string wanted) =>
        ApiException.Bad($"{Shown(name)} has to be {wanted}", Shown(name), "invalid_type");

    static ApiException Unknown(string name) =>
        ApiException.Bad($"there is no field {Shown(name)} (docs/server.md lists them): check its spelling, or leave it out",
            Shown(name), "unknown_parameter");

    /// <summary>A stranger's text, short enough to be said back.</summary>
    public static string Shown(string text) => text.Length <= 64 ? text : text[..64] + "…";
}
