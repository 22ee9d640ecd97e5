using System.Text.RegularExpressions;

namespace PureLcm.Model.Pictures;

/// <summary>
/// What a text says that changes the picture and that this program doesn't do: a picture made from such a text is another one,
/// and its maker is told why. A field that nobody here knows is named, too; only those known to be followed or beside the point
/// are not.
/// </summary>
static partial class UnfollowedFields
{
    const int MostExamples = 6;

    const string DenoisingStrength = "Denoising strength";

    static readonly HashSet<string> own =
    [
        "Steps", "Sampler", "CFG scale", "Seed", "Size", "Model", "Model folder", "Model fingerprint", "LCM-LoRA", "LoRA fused",
        DenoisingStrength, "Strength mode", "Mask",
        "Lora hashes", "Batch size", "Batch pos", "Version", "Exact prompt", "Exact negative prompt",
    ];

    /// <summary>
    /// Fields of other programs that are followed, that name files once more, or that tell of the making and not the picture.
    /// </summary>
    static readonly HashSet<string> theirs =
    [
        "Steps", "Sampler", "CFG scale", "Seed", "Size", "Model", "Model hash", "VAE hash", "Lora hashes", "TI hashes", "Hashes",
        "Batch size", "Batch pos", "Version", "App", "User", "Created Date", "Date", "Time taken", "Civitai resources", "Civitai metadata",
    ];

    /// <summary>Values that mean what is done here anyway.</summary>
    static readonly HashSet<(string Name, string Value)> harmless =
        [("Schedule type", "Automatic"), ("Clip skip", "1"), ("Clip skip", "0"), ("RNG", "CPU"), ("RNG", "cpu"),
            ("Variation seed strength", "0")];

    static readonly HashSet<string> off = ["", "0", "0.0", "False", "None", "Disabled"];

    /// <summary>Fields whose zero is a setting like any other.</summary>
    static readonly HashSet<string> zeroCounts = [DenoisingStrength, "Variation seed"];

    /// <summary>The fields that aren't followed, as "NAME: VALUE".</summary>
    /// <param name="fields">A text's fields.</param>
    /// <param name="isOwn">Whether this program (or a later version of it) wrote them.</param>
    public static IEnumerable<string> OfFields(Dictionary<string, string> fields, bool isOwn) =>
        from field in fields
        where isOwn ? !own.Contains(field.Key) && !OwnNumbered().IsMatch(field.Key)
            : !IsHarmless(field.Key, field.Value) && !(field.Key == DenoisingStrength && IsFromPicture(fields))
        select $"{field.Key}: {field.Value}";

    /// <summary>
    /// Whether a picture was made from another: then there is a strength. Beside A1111's fields of "hires fix" it is that one's, a
    /// second pass over a picture that was made from words.
    /// </summary>
    public static bool IsFromPicture(Dictionary<string, string> fields) =>
        fields.ContainsKey(DenoisingStrength) && !fields.Keys.Any(name => name.StartsWith("Hires ", StringComparison.Ordinal));

    /// <summary>The words of other programs' prompts that mean something to them; here they are words.</summary>
    public static IEnumerable<string> OfPrompt(string prompt, string where)
    {
        string[] words = [.. Syntax().Matches(prompt).Select(match => match.Value).Distinct()];
        if (words.Length > 0)
            yield return $"{string.Join(", ", words.Take(MostExamples))}{(words.Length > MostExamples ? ", …" : "")} in the {where}";
    }

    static bool IsHarmless(string name, string value) =>
        theirs.Contains(name) || harmless.Contains((name, value)) || off.Contains(value) && !zeroCounts.Contains(name);

    [GeneratedRegex(@"^(LoRA [0-9]+( weight| hash)?|ControlNet [0-9]+)$")]
    private static partial Regex OwnNumbered();

    /// <summary>
    /// (word:1.3), ((word)), [word], [one:other:0.5], &lt;hypernet:…&gt;, BREAK and AND, as A1111 has them; \( is a bracket.
    /// </summary>
    [GeneratedRegex(@"(?<!\\)\(+[^()]*(?<!\\)\)+|(?<!\\)\[+[^\[\]]*(?<!\\)\]+|<\w+:[^>]*>|\bBREAK\b|\bAND\b")]
    private static partial Regex Syntax();
}
