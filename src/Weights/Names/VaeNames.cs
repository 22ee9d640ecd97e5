namespace PureLcm.Weights.Names;

/// <summary>Autoencoders saved before 2023 call the parts of their attention query, key, value and proj_attn.</summary>
public static class VaeNames
{
    /// <summary>The current name: decoder.mid_block.attentions.0.query.weight becomes ….to_q.weight. Others stay.</summary>
    public static string Current(string name)
    {
        if (!name.Contains(".attentions.", StringComparison.Ordinal)) return name;
        string[] parts = name.Split('.');
        parts[^2] = parts[^2] switch
        {
            "query" => "to_q",
            "key" => "to_k",
            "value" => "to_v",
            "proj_attn" => "to_out.0",
            var other => other,
        };
        return string.Join('.', parts);
    }
}
