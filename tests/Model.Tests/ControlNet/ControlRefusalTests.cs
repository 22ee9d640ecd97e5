using System.Text.Json.Nodes;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.ControlNet;
using PureLcm.Model.Pipelines;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.ControlNet;

/// <summary>What is no ControlNet, or none for this model, is said in one sentence before anything is computed.</summary>
public sealed class ControlRefusalTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("lcm-control-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    static string Refused(params string[] controls)
    {
        var error = Assert.ThrowsAny<PureLcmException>(() => ControlModels.Load(controls).Dispose());
        Assert.DoesNotContain('\n', error.Message);
        return error.Message;
    }

    void Config(string key, string json)
    {
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(ControlModels.Network, "config.json")))!;
        config[key] = JsonNode.Parse(json);
        File.WriteAllText(Path.Combine(folder, "config.json"), config.ToJsonString());
        File.Copy(ControlModels.WeightsFile, Path.Combine(folder, "diffusion_pytorch_model.safetensors"), overwrite: true);
    }

    [Theory]
    [InlineData("cross_attention_dim", "2048", "this ControlNet reads text of width 2048, as Stable Diffusion XL has it, and sd15's UNet of width 32; use a ControlNet that was made for this kind of model")]
    [InlineData("cross_attention_dim", "1024", "reads text of width 1024, as Stable Diffusion 2 has it, and sd15's UNet of width 32;")]
    [InlineData("block_out_channels", "[16, 24, 32, 40]", "this ControlNet has levels of 16, 24, 32, 40 channels with 2, 2, 2, 2 layers, and sd15's UNet of 16, 24, 32, 32 channels with 2, 2, 2, 2 layers;")]
    [InlineData("layers_per_block", "1", "with 1, 1, 1, 1 layers, and sd15's UNet of")]
    [InlineData("in_channels", "9", "takes latents of 9 channels (in_channels), and sd15's have 4;")]
    [InlineData("conditioning_embedding_out_channels", "[8, 16, 24]", "makes its picture 4 times smaller (conditioning_embedding_out_channels), and sd15's VAE 8 times;")]
    [InlineData("conditioning_embedding_out_channels", "[]", "conditioning_embedding_out_channels has 0 numbers")]
    [InlineData("conditioning_channels", "1", "conditioning_channels is 1, which is not supported")]
    [InlineData("controlnet_conditioning_channel_order", "\"hsv\"", "controlnet_conditioning_channel_order is \"hsv\"")]
    [InlineData("mid_block_type", "null", "mid_block_type is null, and a ControlNet has a middle")]
    [InlineData("class_embed_type", "\"timestep\"", "config.json: class_embed_type")]
    [InlineData("addition_embed_type", "\"text_time\"", "config.json: addition_embed_type")]
    [InlineData("_class_name", "\"T2IAdapter\"", "it is of the class T2IAdapter, and no ControlNet; give a ControlNet's folder")]
    public void ConfigsOfOthers(string key, string json, string part)
    {
        Config(key, json);
        string message = Refused(folder);
        Assert.StartsWith(folder, message);
        Assert.Contains(part, message);
    }

    [Fact]
    public void WhatIsNoControlNet()
    {
        Assert.Contains("there is no such file", Refused(Path.Combine(folder, "nowhere")));
        Assert.Contains("it is a whole model (it has a model_index.json), and no ControlNet", Refused(ControlModels.Model));
        Assert.Contains("it is of the class UNet2DConditionModel, and no ControlNet", Refused(Path.Combine(ControlModels.Model, "unet")));
        Assert.Contains("it is a whole UNet, and no ControlNet", Refused(Path.Combine(ControlModels.Model, "unet", "diffusion_pytorch_model.safetensors")));
        Assert.Contains("it is a VAE, and no ControlNet", Refused(Path.Combine(ControlModels.Model, "vae", "diffusion_pytorch_model.safetensors")));
        Assert.Contains("it is a LoRA, and no ControlNet", Refused(Directory.GetFiles(Path.Combine(ControlModels.Model, "loras"), "*.safetensors")[0]));
    }

    [Fact]
    public void AControlNetInAnothersPlaceIsNamed()
    {
        using var backend = new CpuBackend(1);
        var asLora = Assert.ThrowsAny<PureLcmException>(() => TextToImage.Load(ControlModels.Model, new() { Loras = [new(ControlModels.WeightsFile)] }, backend, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("it is a ControlNet, told by \"", asLora.Message);
        Assert.Contains("and no LoRA; give it with --control", asLora.Message);
        foreach (string path in (string[])[ControlModels.Network, ControlModels.WeightsFile])
        {
            var asModel = Assert.ThrowsAny<PureLcmException>(() => TextToImage.Load(path, null, backend, cancellationToken: TestContext.Current.CancellationToken));
            Assert.Contains("this is a ControlNet, which steers a model; give it with --control, and a model's folder", asModel.Message);
        }
    }

    /// <summary>A single file's shapes are compared as a config's fields are.</summary>
    [Fact]
    public void SingleFilesOfOthers()
    {
        string file = Path.Combine(folder, "control.safetensors");
        ControlModels.Rewrite(file, tensor => tensor.Name.StartsWith("down_blocks.0.resnets.1.", StringComparison.Ordinal) ? null : ControlModels.Named(tensor, tensor.Name));
        Assert.Contains("with 1, 2, 2, 2 layers, and sd15's UNet", Refused(file));
        ControlModels.Rewrite(file, tensor => tensor.Name.StartsWith("down_blocks", StringComparison.Ordinal) ? null : ControlModels.Named(tensor, tensor.Name));
        Assert.Contains("its tensors are not those of a whole ControlNet", Refused(file));
        ControlModels.Rewrite(file, tensor => tensor.Name == "controlnet_mid_block.bias" ? null : ControlModels.Named(tensor, tensor.Name));
        Assert.Contains("tensor controlnet_mid_block.bias is missing", Refused(file));
        ControlModels.Rewrite(file, tensor => tensor.Name.EndsWith("attn2.to_k.weight", StringComparison.Ordinal)
            ? new(tensor.Name, tensor.DType, [tensor.Sides[0], 768], new byte[2 * tensor.Sides[0] * 768]) : ControlModels.Named(tensor, tensor.Name));
        Assert.Contains("reads text of width 768, as Stable Diffusion 1 has it, and sd15's UNet of width 32", Refused(file));
    }

    [Theory]
    [InlineData(0, 0.5, 0.5, 1, "a ControlNet can't act from 0.5 to 0.5 of the steps")]
    [InlineData(0, 0.5, 0.2, 1, "a ControlNet can't act from 0.5 to 0.2 of the steps")]
    [InlineData(0, -0.1, 1, 1, "a ControlNet can't act from -0.1 to 1")]
    [InlineData(0, 0, 1.5, 1, "a ControlNet can't act from 0 to 1.5")]
    [InlineData(0, double.NaN, 1, 1, "a ControlNet can't act from NaN to 1")]
    [InlineData(0, 0, 1, double.PositiveInfinity, "a ControlNet's scale of Infinity can't be meant")]
    [InlineData(1, 0, 1, 1, "there is no ControlNet 1 among the 1 that the model was loaded with")]
    public void ImpossibleChoices(int network, double start, double end, double scale, string part)
    {
        using var pipeline = ControlModels.Load(ControlModels.Network);
        var choice = new ControlChoice(ControlModels.Picture) { Network = network, Start = start, End = end, Scale = scale };
        Assert.Contains(part, Assert.Throws<ChoiceException>(() => pipeline.Resolve(new() { Controls = [choice] })).Message);
    }

    /// <summary>A field that nobody follows is said when the model is loaded.</summary>
    [Fact]
    public void UnknownFieldsAreSaid()
    {
        using (var pipeline = ControlModels.Load(ControlModels.Network)) Assert.DoesNotContain(pipeline.Notices, notice => notice.Contains("controlnet", StringComparison.OrdinalIgnoreCase));
        Config("some_new_field", "3");
        using var other = ControlModels.Load(folder);
        Assert.Contains(other.Notices, notice => notice.Contains("\"some_new_field\" is a field that this version doesn't know", StringComparison.Ordinal));
    }
}
