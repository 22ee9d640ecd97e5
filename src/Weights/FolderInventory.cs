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
    const string Described = "describes the model", Copy = "has the weights in another format or precision",
        WholeModel = "has the whole model in one file", OffLora = "is a LoRA, which is not on: put it on with --lora",
        OffControl = "is a ControlNet, there to be given with --control";

    // * stands for any letters. Whole folders and single files.
    static readonly Rule[] folders =
    [
        new(FileUse.Irrelevant, "is the work of a tool", ".*", "__pycache__"),
        new(FileUse.Irrelevant, "looks at finished pictures", "safety_checker", "feature_extractor"),
        new(FileUse.Irrelevant, "reads pictures for IP-Adapters", "image_encoder"),
        new(FileUse.Irrelevant, Copy, "onnx", "openvino", "flax", "coreml*", "tensorrt*", "vae_encoder", "vae_decoder",
            "*_onnx", "*_openvino"),
        new(FileUse.Irrelevant, Described, "images", "assets", "samples", "examples", "docs", "media", "figures", "logs", "runs"),
    ];

    static readonly Rule[] anywhere =
    [
        new(FileUse.Irrelevant, "is the work of a tool", ".*"),
        new(FileUse.Irrelevant, Described, "readme*", "license*", "licence*", "notice*", "*.md", "*.pdf", "*.html",
            "*.png", "*.jpg", "*.jpeg", "*.webp", "*.gif", "*.mp4", "*.csv", "*.log"),
        new(FileUse.Irrelevant, "is for other programs", "*.yaml", "*.yml", "*.py", "*.ipynb", "*.sh"),
        new(FileUse.Irrelevant, Copy, "*.msgpack", "*.h5", "*.onnx", "*.onnx_data", "*.onnx.data",
            "*.pb", "*.tflite", "openvino_*", "flax_*", "tf_*"),
    ];

    static readonly Rule[] inRoot =
    [
        new(FileUse.Read, "names the parts", "model_index.json"),
        new(FileUse.Irrelevant, WholeModel, "*.ckpt"),
        new(FileUse.Irrelevant, "is left from the training", "optimizer.*", "scheduler.bin",
            "scheduler.pt", "random_states*", "scaler.pt", "training_args*", "trainer_state*", "*.txt"),
        new(FileUse.NotRead, "is a textual inversion, which is not supported yet, so its token means nothing",
            "learned_embeds*", "*embed*.bin", "*embed*.pt"),
    ];

    static readonly Rule[] ofNetwork =
    [
        new(FileUse.Read, "says what the network is like", "config.json"),
        new(FileUse.Irrelevant, "is for models that write text", "generation_config.json"),
        new(FileUse.NotRead, OffLora,
            "adapter_config.json", "adapter_model.*", "pytorch_lora_weights.*"),
        new(FileUse.Irrelevant, Copy, "diffusion_pytorch_model*", "diffusion_flax_model*", "pytorch_model*", "model*"),
    ];

    static readonly Rule[] ofTokenizer =
    [
        new(FileUse.Read, "says how words become numbers", "vocab.json", "merges.txt", "tokenizer_config.json",
            "special_tokens_map.json", "added_tokens.json", "tokenizer.json"),
    ];

    static readonly Rule[] ofScheduler =
    [
        new(FileUse.Read, "says how noise was mixed in", "scheduler_config.json"),
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
            else if (model.Components.ContainsKey(folder)) Component(folder);
            else if (ModelFolder.IsControlNet(Path.Combine(root, folder))) files.Add(new(folder + "/", FileUse.Irrelevant, OffControl));
            else files.Add(new(folder + "/", FileUse.NotRead, "is a folder that model_index.json doesn't name, so nothing in it is read"));
        }
    }

    public IReadOnlyList<FolderFile> Files => files;

    /// <summary>A sentence for each reason that something is not read.</summary>
    public static IReadOnlyList<string> Notices(string folder, IEnumerable<FolderFile> files) =>
    [
        .. files.Where(file => file.Use == FileUse.NotRead).GroupBy(file => file.Why).Select(group =>
        {
            string first = $"{folder}: {WeightsException.OneLine(group.First().Name)} {group.Key}";
            string[] others = [.. group.Skip(1).Select(file => file.Name)];
            return others.Length == 0 ? first : $"{first}; so it is with {WeightsException.List(others)}";
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
                return kind.Name == AdapterKinds.ControlNet ? new(name, FileUse.Irrelevant, OffControl)
                    : kind.IsWholeModel ? new(name, FileUse.Irrelevant, WholeModel)
                    : new(name, FileUse.NotRead, $"is {kind.Name}, which is not read");
            return file.Tensors.Keys.Any(key => LoraNames.TrySplit(key, out _, out _, out _))
                ? new(name, FileUse.NotRead, OffLora)
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
        {
            string path = "loras/" + name;
            bool lora = name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase);
            files.Add(name == "lcm.safetensors" ? new(path, FileUse.Read, "is the model's own LCM-LoRA")
                : lora ? new(path, FileUse.Irrelevant, "is there to be put on with --lora")
                : Match(anywhere, name) is { } known ? new(path, known.Use, known.Why)
                : Unknown(path));
        }
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
        string baseName = component.StartsWith("text", StringComparison.Ordinal) ? "model" : "diffusion_pytorch_model";
        var weights = rules == ofNetwork ? Weights(folder, baseName) : [];
        foreach (string name in Names(folder, folders: false))
        {
            string path = $"{component}/{name}";
            if (weights.Contains(name)) files.Add(new(path, FileUse.Read, "has the weights"));
            else if (weights.Count > 1 && FileSystemName.MatchesSimpleExpression("*-?????-of-?????.safetensors", name))
                files.Add(new(path, FileUse.NotRead, "is a shard that the index doesn't name, so it is not read"));
            else files.Add((Match(rules, name) ?? Match(anywhere, name)) is { } known ? new(path, known.Use, known.Why) : Unknown(path));
        }
        foreach (string name in Names(folder, folders: true))
        {
            string path = $"{component}/{name}/";
            files.Add(Match(folders, name) is { } known ? new(path, known.Use, known.Why) : Unknown(path));
        }
    }

    /// <summary>The files that the weights are read from, as <see cref="WeightFiles.Open"/> chooses them.</summary>
    static HashSet<string> Weights(string folder, string baseName)
    {
        if (ShardedIndex.Candidates(baseName).FirstOrDefault(name => File.Exists(Path.Combine(folder, name))) is not { } chosen) return [];
        if (!chosen.EndsWith(".json", StringComparison.Ordinal)) return [chosen];
        return [chosen, .. ShardedIndex.ReadMap(Path.Combine(folder, chosen)).Values];
    }

    static FolderFile Unknown(string name) => new(name, FileUse.NotRead, "is of no kind that this version knows, and not read");

    static Rule? Match(Rule[] rules, string name)
    {
        foreach (var rule in rules)
            foreach (string pattern in rule.Names)
                if (FileSystemName.MatchesSimpleExpression(pattern, name)) return rule;
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

    // A class and no tuple: the program's start is measured in milliseconds, and generic structs are compiled at it.
    sealed class Rule(FileUse use, string why, params string[] names)
    {
        public FileUse Use => use;

        public string Why => why;

        public string[] Names => names;
    }
}
