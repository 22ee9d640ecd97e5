namespace PureLcm.Weights.Names;

/// <summary>The three layouts that LoRA files are published in.</summary>
public enum LoraLayout
{
    /// <summary>unet.PATH.lora_A.weight and lora_B.weight: PEFT, and diffusers since.</summary>
    Peft,
    /// <summary>unet.PATH.lora.down.weight and lora.up.weight, and older spellings: diffusers before PEFT.</summary>
    Diffusers,
    /// <summary>lora_unet_PATH_WITH_UNDERSCORES.lora_down.weight, lora_up.weight and alpha: kohya's trainer.</summary>
    Kohya,
}

/// <summary>What a tensor of a LoRA file is to its module.</summary>
public enum LoraPart
{
    /// <summary>A of y = B A x.</summary>
    Down,
    /// <summary>B of y = B A x.</summary>
    Up,
    /// <summary>The number that, divided by the rank, scales the product.</summary>
    Alpha,
}

/// <summary>
/// Finds the module that a tensor of a LoRA file belongs to. Underscores can't be undone (is "proj_in" one word or
/// two?), so nothing is translated: each module is entered into a table under every name that a layout gives it.
/// </summary>
public sealed class LoraNames
{
    static readonly (string Ending, LoraPart Part, LoraLayout Layout)[] endings =
    [
        (".lora_A.weight", LoraPart.Down, LoraLayout.Peft),
        (".lora_B.weight", LoraPart.Up, LoraLayout.Peft),
        (".lora.down.weight", LoraPart.Down, LoraLayout.Diffusers),
        (".lora.up.weight", LoraPart.Up, LoraLayout.Diffusers),
        (".lora_linear_layer.down.weight", LoraPart.Down, LoraLayout.Diffusers),
        (".lora_linear_layer.up.weight", LoraPart.Up, LoraLayout.Diffusers),
        ("_lora.down.weight", LoraPart.Down, LoraLayout.Diffusers),
        ("_lora.up.weight", LoraPart.Up, LoraLayout.Diffusers),
        (".lora_down.weight", LoraPart.Down, LoraLayout.Kohya),
        (".lora_up.weight", LoraPart.Up, LoraLayout.Kohya),
        (".alpha", LoraPart.Alpha, LoraLayout.Kohya),
    ];

    // What savers put in front of a module's path: PEFT's wrapper, and diffusers 0.23's trainers, which named the component twice.
    static readonly (string Prefix, string Instead)[] prefixes =
    [
        ("base_model.model.", ""),
        ("unet.unet.", "unet."),
        ("text_encoder.text_encoder.", "text_encoder."),
        ("text_encoder_2.text_encoder_2.", "text_encoder_2."),
    ];

    readonly Dictionary<string, string> modules = [];

    /// <summary>Builds the table.</summary>
    /// <param name="modulePaths">
    /// Component and path of every module that a LoRA may attach to: unet.mid_block.attentions.0.proj_in,
    /// text_encoder.text_model.encoder.layers.0.self_attn.q_proj.
    /// </param>
    public LoraNames(IEnumerable<string> modulePaths)
    {
        string[] paths = [.. modulePaths];
        // PEFT's own files don't say which text encoder they are for, which is no question where there is one.
        bool oneTextEncoder = !paths.Any(path => path.StartsWith("text_encoder_2.", StringComparison.Ordinal));
        foreach (string modulePath in paths)
        {
            foreach (string name in NamesOf(modulePath)) modules.TryAdd(name, modulePath);
            const string textEncoder = "text_encoder.";
            if (oneTextEncoder && modulePath.StartsWith(textEncoder, StringComparison.Ordinal)) modules.TryAdd(modulePath[textEncoder.Length..], modulePath);
        }
    }

    /// <summary>Splits a key into the module, as the file names it, and the part that it is. False where it is no LoRA key.</summary>
    public static bool TrySplit(string key, out string module, out LoraPart part, out LoraLayout layout)
    {
        string plain = WithoutAdapterName(key);
        foreach (var (ending, endingPart, endingLayout) in endings)
        {
            if (!plain.EndsWith(ending, StringComparison.Ordinal)) continue;
            (module, part, layout) = (plain[..^ending.Length], endingPart, endingLayout);
            return true;
        }
        (module, part, layout) = ("", default, default);
        return false;
    }

    /// <summary>PEFT in memory, and careless savers, have the adapter's name in the key: PATH.lora_A.default.weight.</summary>
    static string WithoutAdapterName(string key)
    {
        const string ending = ".weight";
        if (!key.EndsWith(ending, StringComparison.Ordinal)) return key;
        int dot = key.LastIndexOf('.', key.Length - ending.Length - 1);
        return dot > 0 && (key.AsSpan(0, dot).EndsWith(".lora_A") || key.AsSpan(0, dot).EndsWith(".lora_B")) ? key[..dot] + ending : key;
    }

    /// <summary>The kind of adapter that the key is of, where it is a known one that is not supported; null otherwise.</summary>
    public static string? RefusedKind(string key) => AdapterKinds.Of([key]) is { IsLora: true } kind ? kind.Name : null;

    /// <summary>The module's path, from the name that a file gives it; null where this model has no such module.</summary>
    public string? Find(string module)
    {
        foreach (var (prefix, instead) in prefixes)
            if (module.StartsWith(prefix, StringComparison.Ordinal)) module = instead + module[prefix.Length..];
        return modules.GetValueOrDefault(module.Replace(".processor.", ".", StringComparison.Ordinal));
    }

    static IEnumerable<string> NamesOf(string modulePath)
    {
        int dot = modulePath.IndexOf('.');
        string component = modulePath[..dot], path = modulePath[(dot + 1)..];
        string[] kohya = component switch
        {
            "unet" => ["lora_unet_"],
            "text_encoder" => ["lora_te_", "lora_te1_"],
            "text_encoder_2" => ["lora_te2_"],
            _ => throw new ArgumentException($"no layout of LoRA files names modules like {modulePath}", nameof(modulePath)),
        };
        // Text encoders' paths are written with and without their prefix.
        string[] paths = path.StartsWith(TextEncoderNames.Prefix, StringComparison.Ordinal) ? [path, path[TextEncoderNames.Prefix.Length..]] : [path];
        foreach (string spelled in paths)
        {
            yield return $"{component}.{spelled}";
            if (component == "unet") yield return spelled; // the oldest files of diffusers are for UNets only and don't say so
            if (OldAttention(spelled) is { } old)
            {
                yield return $"{component}.{old}";
                if (component == "unet") yield return old;
            }
            foreach (string prefix in kohya) yield return prefix + spelled.Replace('.', '_');
        }
    }

    /// <summary>
    /// Before PEFT, attention kept its LoRA layers in a "processor" that called them to_q_lora, to_k_lora, to_v_lora and
    /// to_out_lora, in text encoders too, whose layers are really called q_proj, k_proj, v_proj and out_proj.
    /// </summary>
    static string? OldAttention(string path)
    {
        foreach (var (current, old) in new[] { ("to_out.0", "to_out"), ("q_proj", "to_q"), ("k_proj", "to_k"), ("v_proj", "to_v"), ("out_proj", "to_out") })
            if (path.EndsWith($".{current}", StringComparison.Ordinal)) return path[..^current.Length] + old;
        return null;
    }
}
