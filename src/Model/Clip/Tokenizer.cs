namespace PureLcm.Model.Clip;

/// <summary>
/// CLIP's tokenizer: text to the ids that the text encoder looks up. Exact to the reference (Hugging Face's
/// CLIPTokenizer) over all of Unicode, and without libicu.
/// </summary>
public sealed class Tokenizer
{
    internal const string Start = "<|startoftext|>", End = "<|endoftext|>";

    readonly TokenizerFiles files;
    readonly BytePairEncoding encoding;

    Tokenizer(TokenizerFiles files, int maxLength)
    {
        this.files = files;
        MaxLength = maxLength;
        encoding = new BytePairEncoding(files.Vocabulary, files.Merges, files.Unknown.Id);
    }

    /// <summary>Reads a published tokenizer folder: vocab.json, merges.txt, tokenizer_config.json, special_tokens_map.json.</summary>
    /// <param name="folder">The folder; the two last files may be missing.</param>
    /// <param name="maxLength">Ids a text is padded or cut to; null for model_max_length of the folder's configuration, or 77.</param>
    /// <exception cref="Weights.WeightsException">A file is missing or broken.</exception>
    public static Tokenizer Load(string folder, int? maxLength = null)
    {
        if (maxLength is < 2) throw new ArgumentOutOfRangeException(nameof(maxLength), "a start and an end need two ids");
        var files = TokenizerFiles.Read(folder);
        return new Tokenizer(files, maxLength ?? files.MaxLength);
    }

    /// <summary>How many ids each text has, start, end and padding included.</summary>
    public int MaxLength { get; }

    /// <summary>The id that begins each text.</summary>
    public int StartId => files.Start.Id;

    /// <summary>The id that ends each text.</summary>
    public int EndId => files.End.Id;

    /// <summary>The id that fills each text up to <see cref="MaxLength"/>; often <see cref="EndId"/>, but not in every model.</summary>
    public int PadId => files.Pad.Id;

    /// <summary>The largest id that a text may get: the text encoder's table has to have more rows than that.</summary>
    public int LargestId => files.LargestId;

    /// <summary>The ids of a text: start, the text's, end, padding; <see cref="MaxLength"/> of them.</summary>
    public int[] Encode(string text) => Encode(text, out _);

    /// <summary>The ids of a text: start, the text's, end, padding; <see cref="MaxLength"/> of them.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="cutOff">What did not fit and so won't be seen by the model, as its tokens spell it; empty where all did.</param>
    public int[] Encode(string text, out string cutOff)
    {
        var tokens = Tokenize(text);
        int kept = Math.Min(tokens.Count, MaxLength - 2);
        cutOff = kept == tokens.Count ? "" : Spell(tokens.Skip(kept));
        var ids = new int[MaxLength];
        ids[0] = StartId;
        tokens.CopyTo(0, ids, 1, kept);
        ids[kept + 1] = EndId;
        ids.AsSpan(kept + 2).Fill(PadId);
        return ids;
    }

    /// <summary>The ids of a text alone, all of them.</summary>
    public List<int> Tokenize(string text)
    {
        var ids = new List<int>();
        for (int at = 0; at < text.Length;)
        {
            var (next, special) = NextSpecial(text, at);
            foreach (string piece in Words.Split(Words.Clean(text[at..next]))) encoding.Encode(piece, ids);
            at = next;
            if (special is null) continue;
            ids.Add(special.Id);
            at += special.Text.Length;
        }
        return ids;
    }

    /// <summary>Special tokens are cut out of the text as it was given; the first one, and of two at one place the longer.</summary>
    (int At, SpecialToken? Token) NextSpecial(string text, int from)
    {
        (int At, SpecialToken? Token) found = (text.Length, null);
        foreach (var special in files.Specials)
        {
            int at = text.IndexOf(special.Text, from, StringComparison.Ordinal);
            if (at >= 0 && (at < found.At || at == found.At && special.Text.Length > found.Token!.Text.Length)) found = (at, special);
        }
        return found;
    }

    string Spell(IEnumerable<int> ids)
    {
        var spelling = new Dictionary<int, string>(files.Vocabulary.Count);
        foreach (var (token, id) in files.Vocabulary) spelling[id] = token; // a careless file may give two tokens one id
        return BytePairEncoding.Decode(ids.Select(id => spelling[id]));
    }
}
