using System.Globalization;
using System.Text;
using PureLcm.Model.Schedulers;

namespace PureLcm.Model.Pictures;

/// <summary>
/// The last line of a "parameters" text: "Steps: 4, Sampler: LCM, …". A value with a comma, a colon, a quote or a line's end
/// is quoted as JSON quotes strings.
/// </summary>
static class ParameterFields
{
    /// <summary>Appends a field.</summary>
    public static void Add(StringBuilder text, string name, string value, bool quoted = false)
    {
        if (text.Length > 0) text.Append(", ");
        text.Append(name).Append(": ");
        // A1111 takes an empty value unquoted only, and blanks around a value don't survive unquoted.
        if (quoted || value.AsSpan().IndexOfAny(",:\"\\\n\r") >= 0 || value != value.Trim() || value.Any(c => char.IsControl(c) || char.IsSurrogate(c))) Quote(text, value);
        else text.Append(value);
    }

    /// <summary>The fields of a line by their names; the first of a name counts.</summary>
    public static Dictionary<string, string> Parse(string line)
    {
        var fields = new Dictionary<string, string>();
        int at = 0;
        while (at < line.Length)
        {
            int colon = line.IndexOf(':', at);
            if (colon < 0) break;
            string name = line[at..colon];
            name = name[(name.LastIndexOf(',') + 1)..].Trim(); // a name has no comma: what stands before it is no field
            at = colon + 1;
            while (at < line.Length && line[at] == ' ') at++;
            string value;
            if (at < line.Length && line[at] == '"' && Unquote(line, ref at) is { } unquoted)
            {
                value = unquoted;
                int comma = line.IndexOf(',', at);
                at = comma < 0 ? line.Length : comma + 1;
            }
            else
            {
                int comma = line.IndexOf(',', at);
                int end = comma < 0 ? line.Length : comma;
                value = line[at..end].Trim();
                at = comma < 0 ? line.Length : comma + 1;
            }
            fields.TryAdd(name, value);
        }
        return fields;
    }

    static void Quote(StringBuilder text, string value)
    {
        text.Append('"');
        for (int i = 0; i < value.Length; i++)
        {
            char c = value[i];
            if (c is '"' or '\\') text.Append('\\').Append(c);
            else if (c == '\n') text.Append("\\n");
            else if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1])) text.Append(c).Append(value[++i]);
            else if (char.IsControl(c) || char.IsSurrogate(c)) text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else text.Append(c);
        }
        text.Append('"');
    }

    /// <summary>A quoted string from <paramref name="at"/> on, which ends up behind it; null if it isn't one.</summary>
    static string? Unquote(string line, ref int at)
    {
        var value = new StringBuilder();
        for (int i = at + 1; i < line.Length; i++)
        {
            if (line[i] == '"')
            {
                at = i + 1;
                return value.ToString();
            }
            if (line[i] != '\\')
            {
                value.Append(line[i]);
                continue;
            }
            if (++i == line.Length) return null;
            if (line[i] == 'u')
            {
                if (i + 4 >= line.Length || !ushort.TryParse(line.AsSpan(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort code)) return null;
                value.Append((char)code);
                i += 4;
            }
            else value.Append(line[i] switch { 'n' => '\n', 'r' => '\r', 't' => '\t', 'b' => '\b', 'f' => '\f', _ => line[i] });
        }
        return null;
    }
}
