using System.Text.Json;
using PureLcm.Model.Clip;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.Clip;

/// <summary>
/// Tokens beyond the vocabulary. What is right is what Hugging Face's tokenizers do with them, read out of their source
/// (added_vocabulary.rs, and transformers 5's CLIPTokenizer).
/// </summary>
public sealed class AddedTokensTests
{
    const string CatToyList = """{"<cat-toy>": 715}""";

    /// <summary>A tokenizer_config.json of the newer kind; the two tokens of CLIP as they are published.</summary>
    static string Decoder(params string[] tokens) => $$$"""
        {"model_max_length": 77, "added_tokens_decoder": {
          "713": {"content": "<|startoftext|>", "lstrip": false, "normalized": true, "rstrip": false, "single_word": false, "special": true},
          "714": {"content": "<|endoftext|>", "lstrip": false, "normalized": false, "rstrip": false, "single_word": false, "special": true}
          {{{string.Concat(tokens.Select((token, i) => $", \"{715 + i}\": {token}"))}}}}}
        """;

    static string Token(string content, string more = "") => $$"""{"content": "{{content}}"{{(more.Length > 0 ? ", " + more : "")}}}""";

    static int[] Ids(TokenizerFolder folder, string text) => [.. Tokenizer.Load(folder.Path).Tokenize(text)];

    [Fact]
    public void AddedTokensOfAFileOfTheirOwnGetTheirIds()
    {
        using var folder = new TokenizerFolder();
        int[] before = Ids(folder, "a <cat-toy> house"), a = Ids(folder, "a"), house = Ids(folder, "house");
        folder.Write("added_tokens.json", CatToyList);
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.NotEqual(before, tokenizer.Tokenize("a <cat-toy> house"));
        Assert.Equal([.. a, 715, .. house], tokenizer.Tokenize("a <cat-toy> house"));
        Assert.Equal([.. a, 715, .. house], tokenizer.Tokenize("a<cat-toy>house"));
        Assert.Equal([.. a, 715, .. house], tokenizer.Tokenize("A <Cat-TOY>\t house")); // not special: looked for in the cleaned text
        Assert.Equal([715, 715], tokenizer.Tokenize("<cat-toy><cat-toy>"));
        Assert.Equal(715, tokenizer.LargestId);
        Assert.Equal(715, tokenizer.AddedTokenIds["<cat-toy>"]);
    }

    [Fact]
    public void TheNewerFilesSayTheSame()
    {
        using var config = new TokenizerFolder(config: Decoder(Token("<cat-toy>", "\"normalized\": true, \"lstrip\": false, \"rstrip\": false, \"special\": false")));
        using var whole = new TokenizerFolder();
        whole.Write("tokenizer.json", """{"version": "1.0", "added_tokens": [{"id": 715, "content": "<cat-toy>", "normalized": true, "special": false}], "model": {"vocab": "not looked at"}}""");
        using var list = new TokenizerFolder();
        list.Write("added_tokens.json", CatToyList);
        foreach (string text in (string[])["a <cat-toy> house", "<CAT-TOY>", "x<cat-toy>_1"])
        {
            Assert.Equal(Ids(list, text), Ids(config, text));
            Assert.Equal(Ids(list, text), Ids(whole, text));
            Assert.Contains(715, Ids(list, text));
        }
    }

    [Fact]
    public void TheDecoderRulesOverTheOtherFiles()
    {
        using var folder = new TokenizerFolder(config: Decoder());
        folder.Write("added_tokens.json", CatToyList);
        folder.Write("tokenizer.json", "not even JSON, and not read");
        Assert.DoesNotContain(715, Ids(folder, "<cat-toy>"));
    }

    [Theory]
    [InlineData("\"special\": true", "<cat-toy>", true)]
    [InlineData("\"special\": true", "<Cat-toy>", false)]                        // special: as the text was given
    [InlineData("\"special\": true, \"normalized\": true", "<Cat-toy>", true)]
    [InlineData("\"special\": false", "<Cat-toy>", true)]
    [InlineData("\"normalized\": false", "<Cat-toy>", false)]
    [InlineData("\"normalized\": false", "x<cat-toy>y", true)]
    [InlineData("\"single_word\": true", "x<cat-toy>", false)]
    [InlineData("\"single_word\": true", "<cat-toy>9", false)]
    [InlineData("\"single_word\": true", "e\u0301<cat-toy>", false)]
    [InlineData("\"single_word\": true", "(<cat-toy>,", true)]
    [InlineData("\"single_word\": true", "x<cat-toy> <cat-toy>", true)]
    public void TheFlagsSayWhereATokenIsSeen(string flags, string text, bool seen)
    {
        using var folder = new TokenizerFolder(config: Decoder(Token("<cat-toy>", flags)));
        Assert.Equal(seen ? 1 : 0, Ids(folder, text).Count(id => id == 715));
    }

    [Fact]
    public void StrippingBlanksMakesNoDifference()
    {
        using var plain = new TokenizerFolder(config: Decoder(Token("<a>"), Token("<b>")));
        using var stripping = new TokenizerFolder(config: Decoder(Token("<a>", "\"lstrip\": true, \"rstrip\": true"), Token("<b>", "\"lstrip\": true")));
        foreach (string text in (string[])["x <a> y", "x <a>  <b> y", " <b>\n<a>", "it's <a>'s"])
            Assert.Equal(Ids(plain, text), Ids(stripping, text));
    }

    [Fact]
    public void TheLongestAtTheLeftmostPlaceIsTaken()
    {
        using var folder = new TokenizerFolder(config: Decoder(Token("cat"), Token("cat house"), Token("house boat")));
        Assert.Equal([716], Ids(folder, "cat house"));
        Assert.Equal([716, .. Ids(folder, "boat")], Ids(folder, "cat  HOUSE boat"));
        Assert.Equal([715, 717], Ids(folder, "cat, house boat").Where(id => id >= 715));
    }

    [Fact]
    public void AWordOfSeveralVectorsIsFollowedByTheOthers()
    {
        using var folder = new TokenizerFolder();
        folder.Write("added_tokens.json", """{"<cat-toy>": 715, "<cat-toy>_1": 716, "<cat-toy>_2": 717}""");
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal([713, 715, 716, 717, 714, 714], tokenizer.WithLength(6).Encode("<cat-toy>"));
        Assert.Equal([713, 715, 716, 717, 714], tokenizer.WithLength(5).Encode("<cat-toy> house", out string cutOff));
        Assert.Equal("house", cutOff);
    }

    [Fact]
    public void WhatIsCutOffNamesAddedTokens()
    {
        using var folder = new TokenizerFolder();
        folder.Write("added_tokens.json", """{"<cät-toy>": 715}""");
        Tokenizer.Load(folder.Path).WithLength(3).Encode("a <cät-toy> house", out string cutOff);
        Assert.Equal("<cät-toy> house", cutOff);
    }

    [Fact]
    public void ATokenizerInOneFileIsRead()
    {
        using var folder = new TokenizerFolder();
        int[] ids = Ids(folder, "a red house in the snow's <cat-toy>");
        string vocabulary = File.ReadAllText(folder["vocab.json"]);
        string[] merges = [.. File.ReadLines(folder["merges.txt"]).Where(line => line.Length > 0 && !line.StartsWith("#version"))];
        File.Delete(folder["vocab.json"]);
        File.Delete(folder["merges.txt"]);
        foreach (string list in (string[])[JsonSerializer.Serialize(merges), JsonSerializer.Serialize(merges.Select(merge => merge.Split(' ')))])
        {
            folder.Write("tokenizer.json", $$$"""{"version": "1.0", "added_tokens": [], "normalizer": {"type": "Sequence"}, "model": {"type": "BPE", "vocab": {{{vocabulary}}}, "merges": {{{list}}}}}""");
            Assert.Equal(ids, Ids(folder, "a red house in the snow's <cat-toy>"));
        }
    }

    [Theory]
    [InlineData("added_tokens.json", """{"<cat-toy>": 720}""", "gives the token \"<cat-toy>\" the id 720, where the tokenizer's own would be 715")]
    [InlineData("added_tokens.json", """{"<cat-toy>": 3}""", "the id 3, where the tokenizer's own would be 715")]
    [InlineData("added_tokens.json", """{"<|endoftext|>": 715}""", "the id 715, where the tokenizer's own would be 714")]
    [InlineData("added_tokens.json", """{"<cat-toy>": "x"}""", "expected a whole number")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": []}""", "added_tokens_decoder is no object")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"x": {}}}""", "\"x\" where an id has to be")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"715": {}}}""", "the added token 715 has no text")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"715": {"content": "x", "special": 1}}}""", "special of the added token 715 is neither true nor false")]
    [InlineData("tokenizer_config.json", """{"additional_special_tokens": ["<x>"]}""", "additional_special_tokens has special tokens of its own, which is not supported")]
    [InlineData("tokenizer_config.json", """{"padding_side": "left"}""", "padding_side is \"left\", which is not supported")]
    [InlineData("tokenizer_config.json", """{"tokenizer_class": "T5Tokenizer"}""", "tokenizer_class is \"T5Tokenizer\"")]
    [InlineData("tokenizer.json", """{"added_tokens": [{"content": "x"}]}""", "a token without an id")]
    [InlineData("tokenizer.json", """{"added_tokens": 3}""", "not the JSON of a byte-pair tokenizer")]
    [InlineData("tokenizer.json", """{"added_tokens": [{"id": 715""", "not the JSON of a byte-pair tokenizer")]
    public void WhatIsNotFollowedIsRefusedInASentence(string file, string content, string says)
    {
        using var folder = new TokenizerFolder();
        folder.Write(file, content);
        var error = Assert.Throws<WeightsException>(() => Tokenizer.Load(folder.Path));
        Assert.Contains(says, error.Message);
        Assert.StartsWith(folder[file], error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("""{"model": {"type": "WordPiece"}}""")]
    [InlineData("""{"model": {"vocab": {"a": 0}, "merges": ["a b c"]}}""")]
    [InlineData("""{"model": {"vocab": {"a": 0}, "merges": ["a b"]}}""")]
    [InlineData("""{"model": {"vocab": {"a": -1}, "merges": []}}""")]
    [InlineData("""[]""")]
    public void AnotherTokenizerInOneFileIsRefused(string json)
    {
        using var folder = new TokenizerFolder();
        File.Delete(folder["vocab.json"]);
        folder.Write("tokenizer.json", json);
        Assert.StartsWith(folder["tokenizer.json"], Assert.Throws<WeightsException>(() => Tokenizer.Load(folder.Path)).Message);
    }

    [Fact]
    public void UnknownFieldsAreNamed()
    {
        using var folder = new TokenizerFolder(config: """{"model_max_length": 77, "do_lower_case": true, "pad_token": "<|endoftext|>", "emphasis": 2}""");
        Assert.Contains("\"emphasis\" is a field that this version doesn't know", Tokenizer.Load(folder.Path).Notice);
        Assert.Null(Tokenizer.Load(Path.Combine(Repository.Picturebook, "tokenizer")).Notice);
    }
}
