using System.Text.Json;
using PureLcm.Model.Tests;

namespace PureLcm.Lcm.Tests;

/// <summary><c>lcm info</c> on what people have: strangers' files, parts of models, pictures by other names.</summary>
public sealed class InfoTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("lcm-info-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    static string Pictures(string name) => Path.Combine(Repository.Root, "tests", "Model.Tests", "Pictures", name);

    static string Field(string name) => Path.Combine(Repository.Root, "tests", "Lcm.Tests", "field", name);

    [Theory]
    [InlineData("field/esc.png", "a \\u001b[31mred\\u001b[0m\\u0007 house")]
    [InlineData("esc.safetensors", "a\\u001b[31m\\u000ab")]
    public void ControlCharactersAreShownAndNotObeyed(string name, string shown)
    {
        var info = Ok(name.EndsWith("png", StringComparison.Ordinal) ? Pictures(name) : Field(name));
        Assert.Contains(shown, info);
        Assert.DoesNotContain(info, c => char.IsControl(c) && c != '\n');
    }

    [Fact]
    public void AFilesOwnKeysAreApartFromOurs()
    {
        var picture = Json(Pictures("field/esc.png"));
        Assert.Equal(("picture", "128x128"), (picture.GetProperty("kind").GetString(), picture.GetProperty("size").GetString()));
        var texts = picture.GetProperty("texts");
        Assert.Equal(("mine", "huge"), (texts.GetProperty("kind").GetString(), texts.GetProperty("size").GetString()));
    }

    [Theory]
    [InlineData("models/picturebook")]
    [InlineData("models/picturebook/unet")]
    [InlineData("models/picturebook/loras/cyanotype.safetensors")]
    [InlineData("tests/Lcm.Tests/field/esc.safetensors")]
    public void JsonHasNoKeyTwice(string path) => Json(Path.Combine(Repository.Root, path));

    [Fact]
    public void WhatIsNotSupportedIsSaidOnceAKind()
    {
        var info = Ok(Field("loha8.safetensors"));
        Assert.Single(info.Split('\n'), line => line.Contains("not supported"));
        Assert.Contains("LoHa", info);
        Assert.Contains("tensors)", info);
    }

    [Theory]
    [InlineData("scheduler", "LCMScheduler|DDIMScheduler", "beta_schedule")]
    [InlineData("tokenizer", "CLIPTokenizer", "vocab.json")]
    [InlineData("unet", "UNet2DConditionModel", "cross_attention_dim")]
    public void EachComponentsFolderIsShown(string component, string classes, string part)
    {
        string info = Ok(Path.Combine(Repository.Picturebook, component));
        Assert.StartsWith("component\n", info);
        Assert.Contains(classes.Split('|'), name => info.Contains(name));
        Assert.Contains(part, info);
    }

    [Fact]
    public void ATokenizerWithoutConfigurationIsShown()
    {
        foreach (string file in (string[])["vocab.json", "merges.txt"])
            File.Copy(Path.Combine(Repository.Picturebook, "tokenizer", file), Path.Combine(folder, file));
        Assert.Contains("merges.txt, vocab.json", Ok(folder));
    }

    [Fact]
    public void AFolderOfNothingIsOneSentence()
    {
        var info = Program.Run("info", folder);
        Assert.Equal(1, info.Code);
        Assert.Contains("model_index.json", info.Error);
        Assert.Single(info.Error.TrimEnd().Split('\n'));
    }

    /// <summary>A file's contents say what it is, not its name.</summary>
    [Theory]
    [InlineData("field/clipskip.png", "PNG")]
    [InlineData("jpeg/a1111.jpg", "JPEG")]
    [InlineData("webp/a1111.webp", "WebP")]
    public void APictureIsOneByAnyName(string picture, string format)
    {
        foreach (string name in (string[])["a.jpg", "a.png", "a.safetensors", "a"])
        {
            string path = Path.Combine(folder, name);
            File.Copy(Pictures(picture), path, overwrite: true);
            var info = Json(path);
            Assert.Equal(format, info.GetProperty("format").GetString());
            Assert.Contains("Steps: 4", info.GetProperty("texts").GetProperty("parameters").GetString());
        }
    }

    [Fact]
    public void Utf8InATextIsShown() => Assert.Contains("ein gr\u00fcnes H\u00e4uschen \u96ea", Ok(Pictures("field/sdcpp_utf8.png")));

    [Fact]
    public void ADamagedPicturesTextsAreShown()
    {
        byte[] whole = File.ReadAllBytes(Pictures("field/clipskip.png"));
        string path = Path.Combine(folder, "cut.png");
        File.WriteAllBytes(path, whole[..^40]);
        string info = Ok(path);
        Assert.Contains("damaged", info);
        Assert.Contains("Clip skip: 2", info);
    }

    static string Ok(params string[] arguments)
    {
        var outcome = Program.Run(["info", .. arguments]);
        Assert.True(outcome.Code == 0, outcome.Error);
        return outcome.Output;
    }

    static JsonElement Json(string path)
    {
        var root = JsonDocument.Parse(Ok(path, "--json")).RootElement;
        AssertOnce(root);
        return root;
    }

    static void AssertOnce(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object) return;
        var names = element.EnumerateObject().Select(property => property.Name).ToArray();
        Assert.Equal(names.Distinct(), names);
        foreach (var property in element.EnumerateObject()) AssertOnce(property.Value);
    }
}
