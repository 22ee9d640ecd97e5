using System.Globalization;
using System.Text;

namespace PureLcm.Model.Clip;

/// <summary>
/// Unicode's normalisation form C: every accent joins its letter where a joint character exists (Unicode Standard
/// Annex 15). string.Normalize does the same with libicu's help, of libicu's version; here the table is our own, so that
/// a prompt has the same tokens everywhere. It is Unicode 9.0's, as in CLIP's reference tokenizer.
/// </summary>
public static class Nfc
{
    // Below U+0300, the first combining mark, every text is in form C already, and the table is never loaded.
    const char FirstMark = '\u0300';

    static readonly Lazy<Table> Tables = new(Table.Load);

    /// <summary>The text in form C. A lone surrogate becomes U+FFFD.</summary>
    public static string Normalize(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange(FirstMark, char.MaxValue)) return text;
        var table = Tables.Value;
        var points = new List<int>(text.Length + 8);
        foreach (var rune in text.EnumerateRunes()) table.Decompose(rune.Value, points);
        table.Order(points);
        table.Compose(points);
        var composed = new StringBuilder(points.Count + 8);
        foreach (int point in points) composed.Append(new Rune(point));
        return composed.ToString();
    }

    /// <summary>Korean syllables are made of their letters by arithmetic (The Unicode Standard, section 3.12).</summary>
    static class Hangul
    {
        const int FirstSyllable = 0xAC00, FirstLead = 0x1100, FirstVowel = 0x1161, BeforeTrail = 0x11A7;
        const int Leads = 19, Vowels = 21, Trails = 28, Syllables = Leads * Vowels * Trails;

        public static bool Decompose(int point, List<int> into)
        {
            int index = point - FirstSyllable;
            if ((uint)index >= Syllables) return false;
            into.Add(FirstLead + index / (Vowels * Trails));
            into.Add(FirstVowel + index % (Vowels * Trails) / Trails);
            if (index % Trails != 0) into.Add(BeforeTrail + index % Trails);
            return true;
        }

        public static bool Compose(int first, int second, out int syllable)
        {
            int lead = first - FirstLead, vowel = second - FirstVowel;
            syllable = FirstSyllable + (lead * Vowels + vowel) * Trails;
            if ((uint)lead < Leads && (uint)vowel < Vowels) return true;
            int index = first - FirstSyllable, trail = second - BeforeTrail;
            syllable = first + trail;
            return (uint)index < Syllables && index % Trails == 0 && trail is > 0 and < Trails;
        }
    }

    /// <summary>Nfc.txt in memory.</summary>
    sealed class Table
    {
        readonly Dictionary<int, int> classes = new(700);
        readonly Dictionary<int, (int First, int Second)> parts = new(2100); // Second is 0 where there is one part only
        readonly Dictionary<(int First, int Second), int> whole = new(1000);

        public static Table Load()
        {
            using var resource = typeof(Nfc).Assembly.GetManifestResourceStream("Clip.Nfc.txt")!;
            using var reader = new StreamReader(resource, Encoding.ASCII);
            var table = new Table();
            while (reader.ReadLine() is { } line)
                if (line[0] != '#') table.Add(line);
            return table;
        }

        /// <summary>"0300-0314 230": combining classes; "00C0 = 0041 0300": a pair that composes; "0340 > 0300": parts that don't.</summary>
        void Add(ReadOnlySpan<char> line)
        {
            int space = line.IndexOf(' '), dash = line.IndexOf('-');
            if (dash >= 0)
            {
                int last = Hex(line[(dash + 1)..space]);
                for (int point = Hex(line[..dash]); point <= last; point++)
                    classes[point] = int.Parse(line[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture);
                return;
            }
            int composed = Hex(line[..space]);
            var rest = line[(space + 3)..];
            int between = rest.IndexOf(' ');
            var pair = between < 0 ? (Hex(rest), 0) : (Hex(rest[..between]), Hex(rest[(between + 1)..]));
            parts[composed] = pair;
            if (line[space + 1] == '=') whole[pair] = composed;
        }

        static int Hex(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

        int Class(int point) => point < FirstMark ? 0 : classes.GetValueOrDefault(point);

        /// <summary>Appends a character's full canonical decomposition.</summary>
        public void Decompose(int point, List<int> into)
        {
            if (Hangul.Decompose(point, into)) return;
            if (!parts.TryGetValue(point, out var pair))
            {
                into.Add(point);
                return;
            }
            Decompose(pair.First, into);
            if (pair.Second != 0) Decompose(pair.Second, into);
        }

        /// <summary>Sorts each run of marks by combining class, marks of one class staying in their order.</summary>
        public void Order(List<int> points)
        {
            var run = new List<(int Class, int Point)>();
            for (int i = 0; i <= points.Count; i++)
            {
                int k = i < points.Count ? Class(points[i]) : 0;
                if (k != 0)
                {
                    run.Add((k, points[i]));
                    continue;
                }
                int at = i - run.Count;
                if (run.Count > 1)
                    foreach (var mark in run.OrderBy(mark => mark.Class)) points[at++] = mark.Point;
                run.Clear();
            }
        }

        /// <summary>
        /// Joins each character to the last starter (class 0) before it where the pair has a joint form and nothing between
        /// them blocks it: no starter, and no mark of the same or a higher class.
        /// </summary>
        public void Compose(List<int> points)
        {
            int kept = 0, starter = -1, last = 0;
            for (int i = 0; i < points.Count; i++)
            {
                int point = points[i], k = Class(point);
                bool open = starter >= 0 && (kept == starter + 1 || last < k);
                if (open && (Hangul.Compose(points[starter], point, out int joint) || whole.TryGetValue((points[starter], point), out joint)))
                {
                    points[starter] = joint;
                    continue;
                }
                if (k == 0) starter = kept;
                last = k;
                points[kept++] = point;
            }
            points.RemoveRange(kept, points.Count - kept);
        }
    }
}
