using System.Text;
using System.Text.Json;

namespace PureLcm.Weights;

/// <summary>
/// What PEFT puts down about a LoRA in the header's "lora_adapter_metadata": JSON with, for each component, "unet.r",
/// "unet.lora_alpha", "unet.use_rslora", and patterns that give single modules a rank and an alpha of their own. PEFT's own
/// files, whose keys begin with base_model.model., say the same without a component in an adapter_config.json beside them.
/// </summary>
sealed class PeftMetadata
{
    const string Key = "lora_adapter_metadata", FileName = "adapter_config.json", Wrapper = "base_model.model.";
    readonly Config config;
    readonly bool byComponent;

    PeftMetadata(Config config, bool byComponent) => (this.config, this.byComponent) = (config, byComponent);

    /// <summary>The file's metadata; null where it has none.</summary>
    /// <param name="file">A LoRA file.</param>
    /// <param name="notice">One sentence where something is missing that the file should have beside it; else null.</param>
    public static PeftMetadata? Of(SafetensorsFile file, out string? notice)
    {
        notice = null;
        if (file.Metadata.TryGetValue(Key, out string? json)) return new(Config.Parse($"{file.Path} ({Key})", json), byComponent: true);
        if (!file.Tensors.Keys.Any(key => key.StartsWith(Wrapper, StringComparison.Ordinal))) return null;
        string beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file.Path))!, FileName);
        if (!File.Exists(beside))
        {
            notice = $"{file.Path}: {FileName}, which says a PEFT adapter's alpha, is not beside it, so alpha is taken for its rank";
            return null;
        }
        var config = Config.Open(beside);
        config.Only("peft_type", "LORA");
        config.Only("bias", "none");
        config.Only("fan_in_fan_out", false);
        return new(config, byComponent: false);
    }

    /// <summary>
    /// alpha / rank, or alpha / sqrt(rank) with rank-stabilised LoRA (Kalajdzievski 2023, arXiv:2312.03732); 1 where
    /// there is no word about the component. The rank is the tensors' own, which rank_pattern only repeats.
    /// </summary>
    public double Scale(string modulePath, int rank)
    {
        int dot = modulePath.IndexOf('.');
        string component = modulePath[..dot], path = modulePath[(dot + 1)..];
        string prefix = byComponent ? component + "." : "";
        config.Only($"{prefix}use_dora", false);
        if (!config.Has($"{prefix}lora_alpha")) return 1;

        double alpha = PatternAlpha($"{prefix}alpha_pattern", path) ?? config.Double($"{prefix}lora_alpha");
        return alpha / (config.Bool($"{prefix}use_rslora", false) ? Math.Sqrt(rank) : rank);
    }

    /// <summary>
    /// A pattern names a module by its path or by the last parts of it, or from its beginning with ^. PEFT takes
    /// regular expressions; what trainers write are names, and anything else is refused rather than guessed at.
    /// </summary>
    double? PatternAlpha(string key, string path)
    {
        if (config.Element(key) is not { } patterns || patterns.ValueKind == JsonValueKind.Null) return null;
        if (patterns.ValueKind != JsonValueKind.Object)
            throw new WeightsException(config.Path, $"{key} is no object of names and numbers", "fetch the file again");

        foreach (var pattern in patterns.EnumerateObject())
        {
            string name = pattern.Name.Replace("\\.", ".", StringComparison.Ordinal);
            bool fromBeginning = name.StartsWith('^');
            if (fromBeginning) name = name[1..];
            if (name.EndsWith('$')) name = name[..^1];
            if (name.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '.' or '-')))
                throw new WeightsException(config.Path, $"{key} has the pattern {WeightsException.Quote(pattern.Name)}, and only names of modules are supported there", "save the LoRA with names in place of patterns");
            if (pattern.Value.ValueKind != JsonValueKind.Number)
                throw new WeightsException(config.Path, $"{key} has no number for {WeightsException.Quote(pattern.Name)}", "fetch the file again");
            if (path == name || !fromBeginning && path.EndsWith($".{name}", StringComparison.Ordinal)) return pattern.Value.GetDouble();
        }
        return null;
    }
}
