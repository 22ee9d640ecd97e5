namespace PureLcm.Model.Clip;

/// <summary>
/// CLIP's tokenizer: text to the ids that the text encoder looks up. Exact to the reference (Hugging Face's
/// CLIPTokenizer) over all of Unicode, and without libicu.
/// </summary>
public sealed class Tokenizer
{
    internal const string Start = "<|startoftext|>", End = "<|endoftext|>";

    const int ClipsLength = 77;

    readonly TokenizerFiles files;
    readonly BytePairEncoding encoding;
    readonly AddedTokens added;
    readonly Dictionary<int, int[]> continuations;

    Tokenizer(TokenizerFiles files, int? maxLength)
    {
        this.files = files;
        MaxLength = maxLength ?? files.MaxLength ?? ClipsLength;
        encoding = new BytePairEncoding(files.Vocabulary, files.Merges, files.Unknown.Id);
        added = new AddedTokens(files.Added);
        continuations = Continuations(files.Added);
    }

    Tokenizer(Tokenizer other, int maxLength)
    {
        (files, encoding, added, continuations) = (other.files, other.encoding, other.added, other.continuations);
        MaxLength = maxLength;
    }

    /// <summary>
    /// Reads a published tokenizer folder: vocab.json and merges.txt, or both in tokenizer.json; tokenizer_config.json,
    /// special_tokens_map.json and added_tokens.json.
    /// </summary>
    /// <param name="folder">The folder; the three last files may be missing.</param>
    /// <param name="maxLength">Ids a text is padded or cut to; null for model_max_length of the folder's configuration, or 77.</param>
    /// <exception cref="Weights.WeightsException">A file is missing or broken.</exception>
    public static Tokenizer Load(string folder, int? maxLength = null)
    {
        if (maxLength is < 2) throw new ArgumentOutOfRangeException(nameof(maxLength), "a start and an end need two ids");
        var files = TokenizerFiles.Read(folder);
        return new Tokenizer(files, maxLength);
    }

    /// <summary>The same tokenizer, which pads or cuts texts to another length.</summary>
    /// <param name="maxLength">From 2 up, for a start and an end.</param>
    public Tokenizer WithLength(int maxLength) =>
        maxLength >= 2 ? new(this, maxLength) : throw new ArgumentOutOfRangeException(nameof(maxLength), "a start and an end need two ids");

    /// <summary>How many ids each text has, start, end and padding included.</summary>
    public int MaxLength { get; }

    /// <summary>Whether the folder says a length (model_max_length); where it doesn't, the text encoder's is the right one.</summary>
    public bool HasOwnLength => files.MaxLength is not null;

    /// <summary>Fields of the folder's configuration that are not followed, in one sentence; null where there are none.</summary>
    public string? Notice => files.Notice;

    /// <summary>The tokens that stand for themselves in a text, with their ids: start, end, and what textual inversion added.</summary>
    public IReadOnlyDictionary<string, int> AddedTokenIds => files.Added.ToDictionary(token => token.Text, token => token.Id);

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
        if (continuations.Count > 0) tokens = [.. tokens.SelectMany(id => continuations.TryGetValue(id, out int[]? more) ? (int[])[id, .. more] : [id])];
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
        foreach (var (clean, token) in added.Cut(text))
        {
            if (token is not null) ids.Add(token.Id);
            else
                foreach (string piece in Words.Split(clean)) encoding.Encode(piece, ids);
        }
        return ids;
    }

    /// <summary>
    /// Textual inversion may give a word several vectors: the tokens &lt;cat-toy&gt;, &lt;cat-toy&gt;_1, &lt;cat-toy&gt;_2, of
    /// which a prompt has the first only. diffusers' pipelines put the others behind it, and so does <see cref="Encode(string)"/>.
    /// </summary>
    static Dictionary<int, int[]> Continuations(IReadOnlyList<AddedToken> tokens)
    {
        var ids = tokens.ToDictionary(token => token.Text, token => token.Id);
        var continuations = new Dictionary<int, int[]>();
        foreach (var (text, id) in ids)
        {
            var more = new List<int>();
            while (ids.TryGetValue($"{text}_{more.Count + 1}", out int next)) more.Add(next);
            if (more.Count > 0) continuations[id] = [.. more];
        }
        return continuations;
    }

    string Spell(IEnumerable<int> ids)
    {
        var spelling = new Dictionary<int, string>(files.Vocabulary.Count);
        foreach (var (token, id) in files.Vocabulary) spelling[id] = token; // a careless file may give two tokens one id
        foreach (var token in files.Added) spelling[token.Id] = BytePairEncoding.Spell(token.Text) + BytePairEncoding.EndOfWord;
        return BytePairEncoding.Decode(ids.Select(id => spelling[id]));
    }
}
