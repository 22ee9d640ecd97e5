namespace PureLcm.Weights.Tests;

/// <summary>Model folders and their components.</summary>
public class ModelFolderTests : IDisposable
{
    readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void TheIndexNamesTheComponents()
    {
        var model = ModelFolder.Open(Golden.Model("sd15"));
        Assert.Equal("StableDiffusionPipeline", model.PipelineClass);
        Assert.Equal(["scheduler", "text_encoder", "tokenizer", "unet", "vae"], model.Components.Keys.Order());
        Assert.Equal("UNet2DConditionModel", model.Components["unet"]);
        model.RequirePipeline("StableDiffusionPipeline", "LatentConsistencyModelPipeline");
        Assert.Equal(Golden.Model("sd15/tokenizer/vocab.json"), model.Component("tokenizer").FilePath("vocab.json"));
        Assert.Equal("LCMScheduler", model.Component("scheduler").Class);
        Assert.Equal(0.012, model.Component("scheduler").Config.Double("beta_end"));
        Assert.Equal("CLIPTextModel", model.Component("text_encoder", "CLIPTextModel").Class);
    }

    [Fact]
    public void AComponentCanBeOpenedAlone()
    {
        Assert.Equal("AutoencoderTiny", ComponentFolder.Open(Golden.Model("taesd/vae")).Class);
        Assert.Equal("CLIPTextModel", ComponentFolder.Open(Golden.Model("bksdm/text_encoder")).Class);
    }

    [Theory]
    [InlineData("sd15")]
    [InlineData("bksdm")] // its file has no prefix
    public void TextEncodersGoByNamesWithThePrefix(string model)
    {
        using var weights = ModelFolder.Open(Golden.Model(model)).Component("text_encoder").OpenWeights();
        Assert.All(weights.Tensors.Keys, name => Assert.StartsWith("text_model.", name));
        Assert.Equal([77, 32], weights["text_model.embeddings.position_embedding.weight"].Sides);
        Assert.True(weights.Contains("text_model.encoder.layers.2.mlp.fc2.bias"));
    }

    [Fact]
    public void OldAutoencodersGoByCurrentNames()
    {
        var vae = ModelFolder.Open(Golden.Model("sd15")).Component("vae");
        using var current = vae.OpenWeights();
        using var old = vae.OpenWeights(Golden.Model("sd15_vae_old_names.safetensors"));
        Assert.Contains(old.Tensors.Values, tensor => tensor.Name.EndsWith(".proj_attn.weight"));
        Assert.Equal(current.Tensors.Keys.Order(), old.Tensors.Keys.Order());
        Assert.All(current.Tensors.Keys, name => Assert.Equal(current[name].ReadBytes(), old[name].ReadBytes()));
    }

    [Fact]
    public void OldAndNewNamesOfOneWeightAreRefused()
    {
        string path = temporary.Write("vae.safetensors", ("a.attentions.0.query.weight", [1f]), ("a.attentions.0.to_q.weight", [2f]));
        var vae = ModelFolder.Open(Golden.Model("sd15")).Component("vae");
        Expect.Error(() => vae.OpenWeights(path), "vae.safetensors", "a.attentions.0.query.weight", "a.attentions.0.to_q.weight");
    }

    [Fact]
    public void AMissingFolderIsSaid() => Expect.Error(() => ModelFolder.Open("/no/such"), "/no/such", "there is no such folder");

    [Fact]
    public void ASingleFileIsSaidNotToBeSupported()
    {
        string path = temporary.Write("model.safetensors", ("a", [1f]));
        Expect.Error(() => ModelFolder.Open(path), "single-file checkpoints are not supported yet", "save_pretrained");
    }

    [Fact]
    public void AFolderWithoutAnIndexIsToldWhatAModelLooksLike() =>
        Expect.Error(() => ModelFolder.Open(temporary.Path), "it has no model_index.json", "unet, vae, text_encoder");

    [Fact]
    public void AComponentGivenAsModelIsToldFromAModel() =>
        Expect.Error(() => ModelFolder.Open(Golden.Model("sd15/unet")), "one component of a model", "the folder above it");

    [Fact]
    public void AMissingComponentIsSaid()
    {
        var model = ModelFolder.Open(Golden.Model("sd15"));
        Expect.Error(() => model.Component("text_encoder_2"), "the model has no text_encoder_2", "scheduler, text_encoder, tokenizer, unet, vae");
        Expect.Error(() => model.Component("safety_checker"), "the model has no safety_checker");
    }

    [Fact]
    public void AComponentWhoseFolderIsMissingIsSaid()
    {
        temporary.WriteText("model_index.json", """{"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}""");
        Expect.Error(() => ModelFolder.Open(temporary.Path).Component("unet"), "names a unet", "no such folder");
    }

    [Fact]
    public void OtherPipelinesAndClassesAreRefused()
    {
        temporary.WriteText("model_index.json", """{"_class_name": "StableDiffusionXLPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}""");
        temporary.WriteText("unet/config.json", """{"_class_name": "UNet3DConditionModel"}""");
        var model = ModelFolder.Open(temporary.Path);
        Expect.Error(() => model.RequirePipeline("StableDiffusionPipeline"), "StableDiffusionXLPipeline, which is not supported yet");
        Expect.Error(() => model.Component("unet", "UNet2DConditionModel"), "UNet3DConditionModel, which is not supported yet", "UNet2DConditionModel");
    }

    [Fact]
    public void AnIndexMayNotLeaveItsFolder()
    {
        temporary.WriteText("model_index.json", """{"_class_name": "StableDiffusionPipeline", "../unet": ["diffusers", "UNet2DConditionModel"]}""");
        Expect.Error(() => ModelFolder.Open(temporary.Path), "../unet", "no folder in the model");
    }

    [Fact]
    public void AMissingFileOfAComponentIsSaid() =>
        Expect.Error(() => ModelFolder.Open(Golden.Model("sd15")).Component("tokenizer").FilePath("spiece.model"), "it has no spiece.model");
}
