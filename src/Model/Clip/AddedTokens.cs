using System.Buffers;
using System.Globalization;
using System.Text;

namespace PureLcm.Model.Clip;

/// <summary>
/// A token that stands for itself in a text, such as the one that ends it, or one that textual inversion has added
/// (Gal et al. 2022, arXiv:2208.01618).
/// </summary>
/// <param name="Text">As the text has it.</param>
/// <param name="Id">What the text encoder looks up.</param>
/// <param name="Normalized">Whether it is looked for in the cleaned text, so that capitals don't matter; else in the text as it is.</param>
/// <param name="SingleWord">Whether it may not stand inside a word.</param>
internal sealed record AddedToken(string Text, int Id, bool Normalized = false, bool SingleWord = false);

/// <summary>
/// Cuts added tokens out of a text, as Hugging Face's tokenizers do: first those that are looked for in the text as it was
/// given, then, in what lies between, the others in the cleaned text; of all that fit, the leftmost, and of these the longest.
/// (Their lstrip and rstrip take white space along, which would fall out anyway.)
/// </summary>
/// <param name="tokens">In the order of their registration, which decides between two of the same text.</param>
internal sealed class AddedTokens(IReadOnlyList<AddedToken> tokens)
{
    readonly (string Pattern, AddedToken Token)[] given =
        [.. tokens.Where(token => !token.Normalized).Select(token => (token.Text, token))];

    readonly (string Pattern, AddedToken Token)[] cleaned =
    [
        .. from token in tokens
           where token.Normalized
           let clean = Words.Clean(token.Text)
           where clean.Length > 0
           select (clean, token),
    ];

    /// <summary>The text from left to right: added tokens, and the cleaned text between them (then the token is null).</summary>
    public IEnumerable<(string Clean, AddedToken? Token)> Cut(string text)
    {
        foreach (var (piece, token) in Cut(text, given))
        {
            if (token is not null) yield return ("", token);
            else
                foreach (var part in Cut(Words.Clean(piece), cleaned)) yield return part;
        }
    }

    static IEnumerable<(string Piece, AddedToken? Token)> Cut(string text, (string Pattern, AddedToken Token)[] patterns)
    {
        var next = new int[patterns.Length]; // where each pattern is found next; the text's length where it isn't
        for (int i = 0; i < next.Length; i++) next[i] = Find(i, 0);
        int done = 0; // what lies before has been given out
        for (int at = 0; at < text.Length;)
        {
            int best = -1;
            for (int i = 0; i < next.Length; i++)
            {
                if (next[i] < at) next[i] = Find(i, at);
                if (next[i] == text.Length) continue;
                bool longer = best >= 0 && next[i] == next[best] && patterns[i].Pattern.Length > patterns[best].Pattern.Length;
                if (best < 0 || next[i] < next[best] || longer) best = i;
            }
            if (best < 0) break;
            int begin = next[best];
            at = begin + patterns[best].Pattern.Length;
            bool inWord = EndsWithWord(text.AsSpan(0, begin)) || BeginsWithWord(text.AsSpan(at));
            if (inWord && patterns[best].Token.SingleWord) continue;
            if (begin > done) yield return (text[done..begin], null);
            yield return ("", patterns[best].Token);
            done = at;
        }
        if (done < text.Length) yield return (text[done..], null);

        int Find(int i, int from)
        {
            int found = text.IndexOf(patterns[i].Pattern, from, StringComparison.Ordinal);
            return found >= 0 ? found : text.Length;
        }
    }

    static bool BeginsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    static bool EndsWithWord(ReadOnlySpan<char> text) =>
        Rune.DecodeLastFromUtf16(text, out var rune, out _) == OperationStatus.Done && IsWord(rune);

    /// <summary>\w of Unicode's regular expressions (UTS 18): letters, marks, digits, connecting punctuation, joiners.</summary>
    static bool IsWord(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        <= UnicodeCategory.OtherLetter => true,
        UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark => true,
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.ConnectorPunctuation => true,
        // Joiners, and the circled and squared letters, which count as alphabetic.
        _ => rune.Value is 0x200C or 0x200D or >= 0x24B6 and <= 0x24E9
            or >= 0x1F130 and <= 0x1F149 or >= 0x1F150 and <= 0x1F169 or >= 0x1F170 and <= 0x1F189,
    };
}
