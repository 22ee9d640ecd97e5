using System.Globalization;
using System.Text;
using PureLcm.Model;
using PureLcm.Model.Random;

namespace PureLcm.Tools;

/// <summary>Where pictures go: a name that was asked for is written as it is; a name of our making never takes the place of a file.</summary>
static class OutputNames
{
    const int LongestSlug = 60;

    /// <summary>A path for each of so many pictures.</summary>
    public static string[] Choose(string? output, string prompt, Seed seed, int count)
    {
        bool folder = output is null || Directory.Exists(output) || output.EndsWith('/') || output.EndsWith(Path.DirectorySeparatorChar)
            || !Path.HasExtension(output);
        if (!folder)
        {
            if (!output!.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
                throw new UsageException($"-o {output}: pictures are written as PNG; give a name that ends in .png, or a folder");
            RequireFolder(Path.GetDirectoryName(Path.GetFullPath(output))!);
            if (count == 1) return [output];
            string stem = output[..^".png".Length];
            return [.. Enumerable.Range(1, count).Select(i => string.Create(CultureInfo.InvariantCulture, $"{stem}-{i}.png"))];
        }
        string parent = output ?? "";
        try
        {
            if (parent.Length > 0) Directory.CreateDirectory(parent);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"{parent}: the folder can't be made ({e.Message.ReplaceLineEndings(" ")}); name another with -o", e);
        }
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        return [.. Enumerable.Range(0, count).Select(i => Free(parent, string.Create(CultureInfo.InvariantCulture, $"{Slug(prompt)}-{seed}{(count > 1 ? $"-{i + 1}" : "")}"), taken))];
    }

    /// <summary>Says before the work, not after it, that its result has nowhere to go.</summary>
    static void RequireFolder(string parent)
    {
        if (!Directory.Exists(parent)) throw new ModelException($"{parent}: there is no such folder to write the picture into; make it first, or name another with -o");
    }

    static string Free(string parent, string stem, HashSet<string> taken)
    {
        for (int i = 1; ; i++)
        {
            string path = Path.Combine(parent, i == 1 ? stem + ".png" : string.Create(CultureInfo.InvariantCulture, $"{stem}_{i}.png"));
            if (!File.Exists(path) && taken.Add(path)) return path;
        }
    }

    /// <summary>Letters and digits of the prompt, with hyphens between the words: a-red-house-in-the-snow-at-night.</summary>
    static string Slug(string prompt)
    {
        var slug = new StringBuilder();
        foreach (var rune in prompt.EnumerateRunes())
        {
            if (slug.Length >= LongestSlug) break;
            if (Rune.IsLetterOrDigit(rune)) slug.Append(Rune.ToLowerInvariant(rune));
            else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
        }
        string text = slug.ToString().Trim('-');
        return text.Length == 0 ? "picture" : text;
    }
}
