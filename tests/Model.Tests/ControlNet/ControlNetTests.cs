using System.Text.Json.Nodes;
using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.ControlNet;
using PureLcm.Model.Inspect;
using PureLcm.Model.Layers;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Schedulers;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.ControlNet;

/// <summary>What acts when, and how it adds up. Whether it is right is for the reference case to say.</summary>
public sealed class ControlNetTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("lcm-control-").FullName;

    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    static ControlChoice Follow(double scale = 1, double start = 0, double end = 1, int network = 0) =>
        new(ControlModels.Picture) { Scale = scale, Start = start, End = end, Network = network };

    [Fact]
    public void OneThatDoesNotActChangesNoBit()
    {
        using var alone = ControlModels.Load();
        using var beside = ControlModels.Load(ControlModels.Network);
        byte[] plain = ControlModels.Generate(alone);
        Assert.Equal(plain, ControlModels.Generate(beside));
        Assert.Equal(plain, ControlModels.Generate(beside, Follow(scale: 0)));
        Assert.Equal(plain, ControlModels.Generate(beside, Follow(start: 0.9, end: 0.95)));
        Assert.NotEqual(plain, ControlModels.Generate(beside, Follow()));
        Assert.NotEqual(plain, ControlModels.Generate(beside, Follow(end: 0.25)));
        Assert.NotEqual(ControlModels.Generate(beside, Follow()), ControlModels.Generate(beside, Follow(scale: 0.5)));
    }

    /// <summary>Step i of n is on unless i / n &lt; start or (i + 1) / n > end, as in diffusers.</summary>
    [Theory]
    [InlineData(0, 1, 4, "++++")]
    [InlineData(0, 0.5, 4, "++--")]
    [InlineData(0.5, 1, 4, "--++")]
    [InlineData(0.3, 0.8, 4, "--+-")]
    [InlineData(0, 0.8, 5, "++++-")]
    [InlineData(0.1, 0.2, 4, "----")]
    public void StepsInWhichItActs(double start, double end, int steps, string acts)
    {
        Assert.Equal(acts, string.Concat(Enumerable.Range(0, steps).Select(i => Follow(start: start, end: end).ActsIn(i, steps) ? '+' : '-')));
        // And those are the steps in which it is computed.
        using var pipeline = ControlModels.Load(ControlModels.Network);
        var computed = new List<char>();
        var observer = Observer.Of((module, _) => { if (module == "unet.conv_in") computed.Add('-'); else if (module == "controlnet.conv_in") computed.Add('+'); });
        pipeline.Generate("a", new() { Steps = steps, Width = 64, Height = 64, Seed = 1, Controls = [Follow(start: start, end: end)], Observer = observer }, Cancellation);
        Assert.Equal(acts, string.Concat(computed).Replace("+-", "+", StringComparison.Ordinal));
    }

    /// <summary>
    /// diffusers' pipelines without ControlNets take steps_offset for 1 whatever the scheduler's configuration says; with them they
    /// take its word, which is 0 here.
    /// </summary>
    [Fact]
    public void TheSchedulersConfigurationIsTakenAtItsWord()
    {
        using var pipeline = ControlModels.Load(ControlModels.Network);
        float[] Timesteps(params ControlChoice[] controls)
        {
            var timesteps = new List<float>();
            pipeline.Generate("a", new()
            {
                Steps = 2, Guidance = 1, Width = 64, Height = 64, Seed = 1, Scheduler = SchedulerKind.Ddim, Controls = controls, OnStep = step => timesteps.Add(step.Timestep),
            }, Cancellation);
            return [.. timesteps];
        }

        Assert.Equal([501, 1], Timesteps());
        Assert.Equal([500, 0], Timesteps(Follow()));
    }

    [Fact]
    public void SeveralAddUp()
    {
        using var pipeline = ControlModels.Load(ControlModels.Network, ControlModels.Network);
        byte[] whole = ControlModels.Generate(pipeline, 2, Follow());
        byte[] halves = ControlModels.Generate(pipeline, 2, Follow(0.5), Follow(0.5, network: 1));
        Assert.All(whole.Zip(halves), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
        Assert.NotEqual(whole, ControlModels.Generate(pipeline, 2, Follow(), Follow(network: 1)));
    }

    /// <summary>The observer sees its modules by diffusers' names; several are "nets" of a MultiControlNetModel.</summary>
    [Fact]
    public void ItsModulesHaveDiffusersNames()
    {
        string[] Seen(params string[] controls)
        {
            using var pipeline = ControlModels.Load(controls);
            var seen = new List<string>();
            pipeline.Generate("a", new()
            {
                Steps = 1, Width = 64, Height = 64, Seed = 1, Observer = Observer.Of((module, _) => seen.Add(module)),
                Controls = [.. controls.Select((_, i) => Follow(network: i))],
            }, Cancellation);
            return [.. seen.Where(module => module.StartsWith("controlnet", StringComparison.Ordinal))];
        }

        string[] one = Seen(ControlModels.Network);
        Assert.Contains("controlnet.controlnet_cond_embedding.blocks.5", one);
        Assert.Contains("controlnet.down_blocks.1.attentions.0.transformer_blocks.0.attn2", one);
        Assert.Contains("controlnet.mid_block", one);
        Assert.Contains("controlnet.controlnet_down_blocks.11", one);
        Assert.Contains("controlnet.controlnet_mid_block", one);
        string[] two = Seen(ControlModels.Network, ControlModels.Network);
        Assert.Equal(one.Select(name => name.Replace("controlnet.", "controlnet.nets.1.", StringComparison.Ordinal)),
            two.Where(name => name.StartsWith("controlnet.nets.1.", StringComparison.Ordinal)).Select(name => name));
    }

    /// <summary>Watching changes nothing, and giving the ControlNet's output away does.</summary>
    [Fact]
    public void WatchingIsBitIdenticalAndItsOutputCanBeChanged()
    {
        using var pipeline = ControlModels.Load(ControlModels.Network);
        byte[] Make(Observer? observer) => pipeline.Generate("a", new() { Steps = 2, Width = 64, Height = 64, Seed = 1, Controls = [Follow()], Observer = observer }, Cancellation).Rgb;
        byte[] unwatched = Make(null);
        Assert.Equal(unwatched, Make(Observer.Of((_, _) => { })));
        Assert.NotEqual(unwatched, Make(new Doubling("controlnet.controlnet_mid_block")));
    }

    /// <summary>With a negative prompt both passes are steered, and nothing stays allocated.</summary>
    [Fact]
    public void BothPassesAreSteeredAndAllMemoryComesBack()
    {
        using var backend = new CpuBackend(1);
        using (var pipeline = TextToImage.Load(ControlModels.Model, new() { Lcm = false, Controls = [ControlModels.Network] }, backend, cancellationToken: Cancellation))
        {
            Assert.NotEqual(ControlModels.Generate(pipeline, 4), ControlModels.Generate(pipeline, 4, Follow()));
            int batch = 0;
            pipeline.Generate("a", new()
            {
                Steps = 1, Guidance = 4, Width = 64, Height = 64, Seed = 1, Controls = [Follow()],
                Observer = Observer.Of((module, output) => batch = module == "controlnet.mid_block" ? output.Shape.N : batch),
            }, Cancellation);
            Assert.Equal(2, batch);
            using var stop = new CancellationTokenSource();
            var cancelling = Observer.Of((module, _) => { if (module.StartsWith("controlnet.mid", StringComparison.Ordinal)) stop.Cancel(); });
            Assert.ThrowsAny<OperationCanceledException>(() => pipeline.Generate("a", new() { Width = 64, Height = 64, Controls = [Follow()], Observer = cancelling }, stop.Token));
            Assert.Equal(0, backend.BytesInUse);
        }
    }

    /// <summary>One that is pooled adds the same at every pixel, and to the prompt's pass alone.</summary>
    [Fact]
    public void APooledOneSaysWhatAndNotWhere()
    {
        Copy(new() { ["global_pool_conditions"] = true });
        using var pipeline = ControlModels.Load(folder);
        var network = pipeline.Model.Controls[0];
        using var run = new Run(pipeline.Backend, cancellationToken: Cancellation);
        var x = run.Allocate(Shape.Image(2, 8, 8, 4));
        run.Backend.Upload([.. Enumerable.Range(0, 512).Select(i => MathF.Sin(i))], x);
        var words = run.Allocate(Shape.Tokens(2, 5, 32));
        run.Backend.Upload([.. Enumerable.Range(0, 320).Select(i => MathF.Cos(i))], words);
        using var controls = ActiveControls.Embed(run, [network], [Follow()], 64, 64, passes: 2);
        var given = controls.At(run, 0, 1, x, [500, 500], words).Single();
        Assert.All(given.Down.Append(given.Middle), residual => Assert.Equal((1, 1), (residual.Shape.N, residual.Shape.T)));

        // The mean of what one gives that isn't pooled.
        using var plain = ControlModels.Load(ControlModels.Network);
        using var otherRun = new Run(plain.Backend, cancellationToken: Cancellation);
        Tensor x2 = otherRun.Allocate(x.Shape), words2 = otherRun.Allocate(words.Shape);
        otherRun.Backend.Upload([.. Enumerable.Range(0, 512).Select(i => MathF.Sin(i))], x2);
        otherRun.Backend.Upload([.. Enumerable.Range(0, 320).Select(i => MathF.Cos(i))], words2);
        using var unpooled = ActiveControls.Embed(otherRun, plain.Model.Controls, [Follow()], 64, 64, passes: 2);
        var full = unpooled.At(otherRun, 0, 1, x2, [500, 500], words2).Single().Down[0];
        float[] values = otherRun.Backend.DownloadTorch(full.Batch(1)), mean = run.Backend.DownloadTorch(given.Down[0]);
        int pixels = full.Shape.T;
        for (int c = 0; c < mean.Length; c++) Assert.InRange(mean[c] / values.AsSpan(c * pixels, pixels).ToArray().Average(), 0.99999f, 1.00001f);
        using (var frame = run.Enter("sum"))
        {
            var skip = run.Allocate(full.Shape);
            run.Backend.Upload(new float[skip.Shape.Count], skip);
            given.AddTo(run, skip, given.Down[0]);
            Assert.All(run.Backend.DownloadTorch(skip.Batch(0)), value => Assert.Equal(0, value));
            float[] sums = run.Backend.DownloadTorch(skip.Batch(1));
            for (int i = 0; i < sums.Length; i++) Assert.Equal(mean[i / pixels], sums[i]);
        }
    }

    /// <summary>The picture is embedded before the steps, and what goes wrong there is found there.</summary>
    [Fact]
    public void TheModuleThatGivesNoNumbersIsNamed()
    {
        string file = Path.Combine(folder, "control.safetensors");
        ControlModels.Rewrite(file, tensor => tensor.Name != "controlnet_cond_embedding.blocks.1.bias" ? ControlModels.Named(tensor, tensor.Name)
            : new(tensor.Name, tensor.DType, tensor.Sides, [.. Enumerable.Repeat<byte>(0x7E, (int)(2 * tensor.Count))])); // a NaN of fp16 is 7E7E
        using var pipeline = ControlModels.Load(file);
        var error = Assert.Throws<ModelException>(() => ControlModels.Generate(pipeline, Follow()));
        Assert.Contains("the first module with such values is controlnet.controlnet_cond_embedding.blocks.1.", error.Message);
    }

    /// <summary>Blue first is the other picture's result.</summary>
    [Fact]
    public void ColoursInTheOrderThatTheConfigSays()
    {
        Copy(new() { ["controlnet_conditioning_channel_order"] = "bgr" });
        byte[] swapped = [.. ControlModels.Picture.Rgb.Chunk(3).SelectMany(pixel => pixel.Reverse())];
        using ControlNetPair pair = new(ControlModels.Load(ControlModels.Network), ControlModels.Load(folder));
        byte[] blueFirst = ControlModels.Generate(pair.Other, Follow());
        Assert.NotEqual(ControlModels.Generate(pair.One, Follow()), blueFirst);
        Assert.Equal(ControlModels.Generate(pair.One, Follow() with { Picture = new(64, 64, swapped) }), blueFirst);
    }

    /// <summary>A single file without a config, in diffusers' names or its author's, is the same network.</summary>
    [Theory]
    [InlineData("diffusers")]
    [InlineData("author")]
    [InlineData("author without a prefix")]
    [InlineData("author beside a whole model")]
    public void ASingleFileIsTheSameNetwork(string names)
    {
        string file = Path.Combine(folder, "control.safetensors");
        ControlModels.Rewrite(file, tensor => ControlModels.Named(tensor, names switch
        {
            "diffusers" => tensor.Name,
            "author without a prefix" => ControlModels.AuthorsName(tensor.Name)["control_model.".Length..],
            _ => ControlModels.AuthorsName(tensor.Name),
        }), names == "author beside a whole model" ? [new("model.diffusion_model.input_blocks.0.0.weight", DType.F16, [1], new byte[2])] : []);
        using ControlNetPair pair = new(ControlModels.Load(ControlModels.Network), ControlModels.Load(file));
        Assert.Equal(ControlModels.Generate(pair.One, Follow()), ControlModels.Generate(pair.Other, Follow()));
    }

    void Copy(JsonObject changes)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(ControlModels.Network, "config.json")))!;
        foreach (var (key, value) in changes) config[key] = value?.DeepClone();
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        File.Copy(ControlModels.WeightsFile, Path.Combine(folder, "diffusion_pytorch_model.safetensors"));
    }

    sealed record ControlNetPair(TextToImage One, TextToImage Other) : IDisposable
    {
        public void Dispose()
        {
            One.Dispose();
            Other.Dispose();
        }
    }

    /// <summary>Doubles the output of one module.</summary>
    sealed class Doubling(string module) : Observer
    {
        public override bool Wants(string name) => name == module;

        public override bool Changes(string name) => name == module;

        public override Tensor? See(string name, Tensor output)
        {
            output.Backend.Combine(output, new Term(2, output));
            return output;
        }
    }
}
