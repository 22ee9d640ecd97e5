using System.Text;
using System.Text.Json;
using PureLcm.Weights;

namespace PureLcm.Model.Clip;

/// <summary>A token that stands for itself in a text, such as the one that ends it.</summary>
internal sealed record SpecialToken(string Text, int Id);

/// <summary>A published tokenizer folder, read and checked.</summary>
internal sealed class TokenizerFiles
{
    const string WayOut = "fetch the model's tokenizer folder again";

    public required Dictionary<string, int> Vocabulary { get; init; }
    public required List<Merge> Merges { get; init; }
    public required SpecialToken Start { get; init; }
    public required SpecialToken End { get; init; }
    public required SpecialToken Unknown { get; init; }
    public required SpecialToken Pad { get; init; }
    public required int MaxLength { get; init; }
    public required int LargestId { get; init; }

    /// <summary>The four of them, each text once.</summary>
    public IReadOnlyList<SpecialToken> Specials { get; private set; } = [];

    public static TokenizerFiles Read(string folder)
    {
        string vocabularyFile = Path.Combine(folder, "vocab.json"), mergesFile = Path.Combine(folder, "merges.txt");
        var vocabulary = ReadVocabulary(vocabularyFile, ReadBytes(vocabularyFile), out int largest);
        var config = OpenIfThere(Path.Combine(folder, "tokenizer_config.json"));
        var map = OpenIfThere(Path.Combine(folder, "special_tokens_map.json"));
        var files = new TokenizerFiles
        {
            Vocabulary = vocabulary,
            Merges = ReadMerges(mergesFile, ReadBytes(mergesFile), vocabulary),
            Start = Special("bos_token", Tokenizer.Start),
            End = Special("eos_token", Tokenizer.End),
            Unknown = Special("unk_token", Tokenizer.End),
            Pad = Special("pad_token", Tokenizer.End),
            MaxLength = ReadMaxLength(config),
            LargestId = largest,
        };
        files.Specials = [.. new[] { files.Start, files.End, files.Unknown, files.Pad }.DistinctBy(token => token.Text)];
        return files;

        // special_tokens_map.json rules, unless tokenizer_config.json is of the newer kind that lists the added tokens.
        SpecialToken Special(string key, string fallback)
        {
            string? text = null;
            if (map is not null && config?.Has("added_tokens_decoder") != true) text = TokenText(map, key);
            text ??= config is null ? null : TokenText(config, key);
            text ??= fallback;
            return vocabulary.TryGetValue(text, out int id) ? new SpecialToken(text, id)
                : throw new WeightsException(vocabularyFile, $"it has no token \"{text}\", which is this tokenizer's {key}", WayOut);
        }
    }

    /// <summary>A token is written as a text, or as an object with its text as content; null where the field is missing or null.</summary>
    static string? TokenText(Config config, string key)
    {
        var value = config.Element(key);
        if (value is { ValueKind: JsonValueKind.Object } && value.Value.TryGetProperty("content", out var content)) value = content;
        return value switch
        {
            null or { ValueKind: JsonValueKind.Null } => null,
            { ValueKind: JsonValueKind.String } text when text.GetString() is { Length: > 0 } token => token,
            _ => throw new WeightsException(config.Path, $"{key} is neither a text nor an object with a text as content", WayOut),
        };
    }

    // Written as 1e30 where nobody set it.
    static int ReadMaxLength(Config? config)
    {
        const int clips = 77, most = 1 << 16;
        double length = config?.Double("model_max_length", clips) ?? clips;
        if (length > most) return clips;
        return length is >= 2 && length == Math.Floor(length) ? (int)length
            : throw new WeightsException(config!.Path, "model_max_length has to be a whole number from 2 up", WayOut);
    }

    static Config? OpenIfThere(string path) => File.Exists(path) ? Config.Open(path) : null;

    static byte[] ReadBytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new WeightsException(path, "there is no such file", "a tokenizer folder has vocab.json and merges.txt; check the model's folder", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WeightsException(path, $"reading failed ({e.Message})", "check the file's permissions and the disk", e);
        }
    }

    /// <summary>vocab.json: { "TOKEN": ID, … }.</summary>
    static Dictionary<string, int> ReadVocabulary(string path, byte[] json, out int largest)
    {
        largest = 0;
        var vocabulary = new Dictionary<string, int>(json.Length / 18);
        try
        {
            var reader = new Utf8JsonReader(json.AsSpan().StartsWith(Encoding.UTF8.Preamble) ? json.AsSpan(3) : json);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("no object");
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                string token = reader.GetString()!;
                if (!reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id) || id < 0)
                    throw new WeightsException(path, $"the id of token \"{token}\" is no whole number from 0 up", WayOut);
                vocabulary[token] = id;
                largest = Math.Max(largest, id);
            }
            while (reader.Read()) { } // what follows the object has to be nothing
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new WeightsException(path, "it is not one JSON object of tokens and ids", WayOut, e);
        }
        return vocabulary.Count > 0 ? vocabulary : throw new WeightsException(path, "it has no tokens", WayOut);
    }

    /// <summary>merges.txt: a line "LEFT RIGHT" a merge, the first learned first, after a line that begins with #version.</summary>
    static List<Merge> ReadMerges(string path, byte[] utf8, Dictionary<string, int> vocabulary)
    {
        using var lines = new StringReader(Encoding.UTF8.GetString(utf8).TrimStart('\uFEFF'));
        var merges = new List<Merge>(utf8.Length / 9);
        for (int number = 1; lines.ReadLine() is { } line; number++)
        {
            if (line.Length == 0 || line.StartsWith("#version", StringComparison.Ordinal)) continue;
            string[] pair = line.TrimEnd().Split(' ');
            if (pair.Length != 2)
                throw new WeightsException(path, $"line {number} is not two tokens with a blank between them", WayOut);
            if (!vocabulary.TryGetValue(pair[0], out int left) || !vocabulary.TryGetValue(pair[1], out int right) || !vocabulary.TryGetValue(pair[0] + pair[1], out int joined))
                throw new WeightsException(path, $"line {number}, \"{line}\", has a token that vocab.json lacks", "both files have to be of one tokenizer: fetch the folder again");
            merges.Add(new(left, right, joined));
        }
        return merges;
    }
}
