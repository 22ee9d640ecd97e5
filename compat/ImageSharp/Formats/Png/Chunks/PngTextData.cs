namespace SixLabors.ImageSharp.Formats.Png.Chunks;

/// <summary>A text with its keyword, such as "parameters".</summary>
public readonly struct PngTextData
{
    /// <param name="keyword">1 to 79 characters of Latin-1.</param>
    /// <param name="value">The text.</param>
    /// <param name="languageTag">The text's language, such as "en"; empty if unknown.</param>
    /// <param name="translatedKeyword">The keyword in that language; empty if there is none.</param>
    /// <exception cref="ArgumentException">The keyword is blank.</exception>
    public PngTextData(string keyword, string value, string languageTag, string translatedKeyword)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(keyword);
        (Keyword, Value, LanguageTag, TranslatedKeyword) = (keyword.Trim(), value, languageTag, translatedKeyword);
    }

    /// <summary>What the text is.</summary>
    public string Keyword { get; }

    /// <summary>The text.</summary>
    public string Value { get; }

    /// <summary>The text's language, or empty.</summary>
    public string LanguageTag { get; }

    /// <summary>The keyword in the text's language, or empty.</summary>
    public string TranslatedKeyword { get; }
}
