using System.Text.Json.Nodes;
using PureLcm.Model.Tests;

namespace PureLcm.Lcm.Tests;

/// <summary>Models and files that the program can't take: exit code 1, one sentence with the file's name, no picture.</summary>
public sealed class RefusalTests : IDisposable
{
    readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    void Refused(string part, params string[] arguments)
    {
        string[] before = folder.Names();
        var refused = Program.RunIn(folder.Path, arguments);
        Assert.True(refused.Code == 1, refused.Output + refused.Error);
        Assert.StartsWith("lcm: ", refused.Error);
        Assert.Contains(part, refused.Error);
        Assert.Single(refused.Error.TrimEnd().Split('\n'));
        Assert.Empty(refused.Output);
        Assert.Equal(before, folder.Names());
    }

    [Theory]
    [InlineData("generate a --model nowhere", "nowhere: there is no such folder")]
    [InlineData("generate a --model empty", "empty: it has no model_index.json")]
    [InlineData("generate a --model file.png", "file.png: this is a file")]
    [InlineData("generate a --lora nowhere.safetensors", "nowhere.safetensors: ")]
    [InlineData("generate a --lora file.png", "file.png: ")]
    [InlineData("compare a --model nowhere", "nowhere: there is no such folder")]
    [InlineData("again nowhere.png", "nowhere.png: there is no such file")]
    [InlineData("again empty", "empty: it is a folder")]
    [InlineData("again file.png", "file.png: it is no picture that this program reads")]
    [InlineData("info nowhere", "nowhere")]
    [InlineData("verify nowhere", "nowhere: there is no folder cases in it")]
    [InlineData("verify empty", "empty: there is no folder cases in it")]
    public void WhatIsNotThere(string arguments, string part)
    {
        Directory.CreateDirectory(folder["empty"]);
        File.WriteAllText(folder["file.png"], "this is no picture and no model");
        Refused(part, arguments.Split(' '));
    }

    /// <summary>Each field that would be another network, and is not silently left out.</summary>
    [Theory]
    [InlineData("model_index.json", "_class_name", "\"StableDiffusionXLPipeline\"", "StableDiffusionXLPipeline, which is not supported yet")]
    [InlineData("unet/config.json", "class_embed_type", "\"timestep\"", "unet/config.json: class_embed_type")]
    [InlineData("unet/config.json", "act_fn", "\"mish\"", "unet/config.json: act_fn")]
    [InlineData("unet/config.json", "cross_attention_dim", "48", "the UNet reads text of width 48")]
    [InlineData("unet/config.json", "block_out_channels", "[]", "unet/config.json: block_out_channels")]
    [InlineData("text_encoder/config.json", "hidden_act", "\"swish\"", "text_encoder/config.json: hidden_act")]
    [InlineData("vae/config.json", "latent_channels", "16", "the VAE's latents have 16 (latent_channels)")]
    [InlineData("scheduler/scheduler_config.json", "prediction_type", "\"flow\"", "scheduler/scheduler_config.json: prediction_type")]
    [InlineData("scheduler/scheduler_config.json", "beta_schedule", "\"exponential\"", "scheduler/scheduler_config.json: beta_schedule")]
    public void ConfigsOfAnotherModel(string file, string field, string value, string part)
    {
        TestModel.Copy(Path.Combine(Repository.Golden, "models", "sd15"), folder["model"]);
        string path = Path.Combine(folder["model"], file);
        var config = JsonNode.Parse(File.ReadAllText(path))!;
        config[field] = JsonNode.Parse(value);
        File.WriteAllText(path, config.ToJsonString());
        Refused(part, "generate", "a", "--model", "model", "--steps", "1");
    }

    [Theory]
    [InlineData("unet/config.json")]
    [InlineData("unet/diffusion_pytorch_model.safetensors")]
    [InlineData("tokenizer/vocab.json")]
    [InlineData("scheduler/scheduler_config.json")]
    public void FilesThatAreBrokenOrMissing(string file)
    {
        TestModel.Copy(Path.Combine(Repository.Golden, "models", "sd15"), folder["model"]);
        string path = Path.Combine(folder["model"], file);
        File.WriteAllText(path, "{ \"a\": ");
        Refused(Path.GetFileName(file), "generate", "a", "--model", "model", "--steps", "1");
        File.Delete(path);
        Refused(Path.GetDirectoryName(file)!, "generate", "a", "--model", "model", "--steps", "1");
    }
}
