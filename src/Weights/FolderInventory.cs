using System.IO.Enumeration;
using PureLcm.Weights.Names;

namespace PureLcm.Weights;

/// <summary>What becomes of a file in a model's folder.</summary>
public enum FileUse
{
    /// <summary>A picture is made with it.</summary>
    Read,
    /// <summary>It can't change a picture: a description, a copy of the weights in another format, a filter of finished pictures.</summary>
    Irrelevant,
    /// <summary>It is not read, and may have been put there to be.</summary>
    NotRead,
}

/// <summary>A file, or a folder that nobody looks into, of a model's folder.</summary>
/// <param name="Name">Its path in the folder, with / between names.</param>
/// <param name="Use">What becomes of it.</param>
/// <param name="Why">Why, as the end of a sentence that begins with its name.</param>
public sealed record FolderFile(string Name, FileUse Use, string Why);

/// <summary>
/// Goes through a model's folder and says of every file whether it is read, known to change nothing, or neither: then the
/// picture may be another one than its owner expects, and that is said. Names decide, and for safetensors files in the root
/// the names of their tensors.
/// </summary>
sealed class FolderInventory
{
    const string Described = "describes the model", Copy = "has the weights in another format or precision";

    // * stands for any letters. Whole folders and single files.
    static readonly (string[] Names, FileUse Use, string Why)[] folders =
    [
        ([".*", "__pycache__"], FileUse.Irrelevant, "is the work of a tool"),
        (["safety_checker", "feature_extractor"], FileUse.Irrelevant, "looks at finished pictures"),
        (["image_encoder"], FileUse.Irrelevant, "reads pictures for IP-Adapters"),
        (["onnx", "openvino", "flax", "coreml*", "tensorrt*", "vae_encoder", "vae_decoder", "*_onnx", "*_openvino"], FileUse.Irrelevant, Copy),
        (["images", "assets", "samples", "examples", "docs", "media", "figures", "logs", "runs"], FileUse.Irrelevant, Described),
    ];

    static readonly (string[] Names, FileUse Use, string Why)[] anywhere =
    [
        ([".*"], FileUse.Irrelevant, "is the work of a tool"),
        (["readme*", "license*", "licence*", "notice*", "*.md", "*.pdf", "*.html", "*.png", "*.jpg", "*.jpeg", "*.webp", "*.gif", "*.mp4", "*.csv", "*.log"],
            FileUse.Irrelevant, Described),
        (["*.yaml", "*.yml", "*.py", "*.ipynb", "*.sh"], FileUse.Irrelevant, "is for other programs"),
        (["*.msgpack", "*.h5", "*.onnx", "*.onnx_data", "*.onnx.data", "*.pb", "*.tflite", "openvino_*", "flax_*", "tf_*"], FileUse.Irrelevant, Copy),
    ];

    static readonly (string[] Names, FileUse Use, string Why)[] inRoot =
    [
        (["model_index.json"], FileUse.Read, "names the parts"),
        (["*.ckpt"], FileUse.Irrelevant, "has the whole model in one file"),
        (["optimizer.*", "scheduler.bin", "scheduler.pt", "random_states*", "scaler.pt", "training_args*", "trainer_state*", "*.txt"], FileUse.Irrelevant, "is left from the training"),
        (["learned_embeds*", "*embed*.bin", "*embed*.pt"], FileUse.NotRead, "is a textual inversion, which is not supported yet, so its token means nothing"),
    ];

    static readonly (string[] Names, FileUse Use, string Why)[] ofNetwork =
    [
        (["config.json"], FileUse.Read, "says what the network is like"),
        (["generation_config.json"], FileUse.Irrelevant, "is for models that write text"),
        (["adapter_config.json", "adapter_model.*", "pytorch_lora_weights.*"], FileUse.NotRead, "is a LoRA, which is not on: put it on with --lora"),
        (["diffusion_pytorch_model*", "diffusion_flax_model*", "pytorch_model*", "model*"], FileUse.Irrelevant, Copy),
    ];

    static readonly (string[] Names, FileUse Use, string Why)[] ofTokenizer =
    [
        (["vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "tokenizer.json"], FileUse.Read, "says how words become numbers"),
    ];

    static readonly (string[] Names, FileUse Use, string Why)[] ofScheduler =
    [
        (["scheduler_config.json"], FileUse.Read, "says how noise was mixed in"),
    ];

    readonly string root;
    readonly List<FolderFile> files = [];

    public FolderInventory(ModelFolder model)
    {
        root = model.Path;
        foreach (string file in Names(root, folders: false)) files.Add(InRoot(file));
        foreach (string folder in Names(root, folders: true))
        {
            if (folder == "loras") Loras();
            else if (Match(FolderInventory.folders, folder) is { } known) files.Add(new(folder + "/", known.Use, known.Why));
            else if (!model.Components.ContainsKey(folder)) files.Add(new(folder + "/", FileUse.NotRead, "is a folder that model_index.json doesn't name, so nothing in it is read"));
            else Component(folder);
        }
    }

    public IReadOnlyList<FolderFile> Files => files;

    /// <summary>A sentence for each reason that something is not read.</summary>
    public static IReadOnlyList<string> Notices(string folder, IEnumerable<FolderFile> files) =>
    [
        .. files.Where(file => file.Use == FileUse.NotRead).GroupBy(file => file.Why).Select(group =>
        {
            string first = $"{folder}: {WeightsException.OneLine(group.First().Name)} {group.Key}";
            return group.Count() == 1 ? first : $"{first}; so it is with {WeightsException.List([.. group.Skip(1).Select(file => file.Name)])}";
        }),
    ];

    FolderFile InRoot(string name)
    {
        if ((Match(inRoot, name) ?? Match(anywhere, name)) is { } known) return new(name, known.Use, known.Why);
        if (!name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase)) return Unknown(name);
        try
        {
            using var file = SafetensorsFile.Open(Path.Combine(root, name));
            if (AdapterKinds.Of([.. file.Tensors.Keys]) is { } kind)
                return kind.IsWholeModel ? new(name, FileUse.Irrelevant, "has the whole model in one file") : new(name, FileUse.NotRead, $"is {kind.Name}, which is not read");
            return file.Tensors.Keys.Any(key => LoraNames.TrySplit(key, out _, out _, out _))
                ? new(name, FileUse.NotRead, "is a LoRA, which is not on: put it on with --lora")
                : Unknown(name);
        }
        catch (WeightsException)
        {
            return new(name, FileUse.NotRead, "is damaged, and not read");
        }
    }

    void Loras()
    {
        foreach (string name in Names(Path.Combine(root, "loras"), folders: false))
            files.Add(name == "lcm.safetensors" ? new("loras/" + name, FileUse.Read, "is the model's own LCM-LoRA")
                : name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? new("loras/" + name, FileUse.Irrelevant, "is there to be put on with --lora")
                : Match(anywhere, name) is { } known ? new("loras/" + name, known.Use, known.Why)
                : Unknown("loras/" + name));
    }

    void Component(string component)
    {
        var rules = component switch
        {
            "unet" or "vae" or "text_encoder" or "text_encoder_2" => ofNetwork,
            "tokenizer" or "tokenizer_2" => ofTokenizer,
            "scheduler" => ofScheduler,
            _ => null,
        };
        if (rules is null)
        {
            files.Add(new(component + "/", FileUse.NotRead, "is a part of the model that this version doesn't run"));
            return;
        }
        string folder = Path.Combine(root, component);
        var weights = rules == ofNetwork ? Weights(folder, component.StartsWith("text", StringComparison.Ordinal) ? "model" : "diffusion_pytorch_model") : [];
        foreach (string name in Names(folder, folders: false))
        {
            string path = $"{component}/{name}";
            if (weights.Contains(name)) files.Add(new(path, FileUse.Read, "has the weights"));
            else if (weights.Count > 1 && FileSystemName.MatchesSimpleExpression("*-?????-of-?????.safetensors", name))
                files.Add(new(path, FileUse.NotRead, "is a shard that the index doesn't name, so it is not read"));
            else files.Add((Match(rules, name) ?? Match(anywhere, name)) is { } known ? new(path, known.Use, known.Why) : Unknown(path));
        }
        foreach (string name in Names(folder, folders: true))
            files.Add(Match(folders, name) is { } known ? new($"{component}/{name}/", known.Use, known.Why) : Unknown($"{component}/{name}/"));
    }

    /// <summary>The files that the weights are read from, as <see cref="WeightFiles.Open"/> chooses them.</summary>
    static HashSet<string> Weights(string folder, string baseName)
    {
        if (ShardedIndex.Candidates(baseName).FirstOrDefault(name => File.Exists(Path.Combine(folder, name))) is not { } chosen) return [];
        return chosen.EndsWith(".json", StringComparison.Ordinal) ? [chosen, .. ShardedIndex.ReadMap(Path.Combine(folder, chosen)).Values] : [chosen];
    }

    static FolderFile Unknown(string name) => new(name, FileUse.NotRead, "is of no kind that this version knows, and not read");

    static (FileUse Use, string Why)? Match((string[] Names, FileUse Use, string Why)[] rules, string name)
    {
        foreach (var (patterns, use, why) in rules)
            if (patterns.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name))) return (use, why);
        return null;
    }

    /// <summary>The names in a folder, in order; none where it can't be looked into, which whoever reads it will say.</summary>
    static string[] Names(string folder, bool folders)
    {
        try
        {
            var paths = folders ? Directory.EnumerateDirectories(folder) : Directory.EnumerateFiles(folder);
            return [.. paths.Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (WeightsException.IsFileError(e))
        {
            return [];
        }
    }
}
