using System.Runtime.InteropServices;
using System.Text;

namespace PureLcm.Model.Clip;

/// <summary>Two neighbouring tokens and the one that they may become.</summary>
public readonly record struct Merge(int Left, int Right, int Joined);

/// <summary>
/// Byte-pair encoding (Sennrich et al. 2016, arXiv:1508.07909) over bytes: a word is its UTF-8 bytes, each a token at
/// first, the last one marked &lt;/w&gt;; then the neighbours whose merge was learned earliest are joined, the leftmost
/// first, until no merge is left.
/// </summary>
public sealed class BytePairEncoding
{
    /// <summary>Ends the last token of each word.</summary>
    public const string EndOfWord = "</w>";

    readonly int[] bytes = new int[256], lastBytes = new int[256]; // the token of each byte, within and at the end of a word
    readonly Dictionary<long, Learned> merges; // by the two tokens, PairKey

    /// <summary>Takes a vocabulary and its merges.</summary>
    /// <param name="vocabulary">The id of each token, written in <see cref="ByteAlphabet"/>.</param>
    /// <param name="merges">In the order in which they were learned.</param>
    /// <param name="unknown">The id for a byte that the vocabulary lacks.</param>
    public BytePairEncoding(Dictionary<string, int> vocabulary, List<Merge> merges, int unknown)
    {
        for (int b = 0; b < 256; b++)
        {
            string symbol = ByteAlphabet[b].ToString();
            bytes[b] = vocabulary.TryGetValue(symbol, out int id) ? id : unknown;
            lastBytes[b] = vocabulary.TryGetValue(symbol + EndOfWord, out id) ? id : unknown;
        }
        this.merges = new(merges.Count);
        for (int rank = 0; rank < merges.Count; rank++)
            this.merges[PairKey(merges[rank].Left, merges[rank].Right)] = new(rank, merges[rank].Joined);
    }

    /// <summary>
    /// The character that stands for each byte in vocab.json and merges.txt: itself where it can be seen in Latin-1,
    /// else one from U+0100 up, so that no token holds a blank or a control character.
    /// </summary>
    public static ReadOnlySpan<char> ByteAlphabet => Alphabet;

    static readonly char[] Alphabet = MakeAlphabet();

    static char[] MakeAlphabet()
    {
        var alphabet = new char[256];
        int hidden = 0;
        for (int b = 0; b < 256; b++)
            alphabet[b] = b is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)b : (char)(0x100 + hidden++);
        return alphabet;
    }

    /// <summary>Appends the tokens of one word.</summary>
    public void Encode(string word, List<int> into)
    {
        Span<byte> utf8 = Encoding.UTF8.GetBytes(word);
        if (utf8.Length == 0) return;
        int first = into.Count;
        foreach (byte b in utf8[..^1]) into.Add(bytes[b]);
        into.Add(lastBytes[utf8[^1]]);
        Merge(into, first);
    }

    // A chain of symbols, and a queue of the merges that are possible in it. An entry of the queue may be out of date,
    // when one of its symbols was joined to another neighbour meanwhile: then the pair there makes another token, or none.
    void Merge(List<int> tokens, int first)
    {
        var symbols = CollectionsMarshal.AsSpan(tokens)[first..];
        int count = symbols.Length;
        if (count == 1) return;
        const int gone = -1;
        int[] next = new int[count], previous = new int[count];
        var queue = new PriorityQueue<Candidate, Candidate>();
        for (int i = 0; i < count; i++) (previous[i], next[i]) = (i - 1, i + 1);
        for (int i = 0; i + 1 < count; i++) Offer(symbols, i);

        while (queue.TryDequeue(out var merge, out _))
        {
            int left = merge.At, right = next[left];
            if (symbols[left] == gone || right == count) continue;
            if (!merges.TryGetValue(PairKey(symbols[left], symbols[right]), out var now) || now.Token != merge.Token) continue;
            (symbols[left], symbols[right]) = (merge.Token, gone);
            next[left] = next[right];
            if (next[left] < count)
            {
                previous[next[left]] = left;
                Offer(symbols, left);
            }
            if (previous[left] >= 0) Offer(symbols, previous[left]);
        }
        int kept = first;
        for (int i = 0; i < count; i = next[i]) tokens[kept++] = symbols[i];
        tokens.RemoveRange(kept, tokens.Count - kept);

        void Offer(ReadOnlySpan<int> chain, int at)
        {
            if (merges.TryGetValue(PairKey(chain[at], chain[next[at]]), out var found)) 
            {
                var candidate = new Candidate(found.Rank, at, found.Token);
                queue.Enqueue(candidate, candidate);
            }
        }
    }

    readonly record struct Learned(int Rank, int Token);

    /// <summary>A merge that is possible at a place; the one learned first comes first, of two equal ones the left.</summary>
    readonly record struct Candidate(int Rank, int At, int Token) : IComparable<Candidate>
    {
        public int CompareTo(Candidate other) => Rank != other.Rank ? Rank.CompareTo(other.Rank) : At.CompareTo(other.At);
    }

    static long PairKey(int left, int right) => (long)left << 32 | (uint)right;

    /// <summary>A text as vocab.json writes it, in <see cref="ByteAlphabet"/>.</summary>
    internal static string Spell(string text) => string.Concat(Encoding.UTF8.GetBytes(text).Select(b => Alphabet[b]));

    /// <summary>What tokens say: bytes as text, each end of a word a blank.</summary>
    public static string Decode(IEnumerable<string> tokens)
    {
        var text = new List<byte>();
        foreach (string token in tokens)
        {
            bool ends = token.EndsWith(EndOfWord, StringComparison.Ordinal);
            foreach (char c in ends ? token[..^EndOfWord.Length] : token)
            {
                int b = Alphabet.IndexOf(c);
                if (b >= 0) text.Add((byte)b);
            }
            if (ends) text.Add((byte)' ');
        }
        return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(text)).Trim();
    }
}
