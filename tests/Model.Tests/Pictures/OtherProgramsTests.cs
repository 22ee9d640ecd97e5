using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Random;
using PureLcm.Model.Schedulers;

namespace PureLcm.Model.Tests.Pictures;

/// <summary>Texts that other programs, or older versions, wrote: read with their meaning, and what isn't followed is named.</summary>
public class OtherProgramsTests
{
    [Theory]
    [InlineData("clipskip", "Clip skip: 2", "ENSD: 31337")]
    [InlineData("controlnet",
        "ControlNet 0: Module: canny, Model: control_v11p_sd15_canny [d14c016b], Weight: 1, Resize Mode: Crop and Resize, Steps: 9",
        "ADetailer model: face_yolov8n.pt", "ADetailer prompt: Seed: 3, a face")]
    [InlineData("hires", "Denoising strength: 0.5", "Hires upscale: 2", "Hires steps: 4", "Hires upscaler: Latent")]
    [InlineData("img2img", "Mask blur: 4")]
    [InlineData("karras", "Schedule type: Karras")]
    [InlineData("nocfg", "Guidance Scale: 1.0")]
    [InlineData("seedneg")]
    [InlineData("vae", "VAE: vae-ft-mse-840000-ema-pruned.ckpt", "Refiner: x", "Refiner switch at: 0.8", "Tiling: True")]
    [InlineData("varseed", "Variation seed: 99", "Variation seed strength: 0.3")]
    [InlineData("weights", "(masterpiece:1.3), ((red)), [house], BREAK, AND in the prompt")]
    [InlineData("sdcpp_utf8", "Guidance: 3.5", "RNG: cuda")]
    [InlineData("batchpos")]
    [InlineData("seed64")]
    public void WhatIsNotFollowedIsNamed(string file, params string[] expected) => Assert.Equal(expected, Made(file).NotFollowed);

    [Theory]
    [InlineData("Schedule type: Automatic, Clip skip: 1, RNG: CPU, Eta: 0, Tiling: False, Model hash: 0123456789, "
        + "Lora hashes: \"x: 123\"")]
    [InlineData("Token merging ratio: 0, Refiner: None, Batch size: 4, Batch pos: 1, Hashes: \"model: 1\"")]
    public void WhatIsDoneAnywayIsNot(string fields) =>
        Assert.Empty(GenerationParameters.Parse($"a house\nSteps: 4, Sampler: LCM, CFG scale: 1, Seed: 7, {fields}").NotFollowed);

    [Theory]
    [InlineData("a house \\(old\\)")]
    [InlineData("BREAKFAST at the SANDS, a (smile")]
    public void WordsAreNoSyntax(string prompt) =>
        Assert.Empty(GenerationParameters.Parse($"{prompt}\nSteps: 4, Sampler: LCM").NotFollowed);

    [Fact]
    public void TheSyntaxOfANegativePromptIsNamed() =>
        Assert.Equal(
            ["(blur:1.2) in the negative prompt"],
            GenerationParameters.Parse("a\nNegative prompt: (blur:1.2)\nSteps: 4, Sampler: LCM").NotFollowed);

    [Fact]
    public void OwnPromptsAreWordsAndALaterVersionsFieldsAreNamed()
    {
        var made = GenerationParameters.Parse(
            "(a:1.3) house\nSteps: 4, Sampler: LCM, CFG scale: 1, Seed: 7, Init image: b.png, Clip skip: 1, Version: PureLcm 9.0.0");
        Assert.Equal(["Init image: b.png", "Clip skip: 1"], made.NotFollowed);
    }

    /// <summary>A strength is that of a picture to begin with, but beside "hires fix" that of a second pass, which isn't taken here.</summary>
    [Fact]
    public void AStrengthSaysThatThereWasAPicture()
    {
        var made = Made("img2img");
        Assert.Equal((0.4, StrengthMode.Drop, true), (made.Strength, made.StrengthMode, made.HasMask));
        made = Made("hires");
        Assert.Equal((null, null, false), (made.Strength, made.StrengthMode, made.HasMask));
        made = GenerationParameters.Parse("a\nSteps: 4, Sampler: LCM, Denoising strength: 0");
        Assert.Equal((0, StrengthMode.Drop, false), (made.Strength, made.StrengthMode, made.HasMask));
        Assert.Empty(made.NotFollowed);
    }

    [Fact]
    public void GuidanceIsNotGuessed()
    {
        Assert.Null(Made("nocfg").Guidance);
        Assert.Equal(1.5, Made("clipskip").Guidance);
    }

    [Fact]
    public void MinusOneIsNoSeed()
    {
        Assert.Null(Made("seedneg").Seed);
        Assert.Null(GenerationParameters.Parse("a\nSteps: 4, Sampler: LCM").Seed);
        // Of this program's own it is a seed like any other, and of an other's only -1 is none.
        Assert.Equal((Seed)(-1), GenerationParameters.Parse("a\nSteps: 4, Sampler: LCM, Seed: -1, Version: PureLcm 0.1.0").Seed);
        Assert.Equal((Seed)(-2), GenerationParameters.Parse("a\nSteps: 4, Sampler: LCM, Seed: -2").Seed);
    }

    [Fact]
    public void ASeedOf64BitsIsKept()
    {
        var made = Made("seed64");
        Assert.Equal("13377331133773311337", made.Seed.ToString());
        Assert.Contains("Seed: 13377331133773311337,", made.ToText());
    }

    /// <summary>A1111 gives each picture of a batch its own seed; only here are they torch's batch of one.</summary>
    [Fact]
    public void ABatchOfAnotherProgramIsOnePictureASeed()
    {
        var made = Made("batchpos");
        Assert.Equal((1, 0, (Seed?)9), (made.Count, made.Index, made.Seed));
        var own = GenerationParameters.Parse(
            "a\nSteps: 4, Sampler: LCM, CFG scale: 1, Seed: 9, Batch size: 4, Batch pos: 2, Version: PureLcm 0.1.0");
        Assert.Equal((4, 2), (own.Count, own.Index));
    }

    [Fact]
    public void FieldsOfOursMeanNothingInOthersTexts()
    {
        var made = GenerationParameters.Parse(
            "a\nSteps: 4, Sampler: LCM, Seed: 9, Model folder: /etc, LoRA 1: x, LoRA fused: yes, Model fingerprint: x");
        Assert.Equal((null, null, false, 0), (made.ModelFolder, made.ModelFingerprint, made.Fuse, made.Loras.Count));
        Assert.Equal(4, made.NotFollowed.Count);
    }

    /// <summary>Versions up to 0.1.0 wrote whole paths: they are read, and not written again.</summary>
    [Fact]
    public void OlderVersionsPathsAreReadAndNotWritten()
    {
        var made = GenerationParameters.Parse("a <lora:y:0.5>\nSteps: 4, Sampler: LCM, CFG scale: 1, Seed: 7, Size: 128x128, Model: x, "
            + "Model folder: /home/user/models/x, LoRA 1: /home/user/y.safetensors, LoRA 1 weight: 0.5, Version: PureLcm 0.1.0");
        Assert.Equal("a", made.Prompt);
        Assert.Equal("/home/user/models/x", made.ModelFolder);
        Assert.Equal([new UsedLora("/home/user/y.safetensors", 0.5f)], made.Loras);
        Assert.Equal(("y.safetensors", "y"), (made.Loras[0].FileName, made.Loras[0].Title));
        Assert.Empty(made.NotFollowed);
        Assert.DoesNotContain("user", made.ToText());
        Assert.Contains("LoRA 1: y.safetensors, ", made.ToText());
    }

    [Theory]
    [InlineData(@"C:\Users\me\y.safetensors", "y.safetensors")]
    [InlineData("/home/me/y.safetensors", "y.safetensors")]
    [InlineData("y", "y")]
    public void NoPathIsWrittenWhicheverSystemsItIs(string path, string name)
    {
        string text = new GenerationParameters { Prompt = "a", Steps = 4, Sampler = SchedulerKind.Lcm, Guidance = 1, Seed = 7,
            Loras = [new(path)] }.ToText();
        Assert.Contains($"LoRA 1: {name},", text);
        Assert.DoesNotContain("me", text.Replace("parameters", "", StringComparison.Ordinal));
    }

    static GenerationParameters Made(string file) =>
        GenerationParameters.Parse(Picture.LoadTexts(Samples.PathOf($"field/{file}.png"))[GenerationParameters.Keyword]);
}
