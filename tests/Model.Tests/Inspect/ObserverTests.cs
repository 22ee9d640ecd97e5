using System.Text.Json;
using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.Inspect;
using PureLcm.Model.Layers;
using PureLcm.Model.Pipelines;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.Inspect;

/// <summary>Who looks sees every module by diffusers' name, and changes nothing by looking; who changes gets what torch's hooks give.</summary>
public sealed class ObserverTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// Every module whose parameters are in the model's files is shown, and those above it, except lists, which torch never calls
    /// either.
    /// </summary>
    [Theory]
    [InlineData("sd15")]
    [InlineData("bksdm")]
    [InlineData("taesd")]
    public void EveryModuleIsShown(string model)
    {
        string folder = Path.Combine(Repository.Golden, "models", model);
        using var backend = new CpuBackend();
        var seen = new HashSet<string>();
        var observer = Observer.Of((module, _) => seen.Add(module));
        using var modules = new ModuleTable();
        if (File.Exists(Path.Combine(folder, "model_index.json")))
        {
            using var pipeline = TextToImage.Load(folder, new() { Lcm = false }, backend, cancellationToken: Cancellation);
            pipeline.Generate("a", new() { Steps = 1, Guidance = 1, Width = 64, Height = 64, Observer = observer }, Cancellation);
            Encode(pipeline.Model.Vae);
            Assert.Contains("text_encoder.text_model", seen);
            Assert.Contains("unet", seen);
        }
        else
        {
            var vae = Networks.LoadVae(Path.Combine(folder, "vae"), backend, modules);
            Encode(vae);
            using var run = new Run(backend, observer, cancellationToken: Cancellation);
            var latent = run.Allocate(Shape.Image(1, 4, 4, vae.LatentChannels));
            backend.Fill(latent, 0.5f);
            vae.Decode(run, latent);
        }
        Assert.Contains("vae.decoder", seen);

        var missing = new SortedSet<string>(StringComparer.Ordinal);
        foreach (string component in (string[])["text_encoder", "unet", "vae"])
        {
            if (!Directory.Exists(Path.Combine(folder, component))) continue;
            using var files = ComponentFolder.Open(Path.Combine(folder, component)).OpenWeights();
            foreach (string name in files.Tensors.Keys)
                for (int dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1))
                    if (!IsList(name[..dot], name[(dot + 1)..]) && !seen.Contains($"{component}.{name[..dot]}")) missing.Add($"{component}.{name[..dot]}");
        }
        Assert.Empty(missing);

        void Encode(Vae.IAutoencoder vae)
        {
            using var run = new Run(backend, observer, cancellationToken: Cancellation);
            var picture = run.Allocate(Shape.Image(1, 32, 32, 3));
            backend.Fill(picture, 0.5f);
            vae.Encode(run, picture);
        }

        // torch's ModuleList has numbered children and no forward; its Sequential, which the tiny autoencoder is made of, has both.
        static bool IsList(string path, string rest) => char.IsAsciiDigit(rest[0])
            && path.Split('.')[^1] is "down_blocks" or "up_blocks" or "resnets" or "attentions" or "transformer_blocks" or "downsamplers" or "upsamplers" or "to_out" or "net"
            || path.EndsWith("encoder.layers", StringComparison.Ordinal) && path.StartsWith("text_model", StringComparison.Ordinal);
    }

    /// <summary>A fused operation stores what is in its middle from the same arithmetic.</summary>
    [Fact]
    public void AWatchedRunIsBitForBitTheUnwatchedOne()
    {
        using var pipeline = TextToImage.Load(Repository.Picturebook, cancellationToken: Cancellation);
        var options = new GenerateOptions { Steps = 2, Seed = 3 };
        var plain = pipeline.Generate("a red house", options, Cancellation);
        int count = 0;
        var watched = pipeline.Generate("a red house", options with { Observer = Observer.Of((_, _) => count++) }, Cancellation);
        Assert.True(count > 500, $"{count} outputs were shown");
        Assert.Equal(plain.Rgb, watched.Rgb);
    }

    /// <summary>tests/golden/inside: probabilities by module, computed in double by plain torch.</summary>
    [Fact]
    public void AttentionsProbabilitiesAreTorchs()
    {
        using var golden = SafetensorsFile.Open(Path.Combine(Repository.Golden, "inside", "attention.safetensors"));
        var seen = new Dictionary<string, (int Heads, Recorded Values)>();
        float[] watched = RunUnet(new Probabilities(golden.Tensors.Keys.Select(name => "unet." + name).ToHashSet(), seen));
        Assert.Equal(golden.Tensors.Count, seen.Count);
        foreach (string name in golden.Tensors.Keys)
        {
            var (heads, ours) = seen["unet." + name];
            int[] sides = golden.Find(name).Sides; // [N, heads, queries, keys]
            Assert.Equal([sides[0], sides[1] * sides[2], sides[3]], ours.Sides);
            Assert.Equal(sides[1], heads);
            AssertClose(golden.ReadFloats(name), ours.Values, name);
        }
        AssertClose(RunUnet(null), watched, "the output, in two operations", 3e-6);
    }

    /// <summary>tests/golden/inside: the UNet's output when one module's output is scaled, zeroed, clamped, added to; or a head is off.</summary>
    [Fact]
    public void EditsDoWhatTorchsHooksDo()
    {
        using var golden = SafetensorsFile.Open(Path.Combine(Repository.Golden, "inside", "edits.safetensors"));
        AssertClose(golden.ReadFloats("unedited"), RunUnet(null), "unedited");
        using var edits = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Repository.Golden, "inside", "edits.json")));
        int tried = 0;
        foreach (var edit in edits.RootElement.EnumerateArray())
        {
            string name = edit.GetProperty("name").GetString()!, module = "unet." + edit.GetProperty("module").GetString();
            float[] changed = RunUnet(new Editor(module, edit));
            AssertClose(golden.ReadFloats(name), changed, name);
            tried++;
        }
        Assert.Equal(7, tried);
    }

    /// <summary>Every kind of fusion comes apart: a copy of a module's output in its own place gives the same as nothing.</summary>
    [Theory]
    [InlineData("unet.down_blocks.0.resnets.0.norm1")]
    [InlineData("unet.down_blocks.0.resnets.0.nonlinearity")]
    [InlineData("unet.down_blocks.0.resnets.0.conv1")]
    [InlineData("unet.down_blocks.0.resnets.0.conv2")]
    [InlineData("unet.down_blocks.0.resnets.0.time_emb_proj")]
    [InlineData("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_k")]
    [InlineData("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_out.0")]
    [InlineData("unet.down_blocks.0.attentions.0.transformer_blocks.0.ff.net.0.proj")]
    [InlineData("unet.down_blocks.0.attentions.0.transformer_blocks.0.ff")]
    [InlineData("unet.time_embedding.linear_1")]
    [InlineData("unet.conv_norm_out")]
    public void UnfusedIsTheSameArithmetic(string module)
    {
        int copied = 0;
        AssertClose(RunUnet(null), RunUnet(new Copier(module, () => copied++)), module, 3e-6);
        Assert.True(copied > 0, $"{module} was not shown");
    }

    /// <summary>Whoever gives another output without having said so gets an error, not a run in which it has half of an effect.</summary>
    [Fact]
    public void AnUnannouncedChangeIsAnError() =>
        Assert.Contains("Observer.Changes", Assert.Throws<InvalidOperationException>(() => RunUnet(new Unannounced())).Message);

    static float[] RunUnet(Observer? observer)
    {
        string folder = Path.Combine(Repository.Golden, "models", "sd15");
        using var backend = new CpuBackend();
        using var model = LoadedModel.Load(FolderSource.Open(folder), backend, new() { Lcm = false }, cancellationToken: Cancellation);
        using var inputs = SafetensorsFile.Open(Path.Combine(Repository.Golden, "cases", "sd15", "unet.safetensors"));
        using var run = new Run(backend, observer, cancellationToken: Cancellation);
        int[] sides = inputs.Find("sample").Sides, context = inputs.Find("encoder_hidden_states").Sides;
        Tensor x = run.Allocate(Shape.Image(sides[0], sides[2], sides[3], sides[1])), words = run.Allocate(Shape.Tokens(context[0], context[1], context[2]));
        backend.UploadTorch(inputs.ReadFloats("sample"), x);
        backend.UploadTorch(inputs.ReadFloats("encoder_hidden_states"), words);
        return backend.DownloadTorch(model.Unet.Forward(run, x, [.. Enumerable.Repeat(inputs.ReadFloats("timestep")[0], sides[0])], words));
    }

    static void AssertClose(float[] expected, float[] ours, string what, double tolerance = PureLcm.Verification.Comparison.NetworkTolerance)
    {
        Assert.Equal(expected.Length, ours.Length);
        double difference = 0, norm = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            difference += Math.Pow((double)ours[i] - expected[i], 2);
            norm += Math.Pow(expected[i], 2);
        }
        Assert.True(Math.Sqrt(difference / norm) <= tolerance, $"{what}: relative error {Math.Sqrt(difference / norm):e2}");
    }

    sealed class Probabilities(HashSet<string> wanted, Dictionary<string, (int, Recorded)> into) : Observer
    {
        public override bool Wants(string module) => false;

        public override bool WantsAttention(string module) => wanted.Contains(module);

        public override Tensor? See(string module, Tensor output) => null;

        public override Tensor? SeeAttention(string module, Tensor probabilities, int heads)
        {
            into.Add(module, (heads, new(probabilities.Shape.TorchSides(), probabilities.Backend.DownloadTorch(probabilities))));
            return null;
        }
    }

    sealed class Editor(string edited, JsonElement edit) : Observer
    {
        readonly string what = edit.GetProperty("do").GetString()!;

        public override bool Wants(string module) => false;

        public override bool Changes(string module) => what != "ablate_head" && module == edited;

        public override bool WantsAttention(string module) => what == "ablate_head" && module == edited;

        public override Tensor? See(string module, Tensor output)
        {
            var values = new float[output.Shape.Count];
            output.Backend.Download(output, values);
            int channels = output.Shape.C;
            for (int i = 0; i < values.Length; i++)
                values[i] = what switch
                {
                    "scale" => values[i] * edit.GetProperty("value").GetSingle(),
                    "zero" => 0,
                    "clamp" => Math.Clamp(values[i], edit.GetProperty("low").GetSingle(), edit.GetProperty("high").GetSingle()),
                    "add" => values[i] - 1 + 2f * (i % channels) / (channels - 1), // linspace(-1, 1) over the channels
                    _ => throw new NotSupportedException(what),
                };
            return Uploaded(output, values);
        }

        public override Tensor? SeeAttention(string module, Tensor probabilities, int heads)
        {
            // A head whose probabilities are 0 gives 0.
            var values = new float[probabilities.Shape.Count];
            probabilities.Backend.Download(probabilities, values);
            int perHead = values.Length / probabilities.Shape.N / heads;
            for (int n = 0; n < probabilities.Shape.N; n++)
                values.AsSpan((n * heads + edit.GetProperty("head").GetInt32()) * perHead, perHead).Clear();
            return Uploaded(probabilities, values);
        }
    }

    sealed class Copier(string copied, Action count) : Observer
    {
        public override bool Wants(string module) => false;

        public override bool Changes(string module) => module == copied;

        public override Tensor? See(string module, Tensor output)
        {
            count();
            var values = new float[output.Shape.Count];
            output.Backend.Download(output, values);
            return Uploaded(output, values);
        }
    }

    sealed class Unannounced : Observer
    {
        public override Tensor? See(string module, Tensor output) => module == "unet.conv_in" ? Uploaded(output, new float[output.Shape.Count]) : null;
    }

    static Tensor Uploaded(Tensor like, float[] values)
    {
        var tensor = like.Backend.Allocate(like.Shape, like.Type);
        like.Backend.Upload(values, tensor);
        return tensor;
    }
}
