using System.Text;
using PureLcm.Model.Pictures;
using PureLcm.Model.Tests;

namespace PureLcm.Lcm.Tests;

/// <summary><c>lcm again</c> on pictures of its own whose files moved, and on those of other programs.</summary>
public sealed class AgainTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("lcm-again-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    string In(string name) => Path.Combine(folder, name);

    static string Field(string name) => Path.Combine(Repository.Root, "tests", "Model.Tests", "Pictures", "field", name);

    static string Lora(string name) => Path.Combine(Repository.Picturebook, "loras", name + ".safetensors");

    [Fact]
    public void APictureNamesItsFilesAndNotWhereTheyLie()
    {
        Ok("generate", "a red house", "--seed", "7", "--steps", "1", "--size", "64x64", "--lora", Lora("cyanotype") + ":0.8", "-o",
            In("a.png"));
        string text = Picture.LoadTexts(In("a.png"))["parameters"];
        Assert.Contains("LoRA 1: cyanotype.safetensors, LoRA 1 weight: 0.8, LoRA 1 hash: ", text);
        Assert.Contains($"Lora hashes: \"cyanotype: {FileHashes.Lora(Lora("cyanotype"))}\"", text);
        Assert.Contains($"Model: picturebook, Model fingerprint: {FileHashes.Model(Repository.Picturebook)}", text);
        Assert.DoesNotContain(Repository.Root, Encoding.Latin1.GetString(File.ReadAllBytes(In("a.png"))));

        var again = Ok("again", In("a.png"), "-o", In("b.png")); // it lies in the model's loras folder
        Assert.Contains("the same picture, bit for bit", again.Error);
        Assert.DoesNotContain("not the ", again.Error);
        Assert.Equal(text, Picture.LoadTexts(In("b.png"))["parameters"]);
    }

    [Fact]
    public void ALoraThatMovedIsFoundOrNamed()
    {
        Directory.CreateDirectory(In("there"));
        File.Copy(Lora("cyanotype"), In("there/mine.safetensors"));
        Ok("generate", "a red house", "--seed", "7", "--steps", "1", "--size", "64x64", "--lora", In("there/mine.safetensors") + ":0.8",
            "-o", In("a.png"));

        var missing = Program.Run("again", In("a.png"), "-o", In("b.png"));
        Assert.Equal(1, missing.Code);
        Assert.Contains("\"mine.safetensors\"", missing.Error);
        Assert.Contains("--lora", missing.Error);
        Assert.False(File.Exists(In("b.png")));

        Assert.Contains(
            "the same picture, bit for bit", Ok("again", In("a.png"), "--lora", In("there/mine.safetensors"), "-o", In("b.png")).Error);
        // by another name
        Assert.Contains("the same picture, bit for bit", Ok("again", In("a.png"), "--lora", Lora("cyanotype"), "-o", In("b.png")).Error);
        File.Copy(Lora("cyanotype"), In("mine.safetensors"));
        Assert.Contains("the same picture, bit for bit", Ok("again", In("a.png"), "-o", In("b.png")).Error); // next to the picture

        File.Copy(Lora("nocturne"), In("mine.safetensors"), overwrite: true);
        var other = Ok("again", In("a.png"), "-o", In("b.png"));
        Assert.Contains("is not the LoRA that the picture was made with", other.Error);
        Assert.Contains("not the same picture", other.Error);

        var extra = Program.Run("again", In("a.png"), "--lora", Lora("cyanotype"), "-o", In("b.png"));
        Assert.Equal(1, extra.Code);
        Assert.Contains("none that is missing", extra.Error);
    }

    [Fact]
    public void AModelThatMovedIsFoundOrNamed()
    {
        Copy(Repository.Picturebook, In("there/book"));
        File.AppendAllText(In("there/book/model_index.json"), "\n"); // another model, if only by its index
        Ok("generate", "a red house", "--seed", "7", "--steps", "1", "--size", "64x64", "--model", In("there/book"), "-o", In("a.png"));
        Assert.DoesNotContain("there", Picture.LoadTexts(In("a.png"))["parameters"]);

        var missing = Program.Run("again", In("a.png"), "-o", In("b.png"));
        Assert.Equal(1, missing.Code);
        Assert.Contains("the model \"book\"", missing.Error);
        Assert.Contains("--model", missing.Error);

        var given = Ok("again", In("a.png"), "--model", In("there/book"), "-o", In("b.png"));
        Assert.Contains("the same picture, bit for bit", given.Error);
        Assert.DoesNotContain("not the model", given.Error);
        Assert.Contains(
            "is not the model that the picture was made with",
            Ok("again", In("a.png"), "--model", Repository.Picturebook, "-o", In("b.png")).Error);

        Directory.Move(In("there/book"), In("book"));
        Assert.Contains("the same picture, bit for bit", Ok("again", In("a.png"), "-o", In("b.png")).Error);
    }

    /// <summary>Up to 0.1.0 the text had whole paths, and none for the picture book.</summary>
    [Fact]
    public void AnOlderVersionsPictureIsMadeAgain()
    {
        string text = $"a red house <lora:cyanotype:0.5>\nSteps: 1, Sampler: LCM, CFG scale: 1, Seed: 7, Size: 64x64, Model: "
            + $"picturebook, LoRA 1: {Lora("cyanotype")}, LoRA 1 weight: 0.5, Version: PureLcm 0.1.0";
        Save(In("a.png"), text);
        Ok("again", In("a.png"), "-o", In("b.png"));
        Save(In("a.png"), text.Replace(Lora("cyanotype"), "/dev/zero", StringComparison.Ordinal));
        var zero = Program.Run("again", In("a.png"), "-o", In("c.png"));
        Assert.Equal(1, zero.Code); // a stranger's text opens no such file
        Assert.Contains("\"zero\"", zero.Error);
    }

    /// <summary>Other programs give each picture of a batch a seed: right is seed 9's only picture.</summary>
    [Fact]
    public void ABatchOfAnotherProgramIsNoBatch()
    {
        Ok("again", Field("batchpos.png"), "--model", Repository.Picturebook, "-o", In("b.png"));
        AssertNear(Picture.Load(Path.Combine(Repository.Root, "tests", "Lcm.Tests", "field", "batchpos-right.png")),
            Picture.Load(In("b.png")));
    }

    [Fact]
    public void ASeedOf64BitsMakesItsLow32BitsPicture()
    {
        Ok("again", Field("seed64.png"), "--model", Repository.Picturebook, "-o", In("b.png"));
        Assert.Contains("Seed: 13377331133773311337,", Picture.LoadTexts(In("b.png"))["parameters"]);
        ulong low = 13377331133773311337 & uint.MaxValue;
        Ok("generate", "a red house", "--seed", low.ToString(), "--no-lcm", "--steps", "4", "--scheduler", "lcm", "--guidance", "1", "-o",
            In("c.png"));
        Assert.Equal(Picture.Load(In("c.png")).Rgb, Picture.Load(In("b.png")).Rgb);
    }

    [Theory]
    [InlineData("weights.png", "(masterpiece:1.3)")]
    [InlineData("seedneg.png", "seed")]
    public void WhatIsNotFollowedIsSaidInALine(string file, string part)
    {
        var again = Ok("again", Field(file), "--model", Repository.Picturebook, "-o", In("b.png"));
        Assert.Contains(again.Error.Split('\n'), line => line.Contains(part) && line.Contains("so it will be another picture"));
    }

    [Fact]
    public void NoGuidanceIsGuessed()
    {
        var refused = Program.Run("again", Field("nocfg.png"), "--model", Repository.Picturebook, "-o", In("b.png"));
        Assert.Equal(1, refused.Code);
        Assert.Contains("--guidance", refused.Error);
        Ok("again", Field("nocfg.png"), "--model", Repository.Picturebook, "--guidance", "1", "-o", In("b.png"));
        Assert.Contains("CFG scale: 1,", Picture.LoadTexts(In("b.png"))["parameters"]);
    }

    [Fact]
    public void AnotherProgramsLorasAreFoundByTheirNames()
    {
        string tail = "Steps: 1, Sampler: LCM, CFG scale: 1, Seed: 7, Size: 64x64, Model: book";
        Save(In("a.png"), $"a red house <lora:cyanotype:0.5>\n{tail}, Lora hashes: \"cyanotype: {FileHashes.Lora(Lora("cyanotype"))}\"");
        Assert.DoesNotContain("not the LoRA", Ok("again", In("a.png"), "--model", Repository.Picturebook, "-o", In("b.png")).Error);
        Assert.Contains("LoRA 1: cyanotype.safetensors, LoRA 1 weight: 0.5", Picture.LoadTexts(In("b.png"))["parameters"]);
        Save(In("a.png"), $"a red house <lora:cyanotype:0.5>\n{tail}, Lora hashes: \"cyanotype: 0123456789ab\"");
        Assert.Contains("not the LoRA", Ok("again", In("a.png"), "--model", Repository.Picturebook, "-o", In("b.png")).Error);
        Assert.Contains("name that model's folder with --model", Program.Run("again", In("a.png")).Error);
    }

    [Theory]
    [InlineData("jpeg/a1111.jpg")]
    [InlineData("webp/a1111.webp")]
    public void AJpegOrWebpIsMadeAgain(string file)
    {
        Ok("again", Path.Combine(Repository.Root, "tests", "Model.Tests", "Pictures", file), "--model", Repository.Picturebook, "-o",
            In("b.png"));
        Assert.StartsWith("ein gr\u00fcnes H\u00e4uschen \u96ea\n", Picture.LoadTexts(In("b.png"))["parameters"]);
    }

    [Fact]
    public void APictureWhosePixelsAreLostIsMadeAgain()
    {
        Ok("generate", "a red house", "--seed", "7", "--steps", "1", "--size", "64x64", "-o", In("a.png"));
        byte[] whole = File.ReadAllBytes(In("a.png")), pixels = Picture.Load(In("a.png")).Rgb;
        File.WriteAllBytes(In("a.png"), whole[..(whole.Length / 2)]);
        Assert.Contains("damaged", Ok("again", In("a.png"), "-o", In("b.png")).Error);
        Assert.Equal(pixels, Picture.Load(In("b.png")).Rgb);
    }

    static Program.Outcome Ok(params string[] arguments)
    {
        var outcome = Program.Run(arguments);
        Assert.True(outcome.Code == 0, outcome.Error);
        return outcome;
    }

    static void Save(string path, string text) =>
        new Picture(1, 1, [1, 2, 3]).Save(path, new Dictionary<string, string> { ["parameters"] = text });

    static void AssertNear(Picture expected, Picture actual)
    {
        int near = expected.Rgb.Zip(actual.Rgb).Count(pair => Math.Abs(pair.First - pair.Second) <= 1);
        Assert.True(near >= 0.999 * expected.Rgb.Length,
            $"{expected.Rgb.Length - near} of {expected.Rgb.Length} values differ by more than 1");
    }

    static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
