using System.Text;
using System.Text.Json;
using PureLcm.Weights;

namespace PureLcm.Model.Clip;

/// <summary>A published tokenizer folder, read and checked.</summary>
internal sealed class TokenizerFiles
{
    const string WayOut = "fetch the model's tokenizer folder again", VocabularyName = "vocab.json", MergesName = "merges.txt";

    public required Dictionary<string, int> Vocabulary { get; init; }
    public required List<Merge> Merges { get; init; }
    public required AddedToken Start { get; init; }
    public required AddedToken End { get; init; }
    public required AddedToken Unknown { get; init; }
    public required AddedToken Pad { get; init; }

    /// <summary>model_max_length; null where the folder doesn't say.</summary>
    public required int? MaxLength { get; init; }

    public required int LargestId { get; init; }

    /// <summary>The tokens that stand for themselves, the named ones among them, in the order in which the reference registers them.</summary>
    public required IReadOnlyList<AddedToken> Added { get; init; }

    /// <summary>Fields of tokenizer_config.json that are not followed, in one sentence; null where there are none.</summary>
    public required string? Notice { get; init; }

    public static TokenizerFiles Read(string folder)
    {
        string vocabularyFile = Path.Combine(folder, VocabularyName), mergesFile = Path.Combine(folder, MergesName);
        string allInOne = Path.Combine(folder, "tokenizer.json");
        Dictionary<string, int> vocabulary;
        List<Merge> merges;
        TokenizerJson? whole = null;
        if (!File.Exists(vocabularyFile) && File.Exists(allInOne)) // as transformers 5 saves it
        {
            whole = TokenizerJson.Read(allInOne, ReadBytes(allInOne), all: true);
            vocabulary = whole.Vocabulary!;
            merges = [.. whole.Merges!.Select((pair, i) => Joined(allInOne, $"merge {i}", pair.Left, pair.Right, vocabulary))];
        }
        else
        {
            vocabulary = ReadVocabulary(vocabularyFile, ReadBytes(vocabularyFile));
            merges = ReadMerges(mergesFile, ReadBytes(mergesFile), vocabulary);
        }
        var config = OpenIfThere(Path.Combine(folder, "tokenizer_config.json"));
        var map = OpenIfThere(Path.Combine(folder, "special_tokens_map.json"));

        // special_tokens_map.json, added_tokens.json and tokenizer.json rule, unless tokenizer_config.json is of the newer kind
        // that lists the added tokens.
        var registry = new TokenRegistry(vocabulary, vocabularyFile);
        if (config?.Element("added_tokens_decoder") is { } decoder) registry.AddDecoder(config.Path, decoder);
        else
        {
            if (OpenIfThere(Path.Combine(folder, "added_tokens.json")) is { } added) registry.AddList(added, map, config);
            if (whole is null && File.Exists(allInOne)) whole = TokenizerJson.Read(allInOne, ReadBytes(allInOne), all: false);
            if (whole is not null) registry.AddObjects(allInOne, whole.Added);
        }
        var named = config?.Has("added_tokens_decoder") == true ? null : map;
        registry.Register();
        var files = new TokenizerFiles
        {
            Vocabulary = vocabulary,
            Merges = merges,
            Start = registry.Named(named, config, "bos_token", Tokenizer.Start),
            End = registry.Named(named, config, "eos_token", Tokenizer.End),
            Unknown = registry.Named(named, config, "unk_token", Tokenizer.End),
            Pad = registry.Named(named, config, "pad_token", Tokenizer.End),
            MaxLength = ReadMaxLength(config),
            Added = registry.Tokens,
            LargestId = Math.Max(vocabulary.Values.Max(), registry.Tokens.Max(token => token.Id)),
            Notice = config is null ? null : CheckConfig(config),
        };
        return files;
    }

    /// <summary>What of tokenizer_config.json would change the ids and is not followed is refused; other unknown fields are named.</summary>
    static string? CheckConfig(Config config)
    {
        config.Only("tokenizer_class", "CLIPTokenizer", "CLIPTokenizerFast");
        config.Only("padding_side", "right");
        config.Only("truncation_side", "right");
        config.Only("split_special_tokens", false);
        foreach (string key in (string[])["additional_special_tokens", "extra_special_tokens"])
            if (config.Element(key) is { ValueKind: JsonValueKind.Array or JsonValueKind.Object } list && list.ToString() is not ("[]" or "{}"))
                throw new WeightsException(config.Path, $"{key} has special tokens of its own, which is not supported",
                    "name them in added_tokens_decoder, with their ids");
        return config.RestNotice("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token",
            "add_prefix_space",
            "do_lower_case", "errors", "clean_up_tokenization_spaces", "name_or_path", "special_tokens_map_file", "backend", "is_local",
            "local_files_only", "add_bos_token", "add_eos_token", "use_fast", "max_length", "stride", "truncation_strategy",
            "pad_token_type_id", "pad_to_multiple_of", "model_input_names", "processor_class", "chat_template", "tokenizer_file");
    }

    // Written as 1e30 where nobody set it.
    static int? ReadMaxLength(Config? config)
    {
        const int most = 1 << 16;
        if (config is null || !config.Has("model_max_length") || config.IsNull("model_max_length")) return null;
        double length = config.Double("model_max_length");
        if (length > most) return null;
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
            throw new WeightsException(path, "there is no such file",
                "a tokenizer folder has vocab.json and merges.txt; check the model's folder", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WeightsException(path, $"reading failed ({e.Message})", "check the file's permissions and the disk", e);
        }
    }

    /// <summary>vocab.json: { "TOKEN": ID, … }.</summary>
    static Dictionary<string, int> ReadVocabulary(string path, byte[] json)
    {
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
            merges.Add(Joined(path, $"line {number}", pair[0], pair[1], vocabulary));
        }
        return merges;
    }

    static Merge Joined(string path, string where, string left, string right, Dictionary<string, int> vocabulary) =>
        vocabulary.TryGetValue(left, out int a) && vocabulary.TryGetValue(right, out int b) && vocabulary.TryGetValue(left + right, out int joined)
            ? new(a, b, joined)
            : throw new WeightsException(path, $"{where}, \"{left} {right}\", has a token that {VocabularyName} lacks",
                "both have to be of one tokenizer: fetch the folder again");
}
