namespace PureLcm.Weights.Names;

/// <summary>CLIP text encoders come with and, from recent exports, without the prefix text_model.</summary>
public static class TextEncoderNames
{
    /// <summary>What stands before the names of everything but the text projection.</summary>
    public const string Prefix = "text_model.";

    /// <summary>The name with the prefix: encoder.layers.0.… becomes text_model.encoder.layers.0.…</summary>
    public static string Current(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) || name.StartsWith("text_projection.", StringComparison.Ordinal) ? name : Prefix + name;
}
