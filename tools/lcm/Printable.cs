using System.Globalization;
using System.Text;

namespace PureLcm.Tools;

/// <summary>
/// Texts of strangers' files on a terminal. A terminal takes control characters for commands, and marks of writing direction
/// make a line look like another one; both are shown as what they are.
/// </summary>
static class Printable
{
    /// <summary>The text with such characters as \u001b; ends of lines stay where <paramref name="lines"/> says so.</summary>
    public static string Of(string text, bool lines = false)
    {
        if (!text.Any(c => IsHidden(c, lines))) return text;
        var shown = new StringBuilder();
        foreach (char c in text)
            if (IsHidden(c, lines)) shown.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else shown.Append(c);
        return shown.ToString();
    }

    static bool IsHidden(char c, bool lines) =>
        char.IsControl(c) && !(lines && c == '\n') || c is >= '\u202a' and <= '\u202e' or >= '\u2066' and <= '\u2069';
}
