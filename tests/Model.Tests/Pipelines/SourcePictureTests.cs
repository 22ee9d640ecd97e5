using PureLcm.Kernels;
using PureLcm.Model.Inspect;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Random;
using PureLcm.Model.Schedulers;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.Pipelines;

/// <summary>Pictures from pictures, beyond what the reference cases hold: batches, masks, inpainting UNets, what can't be meant.</summary>
public sealed class SourcePictureTests : IDisposable
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static readonly Picture gradient = TestPictures.Gradient(64, 48), left = TestPictures.LeftPart(64, 48, 32);

    static readonly GenerateOptions plan = new() { Steps = 2, Guidance = 1, Seed = 5, Scheduler = SchedulerKind.Lcm, Image = gradient, Strength = 0.6 };

    readonly TextToImage picturebook = TextToImage.Load(Repository.Picturebook, cancellationToken: Cancellation);

    public void Dispose() => picturebook.Dispose();

    [Fact]
    public void PicturesOfABatchCanBeMadeByThemselves()
    {
        foreach (var mask in (Picture?[])[null, left])
        {
            var options = plan with { Count = 3, Mask = mask };
            var all = picturebook.GenerateAll("a boat", options, Cancellation);
            Assert.Equal((64, 48), (all[0].Width, all[0].Height)); // as large as the picture to begin with
            Assert.Equal(all[2].Rgb, Assert.Single(picturebook.GenerateEach("a boat", options with { Index = 2 }, Cancellation)).Rgb);
            Assert.NotEqual(all[1].Rgb, all[2].Rgb);
        }
    }

    /// <summary>The stronger, the farther from the picture; and both meanings of strength agree where it is 1.</summary>
    [Fact]
    public void TheStrengthIsHowFarItGoes()
    {
        double[] distances = [.. new[] { 0.04, 0.3, 0.9 }.Select(strength => Distance(picturebook.Generate("a boat", plan with { Strength = strength }, Cancellation), gradient))];
        Assert.Equal(distances.Order(), distances);
        Assert.True(distances[2] > 1.3 * distances[0], string.Join(' ', distances));

        var inside = picturebook.Generate("a boat", plan with { Strength = 1, StrengthMode = StrengthMode.Inside }, Cancellation);
        Assert.Equal(inside.Rgb, picturebook.Generate("a boat", plan with { Strength = 1, StrengthMode = StrengthMode.Drop }, Cancellation).Rgb);
        Assert.NotEqual(inside.Rgb, picturebook.Generate("a boat", plan with { Image = null, Strength = null, Width = 64, Height = 48 }, Cancellation).Rgb);

        static double Distance(Picture a, Picture b) => Math.Sqrt(a.Rgb.Zip(b.Rgb).Average(pair => Math.Pow(pair.First - pair.Second, 2)));
    }

    /// <summary>What a prompt changes ends at the mask, to the last bit.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(0.5)]
    public void OutsideTheMaskNothingChanges(double strength)
    {
        var options = plan with { Mask = left, Strength = strength };
        float[] boat = Last("a boat"), castle = Last("a castle");
        for (int i = 0; i < boat.Length; i++) // [4,6,8]
            if (i % 8 >= 4) Assert.Equal(boat[i], castle[i]);
        Assert.True(Enumerable.Range(0, boat.Length).Count(i => i % 8 < 4 && boat[i] != castle[i]) > boat.Length / 4);

        float[] Last(string prompt)
        {
            float[] last = [];
            picturebook.Generate(prompt, options with { OnStep = step => last = step.Values }, Cancellation);
            return last;
        }
    }

    [Fact]
    public void APictureOfAnotherSizeIsResized()
    {
        var large = TestPictures.Gradient(100, 60);
        var options = plan with { Image = large, Width = 64, Height = 48, Mask = TestPictures.LeftPart(100, 60, 40) };
        var made = picturebook.Generate("a boat", options, Cancellation);
        Assert.Equal((64, 48), (made.Width, made.Height));
        Assert.Equal(made.Rgb, picturebook.Generate("a boat", options with { Image = large.Resized(64, 48), Mask = options.Mask.Resized(64, 48) }, Cancellation).Rgb);
        var own = picturebook.Resolve(plan with { Image = large });
        Assert.Equal((96, 56), (own.Width, own.Height));
        own = picturebook.Resolve(plan with { Image = large, Height = 64 });
        Assert.Equal((96, 64), (own.Width, own.Height));
    }

    /// <summary>
    /// A UNet whose weights for mask and masked picture are 0 sees neither, so with a sampler that draws nothing it makes at strength
    /// 1 what it makes of words: no picture is drawn before the first noise.
    /// </summary>
    [Fact]
    public void AnInpaintingUNetThatIgnoresItsMaskMakesAPictureOfWords()
    {
        var options = plan with { Scheduler = SchedulerKind.Ddim, Steps = 3, Guidance = 2, Strength = null, Image = null, Width = 64, Height = 48 };
        using var inpainting = Inpainting((_, _) => 0);
        using var plain = TextToImage.Load(Path.Combine(Repository.Golden, "models", "sd15"), cancellationToken: Cancellation);
        float[] ours = Last(inpainting, options with { Image = gradient, Mask = left }), theirs = Last(plain, options);
        Assert.True(Difference(ours, theirs) < 1e-5, $"{Difference(ours, theirs)}");
    }

    /// <summary>Beside the latent it reads the mask, then the latent of the picture without it, drawn after the noise.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(0.5)]
    public void AnInpaintingUNetReadsTheMaskAndThePictureAroundIt(double strength)
    {
        // conv_in of the mask by 1 into channel 0, and of the masked picture as the original's is of the latent, which it doesn't see.
        using var inpainting = Inpainting((channel, place) => channel == 0 && place == 4 ? 1 : 0, moved: true);
        var first = new List<float[]>();
        var observer = Observer.Of((_, output) => first.Add(output.Backend.DownloadTorch(output)), module => module == "unet.conv_in");
        inpainting.Generate("a", plan with { Mask = left, Strength = strength, Observer = observer }, Cancellation);

        // The draws in torch's order: the picture, unless nothing of it is needed; the noise; the masked picture.
        var shape = Shape.Image(1, 6, 8, 4);
        var generator = new TorchRandom(plan.Seed);
        float[] torch = new float[192], own = new float[192];
        for (int draw = strength == 1 ? 1 : 0; draw < 3; draw++) generator.Normal(torch);
        TorchOrder.FromTorch(torch, shape, own);

        using var plain = TextToImage.Load(Path.Combine(Repository.Golden, "models", "sd15"), cancellationToken: Cancellation);
        float[] expected = [];
        var watch = Observer.Of((_, output) => expected = output.Backend.DownloadTorch(output), module => module == "unet.conv_in");
        using (var run = new Run(plain.Backend, watch, cancellationToken: Cancellation))
        {
            var masked = run.Allocate(shape);
            plain.Backend.Upload(PictureEncoder.Encode(run, plain.Model.Vae, gradient, new(left)).Latent(own), masked);
            using var conditioning = Conditioner.Encode(run, plain.Model, ["a"], 1);
            plain.Model.Unet.Forward(run, masked, [1], conditioning.Context);
        }
        for (int y = 0; y < 6; y++)
            for (int x = 0; x < 4; x++) expected[8 * y + x]++;
        Assert.Equal(2, first.Count);
        Assert.All(first, seen => Assert.True(Difference(seen, expected) < 1e-5, $"{Difference(seen, expected)}"));
    }

    /// <summary>Loading asks for nothing, so it counts a repainting; a run without a mask is refused.</summary>
    [Fact]
    public void AnInpaintingModelNeedsAMask()
    {
        using var inpainting = Inpainting((_, _) => 0);
        Assert.True(inpainting.Model.IsInpainting);
        foreach (var options in (GenerateOptions[])[new(), plan])
            Assert.Contains("--mask", Assert.Throws<ChoiceException>(() => inpainting.Generate("a", options, Cancellation)).Message);
        Assert.False(picturebook.Model.IsInpainting);
    }

    public static TheoryData<string, string> Impossible => new()
    {
        { "strong", "a strength of 1.5 is not between 0 and 1" },
        { "weak", "a strength of -0.5 is not between 0 and 1" },
        { "nan", "a strength of NaN is not between 0 and 1" },
        { "none", "a strength of 0.24 leaves none of 4 steps to take: ask for a strength of 0.25 or more, or for more steps" },
        { "inside none", "4 steps can't be taken with the scheduler lcm at a strength of 0.05: ask for 1 to 2, or a larger strength" },
        { "ddim inside", "only the scheduler lcm puts its steps inside a strength, ddim drops the first: take the strength mode drop" },
        { "mask alone", "there is no picture: give it with --image" },
        { "strength alone", "there is no picture: give it with --image" },
        { "mode alone", "there is no picture: give it with --image" },
        { "other mask", "the mask is of 64x40 pixels and its picture of 64x48: make them of one size" },
    };

    [Theory]
    [MemberData(nameof(Impossible))]
    public void WhatCantBeMeantIsAChoiceAndASentence(string which, string says)
    {
        var four = plan with { Steps = 4 };
        var options = which switch
        {
            "strong" => four with { Strength = 1.5 },
            "weak" => four with { Strength = -0.5 },
            "nan" => four with { Strength = double.NaN },
            "none" => four with { Strength = 0.24, StrengthMode = StrengthMode.Drop },
            "inside none" => four with { Strength = 0.05 },
            "ddim inside" => four with { Scheduler = SchedulerKind.Ddim, StrengthMode = StrengthMode.Inside },
            "mask alone" => new() { Mask = left },
            "strength alone" => new() { Strength = 0.5 },
            "mode alone" => new() { StrengthMode = StrengthMode.Drop },
            _ => four with { Mask = TestPictures.LeftPart(64, 40, 32) },
        };
        Assert.Contains(says, Assert.Throws<ChoiceException>(() => picturebook.Generate("a", options, Cancellation)).Message);
        // And before anything is loaded.
        Assert.Contains(says, Assert.Throws<ChoiceException>(() => TextToImage.Load(Repository.Picturebook, run: options, cancellationToken: Cancellation)).Message);
    }

    /// <summary>The strength that the error asks for is enough, for any number of steps.</summary>
    [Fact]
    public void TheLeastStrengthIsEnough()
    {
        for (int steps = 1; steps <= 1000; steps++)
        {
            var options = plan with { Scheduler = SchedulerKind.Ddim, Steps = steps, StrengthMode = StrengthMode.Drop, Strength = GenerateOptions.LeastStrength(steps) };
            if (steps < 1000) Assert.InRange(options.CreateScheduler(picturebook.Model).Timesteps.Count, 1, 10);
        }
    }

    [Fact]
    public void DefaultsFollowTheSamplerAndTheMask()
    {
        var bare = new GenerateOptions { Image = gradient };
        Assert.Equal((0.8, StrengthMode.Inside), (picturebook.Resolve(bare).Strength, picturebook.Resolve(bare).StrengthMode));
        Assert.Equal(1, picturebook.Resolve(bare with { Mask = left }).Strength);
        Assert.Equal(StrengthMode.Drop, picturebook.Resolve(bare with { Scheduler = SchedulerKind.Ddim }).StrengthMode);
        Assert.Null(picturebook.Resolve(new()).Strength);
    }

    /// <summary>models/sd15 with a UNet of 9 channels in; the five beside the latent have these weights, by output channel and place in 3x3.</summary>
    static TextToImage Inpainting(Func<int, int, float> mask, bool moved = false)
    {
        using var model = new ModelCopy().Set("unet/config.json", "in_channels", "9").Set("model_index.json", "_class_name", "\"StableDiffusionInpaintPipeline\"");
        string name = "unet/diffusion_pytorch_model.safetensors";
        using (var weights = SafetensorsFile.Open(Path.Combine(Repository.Golden, "models", "sd15", name)))
            SafetensorsWriter.Write(model[name], [.. weights.Tensors.Values.Select(tensor => tensor.Name == "conv_in.weight" ? Wider(tensor, mask, moved)
                : new TensorToWrite(tensor.Name, tensor.DType, tensor.Sides, tensor.ReadBytes()))]);
        return TextToImage.Load(model.Path, cancellationToken: Cancellation);
    }

    static TensorToWrite Wider(TensorInfo tensor, Func<int, int, float> mask, bool moved)
    {
        float[] from = tensor.ReadFloats(), to = new float[from.Length / 4 * 9]; // [C,4,3,3] -> [C,9,3,3]
        for (int c = 0; c < tensor.Sides[0]; c++)
        {
            from.AsSpan(36 * c, 36).CopyTo(to.AsSpan(81 * c + (moved ? 45 : 0)));
            for (int place = 0; place < 9; place++) to[81 * c + 36 + place] = mask(c, place);
        }
        return new(tensor.Name, DType.F32, [tensor.Sides[0], 9, 3, 3], System.Runtime.InteropServices.MemoryMarshal.AsBytes(to.AsSpan()).ToArray());
    }

    static float[] Last(TextToImage pipeline, GenerateOptions options)
    {
        float[] last = [];
        pipeline.Generate("a red house", options with { OnStep = step => last = step.Values }, Cancellation);
        return last;
    }

    static double Difference(float[] a, float[] b) =>
        Math.Sqrt(a.Zip(b).Sum(pair => Math.Pow(pair.First - pair.Second, 2)) / b.Sum(value => (double)value * value));
}
