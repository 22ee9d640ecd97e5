using System.Globalization;
using System.Text;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Random;
using PureLcm.Model.Schedulers;

namespace PureLcm.Model.Pictures;

/// <summary>
/// Everything that a picture was made with, and the text that goes into its file under "parameters". The text is in the
/// form that AUTOMATIC1111's web UI began and other tools read:
/// <code>
/// a red house &lt;lora:cyanotype:0.8&gt;
/// Negative prompt: trees
/// Steps: 4, Sampler: LCM, CFG scale: 1, Seed: 7, Size: 128x128, Model: picturebook, Version: PureLcm 0.1.0
/// </code>
/// Fields that only this program knows (LoRA files, the model's fingerprint) are added in the same form, so that
/// <see cref="Parse"/> gives back exactly what was written, whatever the prompt's characters are. Files go by name and hash.
/// </summary>
public sealed record GenerationParameters
{
    /// <summary>The text in a picture's <see cref="Picture.Texts"/>.</summary>
    public const string Keyword = "parameters";

    const string Program = "PureLcm ";
    const string NegativeLine = "Negative prompt:";

    /// <summary>What the picture shows.</summary>
    public required string Prompt { get; init; }

    /// <summary>What it should not show.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>How many times the network was asked.</summary>
    public required int Steps { get; init; }

    /// <summary>The sampler.</summary>
    public required SchedulerKind Sampler { get; init; }

    /// <summary>How much the prompt counted; null if the text doesn't say.</summary>
    public required double? Guidance { get; init; }

    /// <summary>The generator's seed; null if the text doesn't say, or says -1 as other programs do for a random one.</summary>
    public required Seed? Seed { get; init; }

    /// <summary>Pixels in a row; null if the text doesn't say.</summary>
    public int? Width { get; init; }

    /// <summary>Rows; null if the text doesn't say.</summary>
    public int? Height { get; init; }

    /// <summary>How far it went from the picture that it was made from, 0 to 1; null if it was made from words alone.</summary>
    public double? Strength { get; init; }

    /// <summary>What <see cref="Strength"/> means; there is one where that is. Other programs leave steps out.</summary>
    public StrengthMode? StrengthMode { get; init; }

    /// <summary>Whether a part of that picture was repainted, which a mask says.</summary>
    public bool HasMask { get; init; }

    /// <summary>The model's name.</summary>
    public string Model { get; init; } = "";

    /// <summary>What <see cref="FileHashes.Model"/> said of the model; null if the text doesn't say.</summary>
    public string? ModelFingerprint { get; init; }

    /// <summary>
    /// The model's folder, in texts that versions up to 0.1.0 wrote; null for the model that the program ships with. No longer
    /// written: where a person keeps files is nobody else's business.
    /// </summary>
    public string? ModelFolder { get; init; }

    /// <summary>Whether the LCM-LoRA in the model's own folder was on, if there is one.</summary>
    public bool Lcm { get; init; } = true;

    /// <summary>Further LoRAs.</summary>
    public IReadOnlyList<UsedLora> Loras { get; init; } = [];

    /// <summary>ControlNets that the picture was steered by.</summary>
    public IReadOnlyList<UsedControl> Controls { get; init; } = [];

    /// <summary>Whether LoRAs were merged into the weights.</summary>
    public bool Fuse { get; init; }

    /// <summary>How many pictures were made from the seed together.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Which of them this one is, from 0.</summary>
    public int Index { get; init; }

    /// <summary>The program that made the picture, "PureLcm 0.1.0"; empty if the text doesn't say.</summary>
    public string Version { get; init; } = Program + typeof(GenerationParameters).Assembly.GetName().Version!.ToString(3);

    /// <summary>
    /// What the text says that changes the picture and that this program doesn't do, as "Clip skip: 2". Fields that it doesn't know
    /// are among them. <see cref="ToText"/> leaves them away.
    /// </summary>
    public IReadOnlyList<string> NotFollowed { get; init; } = [];

    /// <summary>Whether this program made the picture, and so can make the same one again.</summary>
    public bool IsOwn => Version.StartsWith(Program, StringComparison.Ordinal);

    /// <summary>What a picture was made with, as far as its options say it: who made it adds the model and the LoRAs by their names.</summary>
    /// <param name="prompt">What it shows.</param>
    /// <param name="chosen">Options with every choice made.</param>
    /// <param name="index">Which of <see cref="GenerateOptions.Count"/> it is, from 0.</param>
    public static GenerationParameters Of(string prompt, GenerateOptions chosen, int index = 0) => new()
    {
        Prompt = prompt,
        NegativePrompt = chosen.NegativePrompt,
        Steps = chosen.Steps!.Value,
        Sampler = chosen.Scheduler!.Value,
        Guidance = chosen.Guidance!.Value,
        Seed = chosen.Seed,
        Width = chosen.Width,
        Height = chosen.Height,
        Strength = chosen.Strength,
        StrengthMode = chosen.StrengthMode,
        HasMask = chosen.Mask is not null,
        Count = chosen.Count,
        Index = index,
    };

    /// <summary>The text for a picture's file.</summary>
    public string ToText()
    {
        string tags = LoraTags.Compose(Loras);
        string plain = Prompt + tags + (NegativePrompt.Length > 0 ? $"\n{NegativeLine} {NegativePrompt}" : "");
        var (prompt, negative) = Split(plain.Split('\n'));
        var fields = Fields();
        // What the plain form would lose (blanks around lines, a line that looks like another part) is said once more, exactly.
        if (prompt != Prompt + tags || !IsText(prompt)) ParameterFields.Add(fields, "Exact prompt", Prompt, quoted: true);
        if (negative != NegativePrompt || !IsText(negative)) ParameterFields.Add(fields, "Exact negative prompt", NegativePrompt, quoted: true);
        return $"{plain}\n{fields}";
    }

    StringBuilder Fields()
    {
        var text = new StringBuilder();
        Add("Steps", Steps.ToString(CultureInfo.InvariantCulture));
        Add("Sampler", Sampler.A1111Name());
        if (Guidance is { } guidance) Add("CFG scale", Number(guidance));
        if (Seed is { } seed) Add("Seed", seed.ToString());
        if (Width is { } width && Height is { } height) Add("Size", string.Create(CultureInfo.InvariantCulture, $"{width}x{height}"));
        if (Model.Length > 0) Add("Model", Model);
        if (ModelFingerprint is not null) Add("Model fingerprint", ModelFingerprint);
        if (Strength is { } strength)
        {
            Add("Denoising strength", Number(strength));
            Add("Strength mode", StrengthMode == Pipelines.StrengthMode.Drop ? "drop" : "inside");
        }
        if (HasMask) Add("Mask", "yes");
        if (!Lcm) Add("LCM-LoRA", "off");
        for (int i = 0; i < Loras.Count; i++)
        {
            Add($"LoRA {i + 1}", Loras[i].FileName);
            Add($"LoRA {i + 1} weight", Number(Loras[i].Weight));
            if (Loras[i].Hash is { } hash) Add($"LoRA {i + 1} hash", hash);
        }
        // Once more as other tools look for them.
        string hashes = string.Join(", ", Loras.Where(lora => lora.Hash is not null).Select(lora => $"{lora.Title}: {lora.Hash}"));
        if (hashes.Length > 0) Add("Lora hashes", hashes);
        if (Fuse) Add("LoRA fused", "yes");
        for (int i = 0; i < Controls.Count; i++) Add(ControlField(i), Controls[i].ToText());
        if (Count > 1)
        {
            Add("Batch size", Count.ToString(CultureInfo.InvariantCulture));
            Add("Batch pos", Index.ToString(CultureInfo.InvariantCulture));
        }
        if (Version.Length > 0) Add("Version", Version);
        return text;

        void Add(string name, string value) => ParameterFields.Add(text, name, value);
    }

    /// <summary>Reads a picture's text, this program's or another's.</summary>
    /// <exception cref="ModelException">The text has another form, or asks for what this program doesn't have.</exception>
    public static GenerationParameters Parse(string text)
    {
        var (lines, last, fields) = Lines(text);
        if (!IsParameters(fields))
            throw new ModelException("its parameters don't end in a line such as \"Steps: 4, Sampler: LCM, CFG scale: 1, Seed: 7\", so what made it can't be told");

        var (prompt, negative) = Split(lines.AsSpan(0, last));
        string version = fields.GetValueOrDefault("Version", "");
        bool own = version.StartsWith(Program, StringComparison.Ordinal);
        var loras = own ? ReadLoras(fields) : TheirLoras(fields, ref prompt);
        if (own) prompt = LoraTags.CutComposed(prompt, loras);
        // Other programs' prompts have a syntax; ours are words.
        string[] notFollowed = [.. UnfollowedFields.OfFields(fields, own),
            .. own ? [] : UnfollowedFields.OfPrompt(prompt, "prompt").Concat(UnfollowedFields.OfPrompt(negative, "negative prompt"))];
        var (width, height) = Size(fields);
        bool fromPicture = UnfollowedFields.IsFromPicture(fields);
        return new()
        {
            Prompt = fields.GetValueOrDefault("Exact prompt", prompt),
            NegativePrompt = fields.GetValueOrDefault("Exact negative prompt", negative),
            Steps = Int(fields, "Steps", null),
            Sampler = ReadSampler(fields["Sampler"]),
            Guidance = fields.ContainsKey("CFG scale") ? Double(fields, "CFG scale") : null,
            Seed = ReadSeed(fields, own),
            Width = width,
            Height = height,
            Strength = fromPicture ? Double(fields, "Denoising strength") : null,
            StrengthMode = !fromPicture ? null
                : fields.GetValueOrDefault("Strength mode") == "inside" ? Pipelines.StrengthMode.Inside : Pipelines.StrengthMode.Drop,
            HasMask = fromPicture && (own ? fields.GetValueOrDefault("Mask") == "yes" : fields.ContainsKey("Mask blur")),
            Model = fields.GetValueOrDefault("Model", ""),
            ModelFingerprint = own ? fields.GetValueOrDefault("Model fingerprint") : null,
            ModelFolder = own ? fields.GetValueOrDefault("Model folder") : null,
            Lcm = own && fields.GetValueOrDefault("LCM-LoRA") != "off",
            Loras = loras,
            Controls = own ? ReadControls(fields) : [],
            Fuse = own && fields.GetValueOrDefault("LoRA fused") == "yes",
            // Other programs give each picture of a batch a seed of its own, and say that one.
            Count = own ? Int(fields, "Batch size", 1) : 1,
            Index = own ? Int(fields, "Batch pos", 0) : 0,
            Version = version,
            NotFollowed = notFollowed,
        };
    }

    /// <summary>Whether a text has this form, so that <see cref="Parse"/> can make something of it.</summary>
    public static bool IsParameters(string text) => IsParameters(Lines(text).Fields);

    static bool IsParameters(Dictionary<string, string> fields) => fields.ContainsKey("Steps") && fields.ContainsKey("Sampler");

    /// <summary>A text's lines, which of them is the last, and the fields in that.</summary>
    static (string[] Lines, int Last, Dictionary<string, string> Fields) Lines(string text)
    {
        string[] lines = text.Split('\n');
        int last = Array.FindLastIndex(lines, line => !string.IsNullOrWhiteSpace(line));
        return (lines, last, last < 0 ? [] : ParameterFields.Parse(lines[last]));
    }

    /// <summary>The lines before the fields as prompt and negative prompt, as A1111 takes them: blanks around lines don't count.</summary>
    static (string Prompt, string Negative) Split(ReadOnlySpan<string> lines)
    {
        List<string> prompt = [], negative = [];
        var part = prompt;
        foreach (string line in lines)
        {
            string trimmed = line.Trim();
            if (trimmed.StartsWith(NegativeLine, StringComparison.Ordinal))
            {
                part = negative;
                trimmed = trimmed[NegativeLine.Length..].Trim();
            }
            part.Add(trimmed);
        }
        return (string.Join('\n', prompt), string.Join('\n', negative));
    }

    /// <summary>Whether a string can stand in a file as it is: no zeros, no halves of characters.</summary>
    static bool IsText(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == 0) return false;
            if (!char.IsSurrogate(text[i])) continue;
            if (i + 1 == text.Length || !char.IsSurrogatePair(text[i], text[i + 1])) return false;
            i++;
        }
        return true;
    }

    static List<UsedLora> ReadLoras(Dictionary<string, string> fields)
    {
        List<UsedLora> loras = [];
        for (int i = 1; fields.TryGetValue($"LoRA {i}", out string? name); i++)
            loras.Add(new(name, Float(fields, $"LoRA {i} weight", 1), fields.GetValueOrDefault($"LoRA {i} hash")));
        return loras;
    }

    static List<UsedControl> ReadControls(Dictionary<string, string> fields)
    {
        List<UsedControl> controls = [];
        while (fields.TryGetValue(ControlField(controls.Count), out string? text)) controls.Add(UsedControl.Parse(ControlField(controls.Count), text));
        return controls;
    }

    static string ControlField(int index) => string.Create(CultureInfo.InvariantCulture, $"ControlNet {index}");

    /// <summary>
    /// The LoRAs in another program's prompt, which are taken out of it, and their hashes ("one: 1b7b4ec9d5f4, two: …").
    /// </summary>
    static List<UsedLora> TheirLoras(Dictionary<string, string> fields, ref string prompt)
    {
        var hashes = new Dictionary<string, string>();
        foreach (string entry in fields.GetValueOrDefault("Lora hashes", "").Split(", "))
            if (entry.LastIndexOf(": ", StringComparison.Ordinal) is > 0 and var colon) hashes[entry[..colon]] = entry[(colon + 2)..];
        return [.. LoraTags.Cut(ref prompt).Select(lora => lora with { Hash = hashes.GetValueOrDefault(lora.Name) })];
    }

    static (int? Width, int? Height) Size(Dictionary<string, string> fields)
    {
        if (!fields.TryGetValue("Size", out string? size)) return (null, null);
        string[] sides = size.Split('x');
        return sides.Length == 2 && TryInt(sides[0], out int width) && TryInt(sides[1], out int height) ? (width, height) : throw Malformed("Size", size);
    }

    static int Int(Dictionary<string, string> fields, string name, int? fallback) =>
        !fields.TryGetValue(name, out string? value) && fallback is { } known ? known : TryInt(value, out int number) ? number : throw Malformed(name, value);

    static SchedulerKind ReadSampler(string name) => SchedulerNames.Find(name)
        ?? throw new ModelException($"it was made with the sampler {name}, and only {string.Join(" and ", SchedulerNames.All)} are supported");

    static Seed? ReadSeed(Dictionary<string, string> fields, bool own)
    {
        string? value = fields.GetValueOrDefault("Seed");
        if (!own && (value is null or "-1")) return null;
        return Random.Seed.TryParse(value, out var seed) ? seed : throw Malformed("Seed", value);
    }

    static double Double(Dictionary<string, string> fields, string name) =>
        double.TryParse(fields[name], NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number : throw Malformed(name, fields[name]);

    static float Float(Dictionary<string, string> fields, string name, float fallback) =>
        !fields.TryGetValue(name, out string? value) ? fallback
        : float.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out float number) && float.IsFinite(number) ? number
        : throw Malformed(name, value);

    static bool TryInt(string? text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    static ModelException Malformed(string name, string? value) => new($"its parameters say {name}: {value ?? "nothing"}, which is no such number");

    static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    static string Number(float value) => value.ToString("R", CultureInfo.InvariantCulture);
}
