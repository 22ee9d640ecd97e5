using PureLcm.Model.Pipelines;
using PureLcm.Weights;
using PureLcm.Weights.Names;

namespace PureLcm.Model.Lora;

/// <summary>Whether a LoRA makes a model latent-consistent, and why it is thought so.</summary>
/// <param name="Path">The file.</param>
/// <param name="IsLcm">Whether a few steps of the LCM sampler at guidance 1 are right with it.</param>
/// <param name="IsNamed">Whether its name, or the title in its header, says LCM.</param>
/// <param name="Reason">One sentence that names the file and what decided.</param>
public sealed record LcmVerdict(string Path, bool IsLcm, bool IsNamed, string Reason);

/// <summary>
/// Tells LCM-LoRAs (Luo et al. 2023, arXiv:2311.05556) by what is in the file. Distillation changes the whole UNet and nothing
/// else: attention, convolutions and, which trainers of styles leave alone unless told, the projections of the time embedding,
/// all at one rank; and there is no set of captioned pictures to put down in the file. LoRAs of other few-step distillations
/// (TCD, Hyper-SD) look the same, and they too want few steps and no guidance. Where the contents leave it open, a name that
/// has LCM as a word of its own decides; the folder's name never does.
/// </summary>
public static class LcmRecognition
{
    const string Word = "lcm";

    // What kohya's trainer says of the pictures it trained on.
    static readonly string[] pictures = ["ss_dataset_dirs", "ss_datasets", "ss_tag_frequency", "ss_num_train_images", "ss_num_reg_images"];
    static readonly string[] titles = ["modelspec.title", "ss_output_name"];

    /// <summary>Judges a file by its header; no weights are read.</summary>
    /// <exception cref="WeightsException">It can't be opened.</exception>
    public static LcmVerdict Of(string path)
    {
        using var file = SafetensorsFile.Open(path);
        var modules = new List<(string, int)>();
        foreach (var (key, tensor) in file.Tensors)
            if (LoraNames.TrySplit(key, out string module, out var part, out _) && part == LoraPart.Down && tensor.Sides.Length > 0)
                modules.Add((module, tensor.Sides[0]));
        return Judge(path, modules, file.Metadata);
    }

    /// <summary>Judges a file that is open already.</summary>
    public static LcmVerdict Of(LoraFile file) =>
        Judge(file.Path, [.. file.Entries.Select(entry => (entry.ModulePath, entry.Rank))], file.Metadata);

    /// <summary>Judges by the modules, under the names of any layout, with their ranks, and by what the header says.</summary>
    static LcmVerdict Judge(
        string path, IReadOnlyCollection<(string Module, int Rank)> modules, IReadOnlyDictionary<string, string> metadata)
    {
        bool text = modules.Any(entry => IsOfText(entry.Module));
        bool onPictures = pictures.Any(key =>
            metadata.TryGetValue(key, out string? value) && value is not ("" or "{}" or "[]" or "0" or "None"));
        bool time = Has("time_emb_proj", "emb_layers_1"), convolutions = Has("conv1", "in_layers_2"), attention = Has("to_q");
        int[] ranks = [.. modules.Select(entry => entry.Rank).Distinct()];
        string name = Path.GetFileNameWithoutExtension(path);
        string? title = titles.FirstOrDefault(key => metadata.TryGetValue(key, out string? value) && HasWord(value));
        string? named = HasWord(name) ? $"its name, {name}" : title is null ? null : $"its {title}, {metadata[title]}";

        if (text) return No("it changes the text encoder, which latent consistency leaves alone");
        if (onPictures) return No("it says that it was trained on a set of pictures");
        if (time && convolutions && attention && ranks.Length == 1)
            return Yes($": it changes all of the UNet, time embedding and convolutions too, at one rank ({ranks[0]}), "
                + "as distillation does");
        return named is not null
            ? Yes($" by {named}, while its contents could be any LoRA's")
            : No("it changes a part of the UNet only");

        bool Has(params ReadOnlySpan<string> endings)
        {
            foreach (var (module, _) in modules)
                foreach (string ending in endings)
                    if (module.EndsWith(ending, StringComparison.Ordinal)) return true;
            return false;
        }

        LcmVerdict Yes(string why) => new(path, true, named is not null, $"{path} is taken for an LCM-LoRA{why}");

        LcmVerdict No(string why)
        {
            string although = named is null ? "" : $", though {named}, has the word";
            return new(path, false, named is not null, $"{path} is not taken for an LCM-LoRA{although}: {why}");
        }
    }

    static bool IsOfText(string module) =>
        module.StartsWith("text_encoder", StringComparison.Ordinal) || module.StartsWith("lora_te", StringComparison.Ordinal)
        || module.Contains("text_model", StringComparison.Ordinal) || module.Contains("self_attn", StringComparison.Ordinal);

    /// <summary>True where LCM is one of the words: lcm-lora-sdv1-5 and LCM_4steps, but not calcmood, and not PureLcm either.</summary>
    static bool HasWord(string name)
    {
        for (int at = 0; (at = name.IndexOf(Word, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
        {
            int end = at + Word.Length;
            if ((at == 0 || !char.IsLetter(name[at - 1])) && (end == name.Length || !char.IsLetter(name[end]))) return true;
        }
        return false;
    }

    /// <summary>
    /// A model's own LCM-LoRA and the LoRAs that were asked for. One of these that is the model's own, by its bytes, under
    /// whatever name, acts once: in the own one's place, as strongly as was asked for.
    /// </summary>
    /// <param name="own">The model's own.</param>
    /// <param name="others">Those asked for.</param>
    /// <param name="notice">One sentence where one of them is the model's own; else null.</param>
    public static IReadOnlyList<LoraChoice> WithOwn(LoraChoice own, IReadOnlyList<LoraChoice> others, out string? notice)
    {
        LoraChoice[] twins = [.. others.Where(other => HaveSameBytes(own.Path, other.Path))];
        notice = twins.Length == 0 ? null : $"{twins[^1].Path} is the model's own LCM-LoRA, which is on already: it acts once, not twice";
        return twins.Length == 0 ? [own, .. others] : [twins[^1], .. others.Except(twins)];
    }

    /// <summary>Whether two files are the same or have the same bytes; false where one can't be read. Sizes are compared first.</summary>
    public static bool HaveSameBytes(string path, string otherPath)
    {
        if (Path.GetFullPath(path) == Path.GetFullPath(otherPath)) return true;
        try
        {
            using FileStream a = File.OpenRead(path), b = File.OpenRead(otherPath);
            if (a.Length != b.Length) return false;
            byte[] ours = new byte[1 << 16], theirs = new byte[1 << 16];
            while (true)
            {
                int read = a.ReadAtLeast(ours, ours.Length, throwOnEndOfStream: false);
                if (read != b.ReadAtLeast(theirs, theirs.Length, throwOnEndOfStream: false)) return false;
                if (!ours.AsSpan(0, read).SequenceEqual(theirs.AsSpan(0, read))) return false;
                if (read < ours.Length) return true;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false; // whoever opens it next says why
        }
    }
}
