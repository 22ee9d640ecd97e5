using System.Globalization;

namespace PureLcm.Model.Pictures;

/// <summary>LoRAs in a prompt, as A1111 has them: &lt;lora:NAME:WEIGHT&gt;.</summary>
static class LoraTags
{
    const string Start = "<lora:";

    /// <summary>What is appended to a prompt, so that other tools know of the LoRAs.</summary>
    public static string Compose(IEnumerable<UsedLora> loras) => string.Concat(loras.Select(lora =>
        string.Create(CultureInfo.InvariantCulture, $" {Start}{lora.Title.Trim()}:{lora.Weight:R}>")));

    /// <summary>Takes what <see cref="Compose"/> made off a prompt.</summary>
    public static string CutComposed(string prompt, IEnumerable<UsedLora> loras)
    {
        string tags = Compose(loras);
        return prompt.EndsWith(tags, StringComparison.Ordinal) ? prompt[..^tags.Length] : prompt;
    }

    /// <summary>Takes all tags out of another program's prompt.</summary>
    public static List<UsedLora> Cut(ref string prompt)
    {
        List<UsedLora> loras = [];
        for (int at = 0; (at = prompt.IndexOf(Start, at, StringComparison.Ordinal)) >= 0;)
        {
            int end = prompt.IndexOf('>', at);
            if (end < 0) break;
            string[] parts = prompt[(at + Start.Length)..end].Split(':');
            float weight = 1;
            if (parts.Length > 1 && !float.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out weight))
            {
                at = end;
                continue;
            }
            loras.Add(new(parts[0], weight));
            prompt = prompt.Remove(at, end + 1 - at);
        }
        prompt = prompt.Trim();
        return loras;
    }
}
