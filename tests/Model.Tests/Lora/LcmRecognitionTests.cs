using PureLcm.Kernels.Cpu;
using PureLcm.Model.Lora;
using PureLcm.Model.Pipelines;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.Lora;

/// <summary>LCM-LoRAs are told by what is in them.</summary>
public sealed class LcmRecognitionTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("PureLcm lcm ").FullName; // a name that must decide nothing

    public void Dispose() => Directory.Delete(folder, recursive: true);

    static string Picturebook(string lora) => Path.Combine(Repository.Picturebook, "loras", lora + ".safetensors");

    static string Sd15(string lora) => Path.Combine(Repository.Golden, "models", "sd15", "loras", lora + ".safetensors");

    string Copy(string of, string name)
    {
        string path = Path.Combine(folder, name + ".safetensors");
        File.Copy(of, path, overwrite: true);
        return path;
    }

    /// <summary>The same tensors with other metadata, or some of them.</summary>
    string Rewrite(string of, string name, Dictionary<string, string>? metadata, Func<string, bool>? keep = null)
    {
        string path = Path.Combine(folder, name + ".safetensors");
        using var file = SafetensorsFile.Open(of);
        SafetensorsWriter.Write(path, file.Tensors.Values.Where(tensor => keep?.Invoke(tensor.Name) ?? true)
            .Select(tensor => new TensorToWrite(tensor.Name, tensor.DType, tensor.Sides, tensor.ReadBytes())), metadata);
        return path;
    }

    [Fact]
    public void TheContentsDecide()
    {
        Assert.True(LcmRecognition.Of(Picturebook("lcm")).IsLcm);
        Assert.True(LcmRecognition.Of(Sd15("lcm_kohya")).IsLcm);
        Assert.True(LcmRecognition.Of(Sd15("lcm_peft")).IsLcm);
        foreach (string style in (string[])[Picturebook("cyanotype"), Picturebook("nocturne"), Sd15("style_peft"), Sd15("style_kohya"), Sd15("style_diffusers")])
            Assert.False(LcmRecognition.Of(style).IsLcm);
    }

    [Theory]
    [InlineData("pytorch_lora_weights")]
    [InlineData("style")]
    public void AnLcmLoraUnderAnyNameIsOne(string name)
    {
        var verdict = LcmRecognition.Of(Copy(Picturebook("lcm"), name));
        Assert.True(verdict.IsLcm);
        Assert.False(verdict.IsNamed);
        Assert.StartsWith($"{verdict.Path} is taken for an LCM-LoRA: it changes all of the UNet", verdict.Reason);
    }

    [Theory]
    [InlineData("style", false)]
    [InlineData("calcmood", false)]
    [InlineData("PureLcm", false)]
    [InlineData("elcm", false)]
    [InlineData("lcm", true)]
    [InlineData("LCM_4steps", true)]
    [InlineData("my-lcm-lora-sdv1-5", true)]
    [InlineData("cat lcm4", true)]
    public void WhereTheContentsLeaveItOpenAWholeWordOfTheNameDecides(string name, bool lcm)
    {
        var verdict = LcmRecognition.Of(Copy(Picturebook("cyanotype"), name));
        Assert.Equal(lcm, verdict.IsLcm);
        Assert.Contains(lcm ? $"taken for an LCM-LoRA by its name, {name}" : "not taken for an LCM-LoRA", verdict.Reason);
    }

    [Fact]
    public void TheTitleInTheHeaderIsANameToo()
    {
        Assert.True(LcmRecognition.Of(Rewrite(Picturebook("cyanotype"), "a", new() { ["modelspec.title"] = "SD 1.5 LCM" })).IsLcm);
        Assert.True(LcmRecognition.Of(Rewrite(Picturebook("cyanotype"), "b", new() { ["ss_output_name"] = "lcm_lora" })).IsLcm);
        Assert.False(LcmRecognition.Of(Rewrite(Picturebook("cyanotype"), "c", new() { ["modelspec.title"] = "calcmood", ["comment"] = "lcm" })).IsLcm);
    }

    [Fact]
    public void ANameDoesntOverruleTheContents()
    {
        var text = LcmRecognition.Of(Copy(Sd15("style_kohya"), "lcm"));
        Assert.False(text.IsLcm);
        Assert.True(text.IsNamed);
        Assert.Contains("though its name, lcm, has the word: it changes the text encoder", text.Reason);
        // A style that was trained on every layer: kohya's trainer says what pictures it saw.
        var pictures = LcmRecognition.Of(Rewrite(Sd15("lcm_kohya"), "locon", new() { ["ss_dataset_dirs"] = """{"10_cat": {"img_count": 20}}""" }));
        Assert.False(pictures.IsLcm);
        Assert.Contains("trained on a set of pictures", pictures.Reason);
        Assert.True(LcmRecognition.Of(Rewrite(Sd15("lcm_kohya"), "merged", new() { ["ss_dataset_dirs"] = "{}", ["ss_network_dim"] = "64" })).IsLcm);
    }

    [Fact]
    public void APartOfTheUNetIsNotEnough()
    {
        Assert.False(LcmRecognition.Of(Rewrite(Sd15("lcm_peft"), "a", null, key => !key.Contains("time_emb_proj"))).IsLcm);
        Assert.False(LcmRecognition.Of(Rewrite(Sd15("lcm_peft"), "b", null, key => !key.Contains("conv"))).IsLcm);
    }

    [Fact]
    public void AnOpenFileGetsTheSameVerdict()
    {
        using var backend = new CpuBackend(threads: 1);
        using var pipeline = TextToImage.Load(Repository.Picturebook, new() { Loras = [new(Picturebook("cyanotype"))] }, backend, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(2, pipeline.Model.Loras.Count);
        foreach (var lora in pipeline.Model.Loras) Assert.Equal(LcmRecognition.Of(lora.File.Path), lora.Lcm);
    }

    [Fact]
    public void TheModelsOwnLcmLoraActsOnce()
    {
        var own = new LoraChoice(Picturebook("lcm"));
        var style = new LoraChoice(Picturebook("cyanotype"), 0.5f);
        Assert.Equal([own, style], LcmRecognition.WithOwn(own, [style], out string? notice));
        Assert.Null(notice);

        var copy = new LoraChoice(Copy(own.Path, "pytorch_lora_weights"), 0.7f);
        Assert.Equal([copy, style], LcmRecognition.WithOwn(own, [style, copy], out notice));
        Assert.Equal($"{copy.Path} is the model's own LCM-LoRA, which is on already: it acts once, not twice", notice);
        Assert.Equal([own], LcmRecognition.WithOwn(own, [own], out notice));
        Assert.NotNull(notice);
    }

    [Fact]
    public void OnlyTheSameBytesAreTheSame()
    {
        string copy = Copy(Picturebook("lcm"), "copy"), other = Copy(Picturebook("lcm"), "other");
        Assert.True(LcmRecognition.HaveSameBytes(Picturebook("lcm"), copy));
        using (var file = File.OpenWrite(other))
        {
            file.Seek(-1, SeekOrigin.End);
            file.WriteByte(77);
        }
        Assert.False(LcmRecognition.HaveSameBytes(Picturebook("lcm"), other));
        Assert.False(LcmRecognition.HaveSameBytes(Picturebook("lcm"), Picturebook("cyanotype")));
        Assert.False(LcmRecognition.HaveSameBytes(Picturebook("lcm"), Path.Combine(folder, "none")));
    }

    [Fact]
    public void LoadingSaysWhatWasDecided()
    {
        using var backend = new CpuBackend(threads: 1);
        TextToImage Load(bool lcm, params LoraChoice[] loras) => TextToImage.Load(Repository.Picturebook, new() { Lcm = lcm, Loras = loras }, backend, cancellationToken: TestContext.Current.CancellationToken);

        using (var style = Load(false, new LoraChoice(Copy(Picturebook("cyanotype"), "calcmood"))))
        {
            Assert.False(style.IsLatentConsistency);
            Assert.Empty(style.Notices);
        }
        using (var lcm = Load(false, new LoraChoice(Copy(Picturebook("lcm"), "pytorch_lora_weights"))))
        {
            Assert.True(lcm.IsLatentConsistency);
            string notice = Assert.Single(lcm.Notices);
            Assert.Contains("is taken for an LCM-LoRA: ", notice);
            Assert.EndsWith("; --scheduler, --steps and --guidance change what follows from it", notice);
        }
        using (var twice = Load(true, new LoraChoice(Picturebook("lcm"))))
        {
            Assert.Single(twice.Model.Loras);
            Assert.Contains("acts once, not twice", Assert.Single(twice.Notices));
        }
        using (var off = Load(false, new LoraChoice(Picturebook("lcm"), 0))) Assert.False(off.IsLatentConsistency);
    }
}
