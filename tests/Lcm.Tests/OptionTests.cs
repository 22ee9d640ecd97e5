using System.Text.Json.Nodes;
using PureLcm.Model.Pictures;
using PureLcm.Model.Tests;
using PureLcm.Weights;

namespace PureLcm.Lcm.Tests;

/// <summary>What the options mean, and what is said of those that mean nothing.</summary>
public sealed class OptionTests : IDisposable
{
    readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    Program.Outcome Generate(params string[] arguments)
    {
        var made = Program.RunIn(folder.Path, ["generate", .. arguments, "--size", "64x64"]);
        Assert.True(made.Code == 0, made.Error);
        return made;
    }

    [Theory]
    [InlineData("--threads 0", "--threads 0 is not a whole number from 1 to 1024")]
    [InlineData("--threads 1025", "--threads 1025 is not")]
    [InlineData("--steps 0", "--steps 0 is not a whole number from 1 to 1000")]
    [InlineData("--steps four", "--steps four is not a whole number")]
    [InlineData("--steps 99999999999", "--steps 99999999999 is not a whole number")]
    [InlineData("--steps 51", "51 steps can't be taken with the scheduler lcm: ask for 1 to 50")]
    [InlineData("--steps 1000 --scheduler ddim", "1000 steps with steps_offset 1 begin at timestep")]
    [InlineData("--steps", "Required argument missing for option: '--steps'")]
    [InlineData("--count 0", "--count 0 is not a whole number from 1 to 10000")]
    [InlineData("--count 10001", "--count 10001 is not")]
    [InlineData("--size 100x100", "--size 100x100 is not a width and a height")]
    [InlineData("--size 0x64", "--size 0x64 is not a width and a height")]
    [InlineData("--size 64", "--size 64 is not a width and a height, such as 512x512: multiples of 8 from 8 to 16384")]
    [InlineData("--size 16392x8", "--size 16392x8 is not a width and a height")]
    [InlineData("--guidance NaN", "--guidance NaN is not a number")]
    [InlineData("--seed 7.5", "--seed 7.5 is not a whole number from -2^63 to 2^64-1")]
    [InlineData("--seed 18446744073709551616", "--seed 18446744073709551616 is not a whole number")]
    [InlineData("--seed -9223372036854775809", "--seed -9223372036854775809 is not a whole number")]
    [InlineData("--device gpu", "--device gpu: a device is auto, cpu, opencl[:N]")]
    [InlineData("--device opencl:", "--device opencl:: a device is auto")]
    [InlineData("--device cpu:0", "--device cpu:0: a device is auto")]
    [InlineData("--scheduler euler", "'euler' not recognized")]
    [InlineData("--precision fp8", "'fp8' not recognized")]
    [InlineData("--lora x.safetensors:NaN", "--lora x.safetensors:NaN: the weight must be a finite number")]
    [InlineData("--stpes 4", "Unrecognized command or argument '--stpes'")]
    public void WrongOnesEndWith2AndAreSaid(string options, string part)
    {
        var refused = Program.RunIn(folder.Path, ["generate", "a cat", .. options.Split(' ')]);
        Assert.True(refused.Code == 2, refused.Error);
        Assert.Contains(part, refused.Error);
        Assert.All(refused.Error.TrimEnd().Split('\n'), line => Assert.StartsWith("lcm: ", line));
        Assert.DoesNotContain("reading the prompt", refused.Error);
        Assert.Empty(refused.Output);
        Assert.Empty(folder.Names());
    }

    /// <summary>@ has no meaning of its own; a file of that name is not looked for.</summary>
    [Fact]
    public void PromptsMayBeginWithAt()
    {
        File.WriteAllText(folder["rsp"], "another prompt");
        Generate("@rsp", "--steps", "1", "--guidance", "2", "--negative", "@ugly", "--seed", "1");
        Assert.StartsWith("@rsp\nNegative prompt: @ugly\n", folder.Parameters("rsp-1.png"));
    }

    [Fact]
    public void SeedsHave64BitsOfWhichTheLow32Count()
    {
        foreach (var (seed, low) in ((string, string)[])[("11234567890123456789", "131170581"), ("-1", "4294967295")])
        {
            var made = Generate("a cat", "--steps", "1", "--seed", seed, "-o", "given.png");
            Assert.Contains($"Seed {seed} is taken as {low}, its low 32 bits, as torch takes it", made.Error);
            Assert.Contains($"Seed: {seed}, ", folder.Parameters("given.png"));
            Assert.DoesNotContain("is taken as", Generate("a cat", "--steps", "1", "--seed", low, "-o", "low.png").Error);
            Assert.Equal(Picture.Load(folder["low.png"]).Rgb, Picture.Load(folder["given.png"]).Rgb);
            Assert.Equal(seed == "-1", made.Error.Contains("; for a random one leave --seed out\n", StringComparison.Ordinal));
        }
        Assert.NotEqual(Generate("a cat", "--steps", "1").Output, Generate("a cat", "--steps", "1").Output); // random, and in the name
    }

    [Fact]
    public void WhatOfTheWordsHasNoEffectIsSaid()
    {
        string lengthy = string.Concat(Enumerable.Repeat("blurry, bad hands, ", 30)) + "and then a tree";
        string cut = Generate("a cat", "--steps", "1", "--guidance", "2", "--negative", lengthy).Error;
        Assert.Contains("The negative prompt is longer than the model reads (30 tokens); this was left out: ", cut);
        Assert.Contains("and then a tree\n", cut);
        Assert.DoesNotContain("The prompt is longer", cut);
        Assert.Contains("The prompt is longer than the model reads", Generate(lengthy, "--steps", "1").Error);

        Assert.Contains("The negative prompt has no effect at a guidance of 1 or less", Generate("a cat", "--steps", "1", "--negative", "trees").Error);
        Assert.DoesNotContain("negative prompt", Generate("a cat", "--steps", "1", "--guidance", "2", "--negative", "trees").Error);
        Assert.DoesNotContain("negative prompt", Generate("a cat", "--steps", "1").Error);
    }

    /// <summary>What was said when the picture was made is said when it is made again.</summary>
    [Fact]
    public void AgainAndCompareSayItToo()
    {
        string lengthy = string.Concat(Enumerable.Repeat("a cat on the roof and ", 10)) + "a tree";
        Generate(lengthy, "--steps", "1", "--seed", "1", "--negative", "trees", "-o", "x.png");
        string again = Program.RunIn(folder.Path, "again", "x.png", "-o", "y.png").Error;
        Assert.Contains("The prompt is longer than the model reads", again);
        Assert.Contains("The negative prompt has no effect", again);
        var compared = Program.RunIn(folder.Path, "compare", lengthy, "--size", "64x64", "-o", "z.png");
        Assert.True(compared.Code == 0, compared.Error);
        Assert.Equal(2, compared.Error.Split("The prompt is longer").Length); // once, though two models were loaded
    }

    /// <summary>A UNet that was distilled with its guidance takes no second pass.</summary>
    [Fact]
    public void AModelWithGuidanceInsideTakesNoNegativePrompt()
    {
        string original = Path.Combine(Repository.Golden, "models", "sd15"), unet = Path.Combine(folder["model"], "unet");
        TestModel.Copy(original, folder["model"], "unet");
        Directory.CreateDirectory(unet);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(original, "unet", "config.json")))!;
        config["time_cond_proj_dim"] = 32;
        File.WriteAllText(Path.Combine(unet, "config.json"), config.ToJsonString());
        using (var weights = SafetensorsFile.Open(Path.Combine(original, "unet", "diffusion_pytorch_model.safetensors")))
        {
            int[] sides = [weights.Find("time_embedding.linear_1.weight").Sides[1], 32];
            SafetensorsWriter.Write(Path.Combine(unet, "diffusion_pytorch_model.safetensors"),
                [.. weights.Tensors.Values.Select(tensor => new TensorToWrite(tensor.Name, tensor.DType, tensor.Sides, tensor.ReadBytes())),
                    new TensorToWrite("time_embedding.cond_proj.weight", DType.F32, sides, new byte[sizeof(float) * sides[0] * sides[1]])]);
        }
        var made = Generate("a cat", "--model", "model", "--steps", "1", "--negative", "trees", "--guidance", "8");
        Assert.Contains("The negative prompt has no effect: this model takes the guidance as an input", made.Error);
    }
}
