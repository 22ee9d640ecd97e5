namespace PureLcm.Model.Tests.Clip;

/// <summary>The picture book's small vocabulary, 715 tokens, with other settings beside it.</summary>
sealed class TokenizerFolder : IDisposable
{
    public TokenizerFolder(string? map = null, string? config = null)
    {
        foreach (string file in new[] { "vocab.json", "merges.txt" })
            File.Copy(System.IO.Path.Combine(Repository.Picturebook, "tokenizer", file), this[file]);
        if (map is not null) Write("special_tokens_map.json", map);
        if (config is not null) Write("tokenizer_config.json", config);
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("tokenizer").FullName;

    public string this[string file] => System.IO.Path.Combine(Path, file);

    public void Write(string file, string text) => File.WriteAllText(this[file], text);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
