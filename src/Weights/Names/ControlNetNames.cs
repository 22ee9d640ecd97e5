namespace PureLcm.Weights.Names;

/// <summary>
/// The tensors of a ControlNet by diffusers' names, whichever program wrote the file. The network's author names them as the
/// first Stable Diffusion did (input_blocks, middle_block), with <c>control_model.</c> in front or without.
/// </summary>
public static class ControlNetNames
{
    /// <summary>A tensor that every ControlNet has, and nothing else.</summary>
    public const string Sign = "controlnet_cond_embedding.conv_in.weight";

    const string Prefix = "control_model.", Hint = "input_hint_block.", Input = "input_blocks.";

    /// <summary>What becomes of each name of a file; names that no ControlNet has stay.</summary>
    /// <param name="names">All names of the file: how many layers a level has is told by where its downsampler comes.</param>
    public static Func<string, string> Current(IReadOnlyCollection<string> names)
    {
        string prefix = names.Any(name => name.StartsWith(Prefix, StringComparison.Ordinal)) ? Prefix : "";
        string[] own = [.. names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => name[prefix.Length..])];
        if (!own.Contains(Hint + "0.weight")) return name => name;

        int lastHint = own.Where(name => name.StartsWith(Hint, StringComparison.Ordinal)).Select(name => Number(name, Hint.Length)).Max();
        var places = Places(own);
        return name => name.StartsWith(prefix, StringComparison.Ordinal) ? Current(name[prefix.Length..], lastHint, places) ?? name : name;
    }

    /// <summary>
    /// Where each of the input blocks is: the first is conv_in; a level's layers follow, and its downsampler ("op"), after which
    /// the next level begins.
    /// </summary>
    static Dictionary<int, (int Level, int Layer, bool Downsampler)> Places(string[] names)
    {
        int last = names.Where(name => name.StartsWith(Input, StringComparison.Ordinal)).Select(name => Number(name, Input.Length)).DefaultIfEmpty(0).Max();
        var present = names.ToHashSet();
        var places = new Dictionary<int, (int, int, bool)>();
        for (int n = 1, level = 0, layer = 0; n <= last && n <= names.Length; n++)
        {
            bool down = present.Contains($"{Input}{n}.0.op.weight");
            places[n] = (level, layer, down);
            (level, layer) = down ? (level + 1, 0) : (level, layer + 1);
        }
        return places;
    }

    static string? Current(string name, int lastHint, Dictionary<int, (int Level, int Layer, bool Downsampler)> places)
    {
        string[] parts = name.Split('.');
        if (parts.Length < 3 || !int.TryParse(parts[1], out int n)) return null;
        switch (parts[0])
        {
            case "input_hint_block": // convolutions at even places, activations between them
                return "controlnet_cond_embedding." + (n == 0 ? "conv_in" : n == lastHint ? "conv_out" : $"blocks.{n / 2 - 1}") + Rest(parts, 2);
            case "time_embed":
                return $"time_embedding.linear_{n / 2 + 1}" + Rest(parts, 2);
            case "zero_convs":
                return $"controlnet_down_blocks.{n}" + Rest(parts, 3);
            case "middle_block_out":
                return "controlnet_mid_block" + Rest(parts, 2);
            case "middle_block": // resnet, transformer, resnet, …
                return n % 2 == 0 ? $"mid_block.resnets.{n / 2}{Resnet(parts, 2)}" : $"mid_block.attentions.{n / 2}{Rest(parts, 2)}";
            case "input_blocks" when n == 0:
                return "conv_in" + Rest(parts, 3);
            case "input_blocks" when places.TryGetValue(n, out var place):
                string level = $"down_blocks.{place.Level}.";
                return place.Downsampler ? $"{level}downsamplers.0.conv{Rest(parts, 4)}"
                    : parts[2] == "0" ? $"{level}resnets.{place.Layer}{Resnet(parts, 3)}"
                    : $"{level}attentions.{place.Layer}{Rest(parts, 3)}";
            default:
                return null;
        }
    }

    /// <summary>A resnet's part from a place on: in_layers.0.weight is norm1.weight.</summary>
    static string Resnet(string[] parts, int at)
    {
        if (at >= parts.Length) return "";
        (string name, int taken) = (parts[at], parts.ElementAtOrDefault(at + 1)) switch
        {
            ("in_layers", "0") => ("norm1", 2),
            ("in_layers", "2") => ("conv1", 2),
            ("emb_layers", "1") => ("time_emb_proj", 2),
            ("out_layers", "0") => ("norm2", 2),
            ("out_layers", "3") => ("conv2", 2),
            ("skip_connection", _) => ("conv_shortcut", 1),
            _ => (parts[at], 1),
        };
        return $".{name}{Rest(parts, at + taken)}";
    }

    static string Rest(string[] parts, int from) => string.Concat(parts.Skip(from).Select(part => "." + part));

    static int Number(string name, int at)
    {
        int end = name.IndexOf('.', at);
        return int.TryParse(name.AsSpan(at, (end < 0 ? name.Length : end) - at), out int n) ? n : 0;
    }
}
