using System.Text.Json;
using FsCheck.Xunit;
using PureLcm.Model.Clip;

namespace PureLcm.Model.Tests.Clip;

/// <summary>
/// HardTexts.jsonl: 400 random texts of accents in any order, composed and decomposed letters, Hangul letters, special
/// tokens, white space and unassigned characters, each with its form C and its ids in CLIP's vocabulary as Hugging
/// Face's tokenizers 0.23.2 gives them. (All 1,112,064 characters and 200,000 such texts were compared once.)
/// </summary>
public sealed class HardTextsTests
{
    static readonly (string Text, string FormC, int[] Ids)[] Texts = [.. File
        .ReadLines(Path.Combine(Repository.Root, "tests", "Model.Tests", "Clip", "HardTexts.jsonl"))
        .Select(line => JsonDocument.Parse(line).RootElement)
        .Select(entry => (entry[0].GetString()!, entry[1].GetString()!, entry[2].Deserialize<int[]>()!))];

    [Fact]
    public void FormCIsTheReferences()
    {
        Assert.Equal(400, Texts.Length);
        foreach (var (text, formC, _) in Texts) Assert.Equal(Hex(formC), Hex(Nfc.Normalize(text)));
    }

    [Fact]
    public void IdsAreTheReferences()
    {
        string folder = Directory.CreateTempSubdirectory("clip").FullName;
        try
        {
            ClipVocabulary.WriteTo(folder);
            var tokenizer = Tokenizer.Load(folder);
            foreach (var (text, _, ids) in Texts)
                Assert.True(ids.SequenceEqual(tokenizer.Tokenize(text)), $"{Hex(text)} is {string.Join(' ', tokenizer.Tokenize(text))}, expected {string.Join(' ', ids)}");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Property]
    public bool FormCOfFormCIsItself(string? text) => Nfc.Normalize(Nfc.Normalize(text ?? "")) == Nfc.Normalize(text ?? "");

    [Fact]
    public void MarksOfOneClassKeepTheirOrderAndBlockEachOther()
    {
        Assert.Equal("\u00E1\u0301", Nfc.Normalize("a\u0301\u0301"));
        Assert.Equal("\u1E69", Nfc.Normalize("s\u0307\u0323"));         // dot below sorts first, both join
        Assert.Equal("a\u0338\u0338", Nfc.Normalize("a\u0338\u0338"));
        Assert.Equal("\u0915\u093C", Nfc.Normalize("\u0958"));          // a composition exclusion stays apart
        Assert.Equal("\u03A9", Nfc.Normalize("\u2126"));                // a singleton becomes its better self
        Assert.Equal("\uAC01", Nfc.Normalize("\u1100\u1161\u11A8"));    // Hangul, by arithmetic
        Assert.Equal("\uFFFD\u00E9", Nfc.Normalize("\uD800e\u0301"));
    }

    static string Hex(string text) => string.Join(' ', text.EnumerateRunes().Select(rune => rune.Value.ToString("X4")));
}
