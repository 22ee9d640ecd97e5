using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Random;
using PureLcm.Model.Schedulers;

namespace PureLcm.Model.Tests.Pictures;

/// <summary>What a picture's file says of how it was made.</summary>
public class GenerationParametersTests
{
    static readonly GenerationParameters house = new()
    {
        Prompt = "a red house in the snow at night",
        Steps = 4,
        Sampler = SchedulerKind.Lcm,
        Guidance = 1,
        Seed = 7,
        Width = 128,
        Height = 128,
        Model = "picturebook",
        Version = "PureLcm 0.1.0",
    };

    [Fact]
    public void TheTextIsWhatOtherToolsRead() => Assert.Equal(
        "a red house in the snow at night\nSteps: 4, Sampler: LCM, CFG scale: 1, Seed: 7, Size: 128x128, Model: picturebook, Version: PureLcm 0.1.0",
        house.ToText());

    [Fact]
    public void EverythingIsSaid() => Assert.Equal(
        "two\nlines <lora:cyanotype:0.8>\nNegative prompt: no\ntrees\n"
        + "Steps: 25, Sampler: DDIM, CFG scale: 7.5, Seed: -3, Size: 128x64, Model: \"own, and: more\", Model fingerprint: "
            + "0123456789ab, LCM-LoRA: off, "
        + "LoRA 1: cyanotype.safetensors, LoRA 1 weight: 0.8, LoRA 1 hash: 1b7b4ec9d5f4, Lora hashes: \"cyanotype: 1b7b4ec9d5f4\", "
            + "LoRA fused: yes, Batch size: 4, Batch pos: 2, Version: PureLcm 0.1.0",
        (house with
        {
            Prompt = "two\nlines",
            NegativePrompt = "no\ntrees",
            Steps = 25,
            Sampler = SchedulerKind.Ddim,
            Guidance = 7.5,
            Seed = -3,
            Height = 64,
            Model = "own, and: more",
            ModelFingerprint = "0123456789ab",
            Lcm = false,
            Loras = [new("loras/cyanotype.safetensors", 0.8f, "1b7b4ec9d5f4")],
            Fuse = true,
            Count = 4,
            Index = 2,
        }).ToText());

    /// <summary>As A1111's ControlNet extension says it, and it comes back whatever the file's name is.</summary>
    [Fact]
    public void ControlNetsAreSaid()
    {
        UsedControl[] controls = [new("canny", "control_v11p_sd15_canny", 0.8, 0, 0.5, "0123456789ab"), new("none", "a \"b\", c: d\\ [e]"), new("scribble", "x [12345678]", -1.5, 0.25, 1, "abcdef012345")];
        var made = house with { Controls = controls };
        Assert.Contains(
            "Model: picturebook, ControlNet 0: \"Module: canny, Model: control_v11p_sd15_canny [0123456789ab], Weight: 0.8, Guidance Start: 0, Guidance End: 0.5\", ControlNet 1: ",
            made.ToText());
        var parsed = GenerationParameters.Parse(made.ToText());
        Assert.Equal(controls, parsed.Controls);
        Assert.Empty(parsed.NotFollowed);
        Assert.Contains("ControlNet 0: Weight: much, which is no such number",
            Assert.Throws<ModelException>(() => GenerationParameters.Parse(made.ToText().Replace("Weight: 0.8", "Weight: much", StringComparison.Ordinal))).Message);
    }

    [Theory]
    [InlineData(0.6, StrengthMode.Inside, false, "Denoising strength: 0.6, Strength mode: inside")]
    [InlineData(1, StrengthMode.Drop, true, "Denoising strength: 1, Strength mode: drop, Mask: yes")]
    public void APictureToBeginWithIsSaid(double strength, StrengthMode mode, bool mask, string fields)
    {
        var made = house with { Strength = strength, StrengthMode = mode, HasMask = mask };
        Assert.Contains($", Model: picturebook, {fields}, Version: ", made.ToText());
        AssertSame(made);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" blanks around ", "\t")]
    [InlineData("Negative prompt: that is what I want to see", "")]
    [InlineData("a\nNegative prompt: b", "c\nNegative prompt: d")]
    [InlineData("Steps: 4, Sampler: LCM, Seed: 1", "Steps: 9, Sampler: Euler a, CFG scale: 2, Seed: 1, Size: 1x1, Version: other")]
    [InlineData("\n\n", "\n")]
    [InlineData("a <lora:cyanotype:0.8>", "")]
    [InlineData("\"quoted\\\", Seed: 3, \"", "\\")]
    [InlineData("zero \0 and half a character \ud83c", "\udfe0")]
    [InlineData("雪の夜 🏠\r\nnext", "ü")]
    public void HardPromptsComeBack(string prompt, string negative)
    {
        AssertSame(house with { Prompt = prompt, NegativePrompt = negative });
        AssertSame(house with { Prompt = prompt, NegativePrompt = negative, Loras = [new("a b/cyanotype.safetensors", 0.8f)] });
    }

    [Property(MaxTest = 500)]
    public void AnythingComesBack(
        string prompt, string negative, string model, string fingerprint, string lora, string hash, NormalFloat guidance, float weight,
        long seed, PositiveInt width, bool lcm, bool fuse)
    {
        AssertSame(house with
        {
            Prompt = prompt ?? "",
            NegativePrompt = negative ?? "",
            Model = model?.Length > 0 ? model : "m",
            ModelFingerprint = fingerprint,
            Guidance = guidance.Get,
            Seed = seed,
            Width = width.Get,
            Lcm = lcm,
            Fuse = fuse,
            Loras = lora is null || !float.IsFinite(weight) ? [] : [new(lora, weight, hash), new("second.safetensors", -0.5f)],
        });
    }

    /// <summary>The letters that the form itself is made of, in any order.</summary>
    [Property(MaxTest = 500)]
    public Property TheFormsOwnWordsComeBack()
    {
        var word = Gen.Elements("Steps: 4", ", ", "\n", "Negative prompt:", "\"", "\\", "\\n", "<lora:", "cyanotype:0.8>", " ", ":", "Sampler: LCM", "Exact prompt: \"x\"", "a");
        var text = Gen.ArrayOf(word).Select(string.Concat).ToArbitrary();
        return Prop.ForAll(text, text, text, (prompt, negative, path) =>
            AssertSame(house with { Prompt = prompt, NegativePrompt = negative, Model = "m" + path, Loras = [new(path, 0.8f, path)], Controls = [new(path, "c" + path, 0.3)] }));
    }

    [Fact]
    public void AnotherProgramsTextIsUnderstood()
    {
        var read = GenerationParameters.Parse(
            "a castle, (masterpiece:1.2) <lora:lcm-lora-sdv1-5:1> at dusk<lora:style>\nsecond line\nNegative prompt: blurry, low quality\n"
            + "Steps: 6, Sampler: LCM, Schedule type: Automatic, CFG scale: 1.5, Seed: 3161545423, Size: 512x768, Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, "
            + "Lora hashes: \"lcm-lora-sdv1-5: 1b7b4ec9d5f4, style: 00\", Version: v1.10.1");
        Assert.Equal("a castle, (masterpiece:1.2)  at dusk\nsecond line", read.Prompt);
        Assert.Equal("blurry, low quality", read.NegativePrompt);
        Assert.Equal(
            (6, SchedulerKind.Lcm, 1.5, (Seed)3161545423, 512, 768),
            (read.Steps, read.Sampler, read.Guidance, read.Seed, read.Width, read.Height));
        Assert.Equal(("v1-5-pruned-emaonly", null, false), (read.Model, read.ModelFolder, read.IsOwn));
        Assert.Equal([new("lcm-lora-sdv1-5", 1, "1b7b4ec9d5f4"), new("style", 1, "00")], read.Loras);
    }

    [Theory]
    [InlineData("", "can't be told")]
    [InlineData("just words", "can't be told")]
    [InlineData("a\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512", "Euler a")]
    [InlineData("a\nSteps: many, Sampler: LCM, CFG scale: 7, Seed: 1, Size: 512x512", "Steps: many")]
    [InlineData("a\nSteps: 4, Sampler: LCM, CFG scale: 1,5, Seed: x", "Seed: x")]
    [InlineData("a\nSteps: 4, Sampler: LCM, CFG scale: NaN, Seed: 1", "CFG scale: NaN")]
    [InlineData("a\nSteps: 4, Sampler: LCM, CFG scale: 1, Seed: 1, Size: 512", "Size: 512")]
    public void WhatCantBeMadeIsSaid(string text, string part) =>
        Assert.Contains(part, Assert.Throws<ModelException>(() => GenerationParameters.Parse(text)).Message);

    [Property(MaxTest = 500)]
    public void AnyTextIsSurvived(string text)
    {
        try
        {
            GenerationParameters.Parse(text ?? "");
            GenerationParameters.Parse("Steps: 4, Sampler: LCM, Seed: 1, " + text);
        }
        catch (ModelException)
        {
            // What a text of another form may cause.
        }
    }

    static void AssertSame(GenerationParameters expected)
    {
        // Through the bytes of a file, where half a character can't be.
        string text = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(expected.ToText()));
        var read = GenerationParameters.Parse(text);
        // Files go by their names, without folders.
        Assert.Equal(expected.Loras.Select(lora => lora with { Name = lora.FileName }), read.Loras);
        Assert.Empty(read.NotFollowed);
        Assert.Equal(expected.Controls, read.Controls);
        Assert.Equal(expected with { Loras = read.Loras, Controls = read.Controls, NotFollowed = read.NotFollowed }, read);
    }
}
