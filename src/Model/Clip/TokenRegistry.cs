using System.Globalization;
using System.Text.Json;
using PureLcm.Weights;

namespace PureLcm.Model.Clip;

/// <summary>
/// Gathers a tokenizer's added tokens from the files that name them, and registers them as Hugging Face's CLIPTokenizer does:
/// by rising id, then those that the tokenizer needs by name. A token that the vocabulary has keeps its id there; others get
/// the ids after it, in that order, whatever id the file says, so a file that says another one is refused.
/// </summary>
/// <param name="vocabulary">The id of each token.</param>
/// <param name="vocabularyFile">Where it is from, as errors name it.</param>
internal sealed class TokenRegistry(Dictionary<string, int> vocabulary, string vocabularyFile)
{
    const string WayOut = "fetch the model's tokenizer folder again";

    readonly SortedDictionary<int, (string File, AddedToken Token)> found = [];
    readonly List<AddedToken> tokens = [];

    /// <summary>What was registered, in order.</summary>
    public IReadOnlyList<AddedToken> Tokens => tokens;

    /// <summary>added_tokens_decoder of tokenizer_config.json: {"49406": {"content": …}, …}.</summary>
    public void AddDecoder(string file, JsonElement decoder)
    {
        if (decoder.ValueKind != JsonValueKind.Object) throw new WeightsException(file, "added_tokens_decoder is no object of ids and tokens", WayOut);
        foreach (var entry in decoder.EnumerateObject())
        {
            if (!int.TryParse(entry.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                throw new WeightsException(file, $"added_tokens_decoder has \"{Short(entry.Name)}\" where an id has to be", WayOut);
            Add(file, Parse(file, entry.Value, id));
        }
    }

    /// <summary>added_tokens of tokenizer.json: [{"id": 49406, "content": …}, …].</summary>
    public void AddObjects(string file, IReadOnlyList<JsonElement> objects)
    {
        foreach (var item in objects)
        {
            if (item.ValueKind != JsonValueKind.Object || !item.TryGetProperty("id", out var number)
                || number.ValueKind != JsonValueKind.Number || !number.TryGetInt32(out int id) || id < 0)
                throw new WeightsException(file, "added_tokens has a token without an id", WayOut);
            Add(file, Parse(file, item, id));
        }
    }

    /// <summary>added_tokens.json: {"&lt;cat-toy&gt;": 49408, …}. Those that have a name too, such as pad_token, are special.</summary>
    public void AddList(Config file, Config? map, Config? config)
    {
        string[] keys = ["bos_token", "eos_token", "unk_token", "pad_token"];
        string?[] named = [.. from holder in new[] { map, config } where holder is not null from key in keys select Text(holder, key)];
        foreach (string text in file.Fields.Select(field => field.Key))
            Add(file.Path, new AddedToken(text, file.Int(text), Normalized: !named.Contains(text)));
    }

    /// <summary>Gives the gathered tokens their ids.</summary>
    /// <exception cref="WeightsException">A file says another id than the reference would give.</exception>
    public void Register()
    {
        int next = vocabulary.Count;
        foreach (var (file, token) in found.Values)
        {
            if (token.Text.Length == 0 || tokens.Any(other => other.Text == token.Text)) continue;
            int id = vocabulary.TryGetValue(token.Text, out int own) ? own : next++;
            if (id != token.Id)
                throw new WeightsException(file,
                    $"it gives the token \"{Short(token.Text)}\" the id {token.Id}, where the tokenizer's own would be {id}",
                    "correct the id, or fetch the folder again");
            tokens.Add(token);
        }
    }

    /// <summary>
    /// A token that the tokenizer needs: what special_tokens_map.json says (null where it doesn't count), else
    /// tokenizer_config.json, else the usual one.
    /// </summary>
    /// <exception cref="WeightsException">There is no such token.</exception>
    public AddedToken Named(Config? map, Config? config, string key, string usual)
    {
        var holder = new[] { map, config }.FirstOrDefault(file => file is not null && Text(file, key) is not null);
        string text = holder is null ? usual : Text(holder, key)!;
        if (tokens.Find(token => token.Text == text) is { } known) return known;
        if (!vocabulary.TryGetValue(text, out int id))
            throw new WeightsException(vocabularyFile, $"it has no token \"{Short(text)}\", which is this tokenizer's {key}", WayOut);
        // An object may say that it is looked for in the cleaned text; a text by itself is looked for as it is.
        var value = holder?.Element(key);
        var token = value is { ValueKind: JsonValueKind.Object } ? Parse(holder!.Path, value.Value, id, special: true) : new AddedToken(text, id);
        tokens.Add(token);
        return token;
    }

    void Add(string file, AddedToken token)
    {
        // Of two files the later one counts, as in the reference.
        found[token.Id] = (file, token);
    }

    static AddedToken Parse(string file, JsonElement value, int id, bool special = false)
    {
        if (value.ValueKind != JsonValueKind.Object || !value.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.String)
            throw new WeightsException(file, $"the added token {id} has no text as content", WayOut);
        special |= Flag("special", false);
        return new(content.GetString()!, id, Flag("normalized", !special), Flag("single_word", false));

        bool Flag(string key, bool missing) => !value.TryGetProperty(key, out var flag) || flag.ValueKind == JsonValueKind.Null ? missing
            : flag.ValueKind is JsonValueKind.True or JsonValueKind.False ? flag.GetBoolean()
            : throw new WeightsException(file, $"{key} of the added token {id} is neither true nor false", WayOut);
    }

    /// <summary>A token is written as a text, or as an object with its text as content; null where the field is missing or null.</summary>
    static string? Text(Config config, string key)
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

    static string Short(string text) => new([.. text.Take(60).Select(c => char.IsControl(c) ? ' ' : c)]);
}
