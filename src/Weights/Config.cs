using System.Globalization;
using System.Text;
using System.Text.Json;

namespace PureLcm.Weights;

/// <summary>
/// A JSON file that describes a model, a component or a scheduler, read field by field. A field that is missing takes
/// the fallback; one that is there but null is another matter (mid_block_type null means no middle block) and is an
/// error unless the reader asks for OrNull. Every error names the file and the field. Fields that nobody asked for can be
/// named afterwards (<see cref="Rest"/>), so that nothing in a model's folder is passed over in silence.
/// </summary>
public sealed class Config
{
    readonly JsonElement root;
    readonly HashSet<string> asked = [];

    Config(string path, JsonElement root) => (Path, this.root) = (path, root);

    /// <summary>The file, as errors name it.</summary>
    public string Path { get; }

    /// <summary>Every field, in the file's order.</summary>
    public IEnumerable<KeyValuePair<string, JsonElement>> Fields =>
        root.EnumerateObject().Select(entry => KeyValuePair.Create(entry.Name, entry.Value));

    /// <summary>Reads a file.</summary>
    /// <exception cref="WeightsException">It is missing or no JSON object.</exception>
    public static Config Open(string path) => new(path, JsonText.ReadObject(path));

    /// <summary>Takes the text of a file; <paramref name="path"/> is what errors name.</summary>
    /// <exception cref="WeightsException">It is no JSON object.</exception>
    public static Config Parse(string path, string json) => new(path, JsonText.ParseObject(path, Encoding.UTF8.GetBytes(json)));

    /// <summary>True where the field is there, be it null.</summary>
    public bool Has(string key) => Element(key) is not null;

    /// <summary>True where the field is there and null.</summary>
    public bool IsNull(string key) => Element(key) is { ValueKind: JsonValueKind.Null };

    /// <summary>The field as it is, null where it is missing.</summary>
    public JsonElement? Element(string key)
    {
        lock (asked) asked.Add(key); // several pictures may be made from one model at once
        return root.TryGetProperty(key, out var value) ? value : null;
    }

    /// <summary>
    /// The fields that say something and that nobody asked for, in the file's order. What is null says nothing, and names
    /// that begin with _ are the writer's own notes (_class_name, _diffusers_version).
    /// </summary>
    /// <param name="harmless">Fields that are known to change nothing.</param>
    public IReadOnlyList<string> Rest(params ReadOnlySpan<string> harmless)
    {
        var rest = new List<string>();
        foreach (var (key, value) in Fields)
        {
            bool followed;
            lock (asked) followed = asked.Contains(key);
            if (!followed && value.ValueKind != JsonValueKind.Null && !key.StartsWith('_') && !harmless.Contains(key)) rest.Add(key);
        }
        return rest;
    }

    /// <summary>One sentence that names the <see cref="Rest"/>; null where there is none.</summary>
    /// <param name="harmless">Fields that are known to change nothing.</param>
    public string? RestNotice(params ReadOnlySpan<string> harmless) => Rest(harmless) is { Count: > 0 } rest
        ? $"{Path}: {WeightsException.List(rest)} {(rest.Count == 1 ? "is a field" : "are fields")} that this version doesn't know and doesn't follow"
        : null;

    /// <summary>A whole number from <paramref name="least"/> up.</summary>
    /// <exception cref="WeightsException">It is something else, or missing where there is no fallback.</exception>
    public int Int(string key, int? fallback = null, int least = 0) =>
        Has(key) || fallback == null ? AsInt(key, Required(key), least) : fallback.Value;

    /// <summary>A whole number from <paramref name="least"/> up; null where the field is null or missing.</summary>
    /// <exception cref="WeightsException">It is something else.</exception>
    public int? IntOrNull(string key, int least = 0) => IsNull(key) || !Has(key) ? null : Int(key, null, least);

    /// <summary>A number; Infinity, -Infinity and NaN, as Python writes them, are numbers too.</summary>
    /// <exception cref="WeightsException">It is something else, or missing where there is no fallback.</exception>
    public double Double(string key, double? fallback = null) =>
        Has(key) || fallback == null ? AsDouble(key, Required(key)) : fallback.Value;

    /// <summary>true or false.</summary>
    /// <exception cref="WeightsException">It is something else, or missing where there is no fallback.</exception>
    public bool Bool(string key, bool? fallback = null)
    {
        if (!Has(key) && fallback != null) return fallback.Value;
        var value = Required(key);
        return value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(key, value, "true or false");
    }

    /// <summary>A text.</summary>
    /// <exception cref="WeightsException">It is something else, or missing where there is no fallback.</exception>
    public string String(string key, string? fallback = null) =>
        Has(key) || fallback == null ? AsString(key, Required(key)) : fallback;

    /// <summary>A text; null where the field is null, <paramref name="whenMissing"/> where it is missing.</summary>
    /// <exception cref="WeightsException">It is something else.</exception>
    public string? StringOrNull(string key, string? whenMissing = null) =>
        !Has(key) ? whenMissing : IsNull(key) ? null : String(key);

    /// <summary>A list of whole numbers from <paramref name="least"/> up.</summary>
    /// <exception cref="WeightsException">It is something else, or missing where there is no fallback.</exception>
    public int[] Ints(string key, int[]? fallback = null, int least = 0) =>
        Has(key) || fallback == null ? [.. AsList(key, "a list of whole numbers").Select(item => AsInt(key, item, least))] : fallback;

    /// <summary>A list of texts.</summary>
    /// <exception cref="WeightsException">It is something else, or missing where there is no fallback.</exception>
    public string[] Strings(string key, string[]? fallback = null) =>
        Has(key) || fallback == null ? [.. AsList(key, "a list of texts").Select(item => AsString(key, item))] : fallback;

    /// <summary>One whole number for all levels, or a list with one for each: always <paramref name="count"/> numbers.</summary>
    /// <exception cref="WeightsException">It is something else, of another length, or missing where there is no fallback.</exception>
    public int[] IntOrInts(string key, int count, int? fallback = null, int least = 0)
    {
        if (Element(key)?.ValueKind != JsonValueKind.Array)
            return [.. Enumerable.Repeat(Int(key, fallback, least), count)];
        var list = Ints(key, null, least);
        return list.Length == count ? list : throw Wrong(key, Required(key), $"one number, or a list of {count}");
    }

    /// <summary>
    /// Refuses a field that says something which this program does not run. A missing field passes: the published
    /// defaults are what the program runs.
    /// </summary>
    /// <param name="key">The field.</param>
    /// <param name="value">What it may be: null, a bool, a number or a text.</param>
    /// <exception cref="WeightsException">It is there and something else.</exception>
    public void Only(string key, object? value)
    {
        if (Element(key) is { } element && !Is(element, value)) throw NotRun(key, element, Show(value));
    }

    /// <summary>Likewise, where several values are run.</summary>
    /// <exception cref="WeightsException">It is there and none of them.</exception>
    public void Only(string key, object? value, object? other, params ReadOnlySpan<object?> more)
    {
        if (Element(key) is not { } element || Is(element, value) || Is(element, other)) return;
        string allowed = $"{Show(value)} or {Show(other)}";
        foreach (object? another in more)
        {
            if (Is(element, another)) return;
            allowed += $" or {Show(another)}";
        }
        throw NotRun(key, element, allowed);
    }

    WeightsException NotRun(string key, JsonElement element, string allowed) =>
        new(Path, $"{key} is {Shown(element)}, which is not supported", $"this version runs {allowed} there: use another model");

    static bool Is(JsonElement element, object? value) => value switch
    {
        null => element.ValueKind == JsonValueKind.Null,
        bool flag => element.ValueKind == (flag ? JsonValueKind.True : JsonValueKind.False),
        string text => element.ValueKind == JsonValueKind.String && element.ValueEquals(text),
        IConvertible number => element.ValueKind == JsonValueKind.Number && element.GetDouble() == number.ToDouble(CultureInfo.InvariantCulture),
        _ => throw new ArgumentException($"a config field is never a {value.GetType()}", nameof(value)),
    };

    static string Show(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        string text => $"\"{text}\"",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    int AsInt(string key, JsonElement value, int least) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= least
            ? number
            : throw Wrong(key, value, $"a whole number from {least} up");

    double AsDouble(string key, JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Number => value.GetDouble(),
        JsonValueKind.String when value.ValueEquals("Infinity") => double.PositiveInfinity,
        JsonValueKind.String when value.ValueEquals("-Infinity") => double.NegativeInfinity,
        JsonValueKind.String when value.ValueEquals("NaN") => double.NaN,
        _ => throw Wrong(key, value, "a number"),
    };

    string AsString(string key, JsonElement value) =>
        value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(key, value, "a text");

    JsonElement.ArrayEnumerator AsList(string key, string expected)
    {
        var value = Required(key);
        return value.ValueKind == JsonValueKind.Array ? value.EnumerateArray() : throw Wrong(key, value, expected);
    }

    JsonElement Required(string key) => Element(key)
        ?? throw new WeightsException(Path, $"it has no {key}", "fetch the file again: it is not complete");

    WeightsException Wrong(string key, JsonElement value, string expected) =>
        new(Path, $"{key} is {Shown(value)}, expected {expected}", "correct it, or fetch the file again");

    static string Shown(JsonElement value)
    {
        string text = value.GetRawText();
        return text.Length <= 60 ? text.ReplaceLineEndings(" ") : $"{text[..60].ReplaceLineEndings(" ")}…";
    }
}
