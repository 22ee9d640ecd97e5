using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using PureLcm.Model;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Weights;
using PureLcm.Weights.Names;

namespace PureLcm.Tools.Commands;

/// <summary><c>lcm info PATH</c>: what a model folder, a LoRA, another safetensors file or a picture is.</summary>
static class Info
{
    public static Command Command()
    {
        var path = new Argument<string>("path")
        {
            Description = "A model's folder, a component's folder (unet, scheduler), a .safetensors file, or a picture; its contents say which.",
        };
        var json = new Option<bool>("--json") { Description = "As JSON, with every tensor." };
        var command = new Command("info", "Says what a model, a LoRA, a safetensors file or a picture is.") { path, json };
        command.SetAction(result => Exit.Guard(_ => Run(result.GetValue(path)!, result.GetValue(json))));
        return command;
    }

    static int Run(string path, bool json)
    {
        var facts = Directory.Exists(path)
            ? IsComponent(path) ? OfComponent(ComponentFolder.Open(path)) : OfModel(path)
            : File.Exists(path) && Picture.FormatOf(path) is { } format ? OfPicture(path, format) : OfFile(path);
        if (json) PrintJson(facts);
        else Print(facts);
        return Exit.Ok;
    }

    /// <summary>
    /// What there is to say: pairs of our own names, then sections of what the file or folder says in names of its own (which
    /// may be any, so they are never mixed with ours), then tensors.
    /// </summary>
    sealed record Facts(
        string Kind, List<(string Name, string Value)> Pairs, List<(string Name, Facts Facts)> Parts,
        IReadOnlyCollection<TensorInfo> Tensors)
    {
        /// <summary>Adds a section of pairs, if there are any.</summary>
        public void Add(string section, IEnumerable<(string, string)> pairs)
        {
            List<(string, string)> list = [.. pairs];
            if (list.Count > 0) Parts.Add((section, new("", list, [], [])));
        }

        /// <summary>Adds a section of sections, if there are any.</summary>
        public void Add(string section, IEnumerable<(string, Facts)> parts)
        {
            List<(string, Facts)> list = [.. parts];
            if (list.Count > 0) Parts.Add((section, new("", [], list, [])));
        }
    }

    static bool IsComponent(string path) =>
        !File.Exists(Path.Combine(path, "model_index.json")) && (HasConfig(path) || HasWeights(path) || IsTokenizer(path));

    static bool HasConfig(string path) => configs.Any(name => File.Exists(Path.Combine(path, name)));

    static bool HasWeights(string path) => Directory.EnumerateFiles(path, "*.safetensors").Any();

    static bool IsTokenizer(string path) => File.Exists(Path.Combine(path, "vocab.json"));

    static readonly string[] configs = ["config.json", "scheduler_config.json", "tokenizer_config.json"];

    static Facts OfModel(string path)
    {
        var folder = ModelFolder.Open(path);
        var facts = new Facts("model", [("path", path), ("pipeline", folder.PipelineClass)], [], []);
        facts.Add("components", folder.Components.Select(component => (component.Key,
            Directory.Exists(Path.Combine(path, component.Key)) ? OfComponent(folder.Component(component.Key))
                : new("component", [("class", component.Value + " (not in the folder)")], [], []))));
        string loras = Path.Combine(path, "loras");
        if (Directory.Exists(loras))
            facts.Add("loras", Directory.EnumerateFiles(loras, "*.safetensors").Order(StringComparer.Ordinal)
                .Select(file => (Path.GetFileName(file), OfFile(file))));
        return facts;
    }

    static Facts OfComponent(ComponentFolder component)
    {
        bool configured = HasConfig(component.Path);
        var facts = new Facts("component", [("class", ClassOf(component, configured))], [], []);
        if (configured)
            facts.Add("config", component.Config.Fields
                .Where(field => !field.Key.StartsWith('_') && field.Value.ValueKind != JsonValueKind.Null)
                .Select(field => (field.Key, Short(field.Value.GetRawText()))));
        // Schedulers and tokenizers have no weights.
        if (IsTokenizer(component.Path)
            || !Directory.EnumerateFiles(component.Path).Any(file => file.Contains("safetensors", StringComparison.Ordinal)))
        {
            var files = Directory.EnumerateFiles(component.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal);
            facts.Pairs.Add(("files", string.Join(", ", files)));
            return facts;
        }
        using var weights = component.OpenWeights();
        Summarise(weights.Tensors.Values, weights.Files.Select(file => file.Path), facts.Pairs);
        return facts with { Tensors = [.. weights.Tensors.Values] };
    }

    /// <summary>A folder by itself may lack what model_index.json says of it; then it is told by its files.</summary>
    static string ClassOf(ComponentFolder component, bool configured)
    {
        try
        {
            if (configured) return component.Class;
        }
        catch (WeightsException)
        {
            // Its configuration doesn't say.
        }
        if (configured && component.Config.StringOrNull("tokenizer_class") is { } tokenizer) return tokenizer;
        return IsTokenizer(component.Path) ? "a tokenizer" : "not said";
    }

    static Facts OfFile(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var pairs = new List<(string, string)>();
        Summarise([.. file.Tensors.Values], [path], pairs);
        bool lora = false;
        var ranks = new SortedDictionary<int, int>();
        var refused = new SortedDictionary<string, int>(StringComparer.Ordinal);
        LoraLayout? layout = null;
        foreach (var (name, tensor) in file.Tensors)
        {
            if (LoraNames.RefusedKind(name) is { } kind) refused[kind] = refused.GetValueOrDefault(kind) + 1;
            if (!LoraNames.TrySplit(name, out _, out var part, out var its)) continue;
            lora = true;
            if (part != LoraPart.Down || tensor.Sides.Length < 2) continue;
            layout ??= its;
            ranks[tensor.Sides[0]] = ranks.GetValueOrDefault(tensor.Sides[0]) + 1;
        }
        if (refused.Count > 0)
            pairs.Add(("not supported", string.Join(", ", refused.Select(kind => $"{kind.Key} ({kind.Value} tensors)"))));
        if (lora)
        {
            pairs.Add(("layout", layout?.ToString() ?? "?"));
            pairs.Add(("modules", ranks.Values.Sum().ToString(CultureInfo.InvariantCulture)));
            pairs.Add(("rank", string.Join(", ", ranks.Select(rank => ranks.Count == 1 ? $"{rank.Key}" : $"{rank.Key} ({rank.Value} modules)"))));
            var alphas = file.Tensors.Values.Where(tensor => tensor.Name.EndsWith(".alpha", StringComparison.Ordinal) && tensor.Count == 1).Select(tensor => tensor.ReadFloats()[0]).Distinct().Order().ToArray();
            if (alphas.Length > 0) pairs.Add(("alpha", string.Join(", ", alphas.Select(alpha => alpha.ToString(CultureInfo.InvariantCulture)))));
            pairs.Add(("hash", FileHashes.Lora(path)));
        }
        var facts = new Facts(lora ? "LoRA" : "safetensors", pairs, [], [.. file.Tensors.Values]);
        facts.Add("metadata", file.Metadata.Select(entry => (entry.Key, Short(entry.Value))));
        return facts;
    }

    static Facts OfPicture(string path, string format)
    {
        var facts = new Facts("picture", [("path", path), ("format", format)], [], []);
        try
        {
            var picture = Picture.Load(path);
            facts.Pairs.Add(("size", $"{picture.Width}x{picture.Height}"));
        }
        catch (ModelException e)
        {
            // What a damaged or enormous picture says can still be read.
            facts.Pairs.Add(("pixels", e.Message));
        }
        facts.Add("texts", Picture.LoadTexts(path).Select(text => (text.Key, text.Value)));
        return facts;
    }

    static void Summarise(IEnumerable<TensorInfo> tensors, IEnumerable<string> files, List<(string, string)> pairs)
    {
        var list = tensors.ToArray();
        pairs.Insert(0, ("files", string.Join(", ", files)));
        pairs.Insert(1, ("tensors", list.Length.ToString(CultureInfo.InvariantCulture)));
        pairs.Insert(2, ("values", list.Sum(tensor => tensor.Count).ToString("#,0", CultureInfo.InvariantCulture)));
        pairs.Insert(3, ("types", string.Join(", ", list.GroupBy(tensor => tensor.DType).OrderByDescending(group => group.Count()).Select(group => $"{group.Key} ({group.Count()})"))));
        pairs.Insert(4, ("size", Size(list.Sum(tensor => tensor.Bytes))));
    }

    static string Size(long bytes) => bytes >= 1_000_000_000 ? (bytes / 1e9).ToString("0.00", CultureInfo.InvariantCulture) + " GB"
        : bytes >= 1_000_000 ? (bytes / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + " MB"
        : (bytes / 1e3).ToString("0.0", CultureInfo.InvariantCulture) + " kB";

    static string Short(string text)
    {
        string line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= 100 ? line : line[..99] + "…";
    }

    static void Print(Facts facts, string indent = "", string? title = null)
    {
        Console.WriteLine(indent + Printable.Of(title ?? facts.Kind));
        var pairs = facts.Pairs.Select(pair => (Name: Printable.Of(pair.Name), Value: Printable.Of(pair.Value, lines: true))).ToArray();
        int width = pairs.Select(pair => pair.Name.Length).DefaultIfEmpty().Max();
        string under = "\n" + indent + new string(' ', width + 4); // further lines of a value stand below its first
        foreach (var (name, value) in pairs)
            Console.WriteLine($"{indent}  {name.PadRight(width)}  {value.Replace("\n", under, StringComparison.Ordinal)}");
        foreach (var (name, part) in facts.Parts) Print(part, indent + "  ", name);
        // A whole model has thousands of tensors; a file by itself is what someone wants to see inside.
        if (facts.Kind is not ("safetensors" or "LoRA") || title is not null) return;
        var tensors = facts.Tensors.Select(tensor => (Name: Printable.Of(tensor.Name), tensor.DType, tensor.Shape))
            .OrderBy(tensor => tensor.Name, StringComparer.Ordinal).ToArray();
        int widest = tensors.Select(tensor => tensor.Name.Length).DefaultIfEmpty().Max();
        foreach (var tensor in tensors) Console.WriteLine($"  {tensor.Name.PadRight(widest)}  {tensor.DType,-7} {tensor.Shape}");
    }

    static void PrintJson(Facts facts)
    {
        using var output = Console.OpenStandardOutput();
        using (var writer = new Utf8JsonWriter(output, new() { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) Write(writer, facts);
        Console.WriteLine();
    }

    static void Write(Utf8JsonWriter writer, Facts facts)
    {
        writer.WriteStartObject();
        if (facts.Kind.Length > 0) writer.WriteString("kind", facts.Kind); // a section has none
        foreach (var (name, value) in facts.Pairs) writer.WriteString(name, value);
        foreach (var (name, part) in facts.Parts)
        {
            writer.WritePropertyName(name);
            Write(writer, part);
        }
        if (facts.Tensors.Count > 0)
        {
            writer.WriteStartObject("contents");
            foreach (var tensor in facts.Tensors)
            {
                writer.WriteStartObject(tensor.Name);
                writer.WriteString("dtype", tensor.DType.ToString());
                writer.WriteStartArray("shape");
                foreach (int side in tensor.Sides) writer.WriteNumberValue(side);
                writer.WriteEndArray();
                writer.WriteNumber("bytes", tensor.Bytes);
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        writer.WriteEndObject();
    }
}
