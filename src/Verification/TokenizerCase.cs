using System.Text.Json;
using PureLcm.Model;
using PureLcm.Model.Clip;
using PureLcm.Model.Layers;

namespace PureLcm.Verification;

/// <summary>Texts to ids, under the default model's vocabulary and under CLIP's own, padded to 77.</summary>
sealed class TokenizerCase(string folder, string defaultModel)
{
    const int Length = 77;

    public IReadOnlyList<Comparison> Run(JsonElement json)
    {
        string own = Path.Combine(folder, "models", "sd15", "tokenizer");
        var picturebook = Tokenizer.Load(Directory.Exists(own) ? own : Path.Combine(defaultModel, "tokenizer"), Length);
        var clip = LoadClip();
        var comparisons = new List<Comparison>();
        var texts = json.GetProperty("texts");
        foreach (var (name, tokenizer) in new[] { ("picturebook", picturebook), ("clip", clip) })
        {
            if (!json.TryGetProperty(name, out var expected)) continue;
            for (int i = 0; i < texts.GetArrayLength(); i++)
                comparisons.Add(Comparison.OfNumbers($"{name} {texts[i].GetString()}", tokenizer.Encode(texts[i].GetString()!),
                    [.. expected[i].EnumerateArray().Select(id => id.GetInt32())]));
        }
        return comparisons;
    }

    /// <summary>CLIP's own tokenizer, through the folder that `lcm synth` writes.</summary>
    static Tokenizer LoadClip()
    {
        string temporary = Directory.CreateTempSubdirectory("lcm-clip-").FullName;
        try
        {
            ClipVocabulary.WriteTo(temporary);
            return Tokenizer.Load(temporary, Length);
        }
        finally
        {
            Directory.Delete(temporary, recursive: true);
        }
    }
}
