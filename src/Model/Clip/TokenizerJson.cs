using System.Text;
using System.Text.Json;
using PureLcm.Weights;

namespace PureLcm.Model.Clip;

/// <summary>
/// tokenizer.json, in which Hugging Face's tokenizers save everything in one file: {"added_tokens": [{"id": 49406, "content":
/// "&lt;|startoftext|&gt;", …}], "model": {"vocab": {…}, "merges": […]}}. It has megabytes, and the added tokens stand at its
/// beginning: reading ends as soon as what was asked for is there.
/// </summary>
internal sealed class TokenizerJson
{
    const string WayOut = "fetch the model's tokenizer folder again";

    /// <summary>The objects of added_tokens; empty where there are none.</summary>
    public IReadOnlyList<JsonElement> Added { get; private set; } = [];

    /// <summary>model.vocab, each token's id; null where it wasn't asked for.</summary>
    public Dictionary<string, int>? Vocabulary { get; private set; }

    /// <summary>model.merges, pairs of tokens; null where they weren't asked for.</summary>
    public List<(string Left, string Right)>? Merges { get; private set; }

    /// <summary>Reads the added tokens, and with <paramref name="all"/> the vocabulary and merges too.</summary>
    /// <exception cref="WeightsException">The file is malformed, or lacks what was asked for.</exception>
    public static TokenizerJson Read(string path, byte[] utf8, bool all)
    {
        var file = new TokenizerJson();
        try
        {
            var reader = new Utf8JsonReader(utf8.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? utf8.AsSpan(3) : utf8);
            Expect(ref reader, JsonTokenType.StartObject);
            bool added = false;
            while (!(added && (!all || file.Merges is not null)) && reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (reader.ValueTextEquals("added_tokens"u8)) (file.Added, added) = (List(ref reader), true);
                else if (all && reader.ValueTextEquals("model"u8)) file.ReadModel(ref reader);
                else Skip(ref reader);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new WeightsException(path, "it is not the JSON of a byte-pair tokenizer", WayOut, e);
        }
        return !all || file is { Vocabulary.Count: > 0, Merges: not null } ? file
            : throw new WeightsException(path, "it has no vocab and merges in its model", WayOut);
    }

    void ReadModel(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("vocab"u8)) ReadVocabulary(ref reader);
            else if (reader.ValueTextEquals("merges"u8)) ReadMerges(ref reader);
            else Skip(ref reader);
        }
    }

    void ReadVocabulary(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        Vocabulary = [];
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string token = reader.GetString()!;
            Expect(ref reader, JsonTokenType.Number);
            Vocabulary[token] = reader.TryGetInt32(out int id) && id >= 0 ? id : throw new JsonException("no id");
        }
    }

    /// <summary>A merge is written as "LEFT RIGHT", and by newer versions as ["LEFT", "RIGHT"].</summary>
    void ReadMerges(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        Merges = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.String)
            {
                Merges.Add(reader.GetString()!.Split(' ') is [var left, var right] ? (left, right) : throw new JsonException("no pair"));
                continue;
            }
            if (reader.TokenType != JsonTokenType.StartArray) throw new JsonException("no pair");
            Expect(ref reader, JsonTokenType.String);
            string first = reader.GetString()!;
            Expect(ref reader, JsonTokenType.String);
            Merges.Add((first, reader.GetString()!));
            Expect(ref reader, JsonTokenType.EndArray);
        }
    }

    static IReadOnlyList<JsonElement> List(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        return [.. JsonElement.ParseValue(ref reader).EnumerateArray()];
    }

    static void Skip(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type) throw new JsonException($"no {type}");
    }
}
