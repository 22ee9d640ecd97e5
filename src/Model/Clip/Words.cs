using System.Globalization;
using System.Text;

namespace PureLcm.Model.Clip;

/// <summary>
/// How CLIP's tokenizer sees a text before it looks at its vocabulary: cleaned, in lower case, and cut into pieces.
/// Works on code points, not on chars: letters lie beyond U+FFFF too.
/// </summary>
public static class Words
{
    /// <summary>Form C, each run of white space one blank, each character in lower case by itself.</summary>
    public static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        bool blank = false;
        foreach (var rune in Nfc.Normalize(text).EnumerateRunes())
        {
            bool space = Rune.IsWhiteSpace(rune);
            if (space && !blank) clean.Append(' ');
            if (!space) AppendLower(rune, clean);
            blank = space;
        }
        return clean.ToString();
    }

    static void AppendLower(Rune rune, StringBuilder into)
    {
        if (rune.Value == 0x130)
            into.Append("i\u0307"); // İ is the one character whose lower case is two
        else if (rune.Value > 0xA7CB && NewestLower(rune.Value) is { } lower)
            into.Append(new Rune(lower));
        else
            into.Append(Rune.ToLowerInvariant(rune));
    }

    /// <summary>Unicode 17's capitals, which the reference lowers and .NET 10 does not know yet.</summary>
    static int? NewestLower(int point) => point switch
    {
        0xA7CE or 0xA7D2 or 0xA7D4 => point + 1,
        >= 0x16EA0 and <= 0x16EB8 => point + 0x1B,
        _ => null,
    };

    /// <summary>
    /// Cuts a clean text: contractions ('s 't 're 've 'm 'll 'd), runs of letters, single digits, runs of all else;
    /// white space falls out. The reference tries a special token's spelling first, then cuts it as it cuts all else:
    /// that keeps what follows "&lt;|endoftext|&gt;" out of its last run.
    /// </summary>
    public static IEnumerable<string> Split(string clean)
    {
        for (int at = 0; at < clean.Length;)
        {
            int end = StartsWith(clean, at, Tokenizer.Start) ? at + Tokenizer.Start.Length
                : StartsWith(clean, at, Tokenizer.End) ? at + Tokenizer.End.Length
                : PieceEnd(clean, at);
            while (at < end)
            {
                int next = Math.Min(PieceEnd(clean, at), end);
                if (!char.IsWhiteSpace(clean[at])) yield return clean[at..next];
                at = next;
            }
        }
    }

    static int PieceEnd(string text, int at)
    {
        if (Contraction(text, at) is var length and > 0) return at + length;
        var rune = Rune.GetRuneAt(text, at);
        var kind = KindOf(rune);
        at += rune.Utf16SequenceLength;
        if (kind is Kind.Number or Kind.Space) return at;
        while (at < text.Length && KindOf(rune = Rune.GetRuneAt(text, at)) == kind) at += rune.Utf16SequenceLength;
        return at;
    }

    static int Contraction(string text, int at)
    {
        if (text[at] != '\'') return 0;
        foreach (string ending in (ReadOnlySpan<string>)["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"])
            if (StartsWith(text, at, ending)) return ending.Length;
        return 0;
    }

    static bool StartsWith(string text, int at, string what) => text.AsSpan(at).StartsWith(what, StringComparison.Ordinal);

    enum Kind { Letter, Number, Space, Other }

    static Kind KindOf(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.OtherLetter => Kind.Letter,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => Kind.Number,
        _ => Rune.IsWhiteSpace(rune) ? Kind.Space : Kind.Other,
    };
}
