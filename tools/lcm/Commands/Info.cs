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
        var path = new Argument<string>("path") { Description = "A model's folder, a component's folder, a .safetensors file, or a PNG file that lcm made." };
        var json = new Option<bool>("--json") { Description = "As JSON, with every tensor." };
        var command = new Command("info", "Says what a model, a LoRA, a safetensors file or a picture is.") { path, json };
        command.SetAction(result => Exit.Guard(_ => Run(result.GetValue(path)!, result.GetValue(json))));
        return command;
    }

    static int Run(string path, bool json)
    {
        var facts = Path.GetExtension(path).Equals(".png", StringComparison.OrdinalIgnoreCase) ? OfPicture(path)
            : !Directory.Exists(path) ? OfFile(path)
            : File.Exists(Path.Combine(path, "model_index.json")) || !File.Exists(Path.Combine(path, "config.json")) ? OfModel(path)
            : OfComponent(path);
        if (json) PrintJson(facts);
        else Print(facts);
        return Exit.Ok;
    }

    /// <summary>What there is to say: pairs, then sections of the same, then tensors.</summary>
    sealed record Facts(string Kind, List<(string Name, string Value)> Pairs, List<(string Name, Facts Facts)> Parts, IReadOnlyCollection<TensorInfo> Tensors);

    static Facts OfModel(string path)
    {
        var folder = ModelFolder.Open(path);
        var facts = new Facts("model", [("path", path), ("pipeline", folder.PipelineClass)], [], []);
        foreach (var (name, type) in folder.Components)
        {
            if (!Directory.Exists(Path.Combine(path, name))) facts.Pairs.Add((name, type + " (not in the folder)"));
            else facts.Parts.Add((name, OfComponent(folder.Component(name))));
        }
        string loras = Path.Combine(path, "loras");
        if (Directory.Exists(loras))
            foreach (string file in Directory.EnumerateFiles(loras, "*.safetensors").Order(StringComparer.Ordinal))
                facts.Parts.Add(("loras/" + Path.GetFileName(file), OfFile(file)));
        return facts;
    }

    static Facts OfComponent(string path) => OfComponent(ComponentFolder.Open(path));

    static Facts OfComponent(ComponentFolder component)
    {
        var pairs = new List<(string, string)> { ("class", component.Class) };
        bool configured = component.Has("config.json") || component.Has("scheduler_config.json") || component.Has("tokenizer_config.json");
        if (configured)
            foreach (var (key, value) in component.Config.Fields)
                if (!key.StartsWith('_') && value.ValueKind != JsonValueKind.Null) pairs.Add((key, Short(value.GetRawText())));
        // Schedulers and tokenizers have no weights.
        if (!Directory.EnumerateFiles(component.Path).Any(file => file.Contains("safetensors", StringComparison.Ordinal))) return new("component", pairs, [], []);
        using var weights = component.OpenWeights();
        Summarise(weights.Tensors.Values, weights.Files.Select(file => file.Path), pairs);
        return new("component", pairs, [], [.. weights.Tensors.Values]);
    }

    static Facts OfFile(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var pairs = new List<(string, string)>();
        Summarise([.. file.Tensors.Values], [path], pairs);
        bool lora = false;
        var ranks = new SortedDictionary<int, int>();
        LoraLayout? layout = null;
        foreach (var (name, tensor) in file.Tensors)
        {
            if (LoraNames.RefusedKind(name) is { } refused) pairs.Add(("not supported", $"{refused} ({name})"));
            if (!LoraNames.TrySplit(name, out _, out var part, out var its)) continue;
            lora = true;
            if (part != LoraPart.Down || tensor.Sides.Length < 2) continue;
            layout ??= its;
            ranks[tensor.Sides[0]] = ranks.GetValueOrDefault(tensor.Sides[0]) + 1;
        }
        if (lora)
        {
            pairs.Add(("layout", layout?.ToString() ?? "?"));
            pairs.Add(("modules", ranks.Values.Sum().ToString(CultureInfo.InvariantCulture)));
            pairs.Add(("rank", string.Join(", ", ranks.Select(rank => ranks.Count == 1 ? $"{rank.Key}" : $"{rank.Key} ({rank.Value} modules)"))));
            var alphas = file.Tensors.Values.Where(tensor => tensor.Name.EndsWith(".alpha", StringComparison.Ordinal) && tensor.Count == 1).Select(tensor => tensor.ReadFloats()[0]).Distinct().Order().ToArray();
            if (alphas.Length > 0) pairs.Add(("alpha", string.Join(", ", alphas.Select(alpha => alpha.ToString(CultureInfo.InvariantCulture)))));
        }
        foreach (var (key, value) in file.Metadata) pairs.Add(("metadata " + key, Short(value)));
        return new(lora ? "LoRA" : "safetensors", pairs, [], [.. file.Tensors.Values]);
    }

    static Facts OfPicture(string path)
    {
        var picture = Picture.Load(path);
        return new("picture", [("path", path), ("size", $"{picture.Width}x{picture.Height}"), .. picture.Texts.Select(text => (text.Key, text.Value))], [], []);
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
        Console.WriteLine($"{indent}{title ?? facts.Kind}");
        int width = facts.Pairs.Select(pair => pair.Name.Length).DefaultIfEmpty().Max();
        foreach (var (name, value) in facts.Pairs)
            Console.WriteLine($"{indent}  {name.PadRight(width)}  {value.ReplaceLineEndings("\n" + indent + new string(' ', width + 4))}");
        // A whole model has thousands of tensors; a file by itself is what someone wants to see inside.
        if (facts.Kind is "safetensors" or "LoRA" && title is null)
        {
            int widest = facts.Tensors.Select(tensor => tensor.Name.Length).DefaultIfEmpty().Max();
            foreach (var tensor in facts.Tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal))
                Console.WriteLine($"  {tensor.Name.PadRight(widest)}  {tensor.DType,-7} {tensor.Shape}");
        }
        foreach (var (name, part) in facts.Parts) Print(part, indent + "  ", name);
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
        writer.WriteString("kind", facts.Kind);
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
