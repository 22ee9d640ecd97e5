using System.Globalization;
using PureLcm.Model.Pipelines;

namespace PureLcm.Tools;

/// <summary>FILE[:WEIGHT], split at the last colon, and only where a number follows: C:\x.safetensors stays whole.</summary>
static class LoraArgument
{
    public static LoraChoice Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        if (colon > 0 && float.TryParse(text.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out float weight))
            return float.IsFinite(weight) ? new(text[..colon], weight) : throw new UsageException($"--lora {text}: the weight must be a finite number, such as 0.8");
        return new(text);
    }
}
