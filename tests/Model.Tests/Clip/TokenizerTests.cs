using System.Text.Json;
using PureLcm.Model.Clip;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.Clip;

public sealed class TokenizerTests
{
    static readonly Lazy<string> ClipFolder = new(() =>
    {
        string folder = Directory.CreateTempSubdirectory("clip").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        ClipVocabulary.WriteTo(folder);
        return folder;
    });

    static string PicturebookFolder => Path.Combine(Repository.Picturebook, "tokenizer");

    [Theory]
    [InlineData("tokenizer", "picturebook")]
    [InlineData("tokenizer", "clip")]
    [InlineData("unicode", "picturebook")]
    [InlineData("unicode", "clip")]
    public void TextsOfTheReferenceCasesGetTheirIds(string name, string vocabulary)
    {
        using var golden = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Golden, "cases", "tokenizer", name + ".json")));
        var tokenizer = Tokenizer.Load(vocabulary == "clip" ? ClipFolder.Value : PicturebookFolder, 77);
        var texts = golden.RootElement.GetProperty("texts").EnumerateArray().Select(text => text.GetString()!).ToArray();
        var expected = golden.RootElement.GetProperty(vocabulary).EnumerateArray().Select(ids => ids.Deserialize<int[]>()!).ToArray();
        Assert.True(texts.Length >= 9);
        for (int i = 0; i < texts.Length; i++) Assert.Equal(expected[i], tokenizer.Encode(texts[i]));
    }

    // The ids below are those of Hugging Face's tokenizers 0.23.2 with CLIP's vocabulary.
    [Theory]
    [InlineData("<|STARTOFTEXT|>!!", "27 347 993 6659 4160 91 285 748")]
    [InlineData("a<|endoftext|>b", "320 49407 321")]
    [InlineData("<|startoftext|", "27 347 993 6659 4160 347")]
    [InlineData("mars!! !", "7496 748 256")]
    [InlineData("\u1E9E", "127 509")]
    public void RareTextsGetTheReferencesIds(string text, string ids) =>
        Assert.Equal(ids.Split(' ').Select(int.Parse), Tokenizer.Load(ClipFolder.Value).Tokenize(text));

    [Fact]
    public void TheVocabularyRebuiltFromItsMergesIsTheReferences()
    {
        using var vocabulary = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(ClipFolder.Value, "vocab.json")));
        var entries = vocabulary.RootElement.EnumerateObject().Select(entry => (entry.Name, Id: entry.Value.GetInt32())).ToArray();
        Assert.Equal(Enumerable.Range(0, 49408), entries.Select(entry => entry.Id));
        // Tokens of the reference cases and of the published file's corners.
        Assert.Equal("!", entries[0].Name);
        Assert.Equal("Ā", entries[188].Name);
        Assert.Equal("!</w>", entries[256].Name);
        Assert.Equal("in", entries[512].Name);
        Assert.Equal("jekyll</w>", entries[49405].Name);
        Assert.Equal("<|endoftext|>", entries[49407].Name);
    }

    [Fact]
    public void WhatIsCutOffIsTold()
    {
        var tokenizer = Tokenizer.Load(ClipFolder.Value, 6);
        Assert.Equal([49406, 320, 736, 1212, 530, 49407], tokenizer.Encode("A red HOUSE in the  Snow!", out string cutOff));
        Assert.Equal("the snow !", cutOff);
        Assert.Equal([49406, 320, 736, 1212, 530, 49407], tokenizer.Encode("a red house in", out cutOff));
        Assert.Equal("", cutOff);
        Assert.Equal([49406, 49407, 49407, 49407, 49407, 49407], tokenizer.Encode(""));
    }

    [Fact]
    public void TheFoldersLengthIsTheDefault() => Assert.Equal(32, Tokenizer.Load(PicturebookFolder).Encode("a cat").Length);

    [Theory]
    [InlineData("""{"pad_token": "!"}""", """{"pad_token": "<|endoftext|>"}""", 0)]                                  // the map rules
    [InlineData("""{"pad_token": {"content": "!", "lstrip": false}}""", null, 0)]                                    // an object
    [InlineData("""{"pad_token": "!"}""", """{"pad_token": "<|endoftext|>", "added_tokens_decoder": {}}""", 714)]    // newer configs rule
    [InlineData("""{"pad_token": "!"}""", """{"added_tokens_decoder": {}}""", 714)]
    [InlineData("""{}""", """{"pad_token": "!"}""", 0)]                                                              // not in the map
    [InlineData(null, """{"pad_token": {"content": "!"}}""", 0)]
    [InlineData(null, null, 714)]
    [InlineData(null, """{"pad_token": null}""", 714)]
    public void ThePaddingTokenIsFound(string? map, string? config, int expected)
    {
        using var folder = new TokenizerFolder(map, config);
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal(expected, tokenizer.PadId);
        Assert.Equal(77, tokenizer.MaxLength);
        Assert.Equal(expected, tokenizer.Encode("a")[^1]);
        // As padding, ! stands for itself and splits the word.
        Assert.Equal(expected == 0, tokenizer.Tokenize("a!!").SequenceEqual([tokenizer.Tokenize("a")[0], 0, 0]));
    }

    [Theory]
    [InlineData("vocab.json", "[1]", "not one JSON object")]
    [InlineData("vocab.json", "{\"a\":1", "not one JSON object")]
    [InlineData("vocab.json", "{\"a\":1}}", "not one JSON object")]
    [InlineData("vocab.json", "{\"a\":-1}", "no whole number")]
    [InlineData("vocab.json", "{\"\\ud800\":1}", "not one JSON object")]
    [InlineData("vocab.json", "{}", "no tokens")]
    [InlineData("vocab.json", "{\"a\":1}", "line 2, \"t h\", has a token that vocab.json lacks")]
    [InlineData("merges.txt", "#version: 0.2\nt h\nt  h", "line 3 is not two tokens")]
    [InlineData("merges.txt", "t h\nword", "line 2 is not two tokens")]
    [InlineData("merges.txt", "q z", "has a token that vocab.json lacks")]
    [InlineData("special_tokens_map.json", "{\"pad_token\": \"<pad>\"}", "no token \"<pad>\", which is this tokenizer's pad_token")]
    [InlineData("special_tokens_map.json", "{\"pad_token\": 3}", "pad_token is neither")]
    [InlineData("tokenizer_config.json", "{\"model_max_length\": 1}", "model_max_length")]
    public void BrokenFilesAreOneClearSentence(string file, string content, string says)
    {
        using var folder = new TokenizerFolder(null, null);
        File.WriteAllText(Path.Combine(folder.Path, file), content);
        var error = Assert.Throws<WeightsException>(() => Tokenizer.Load(folder.Path));
        Assert.Contains(says, error.Message);
        Assert.Contains(folder.Path, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("vocab.json")]
    [InlineData("merges.txt")]
    public void AMissingFileIsNamed(string file)
    {
        using var folder = new TokenizerFolder(null, null);
        File.Delete(Path.Combine(folder.Path, file));
        Assert.Contains(file, Assert.Throws<WeightsException>(() => Tokenizer.Load(folder.Path)).Message);
    }

    [Fact]
    public void AVeryLongWordIsNoTrouble()
    {
        var tokenizer = Tokenizer.Load(ClipFolder.Value);
        var ids = tokenizer.Tokenize(new string('x', 300_000));
        Assert.True(ids.Count is > 1 and < 300_000);
    }
}
