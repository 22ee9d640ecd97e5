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

    [Theory]
    [InlineData("sd15")]
    [InlineData("bksdm")]
    public void AFolderAsItIsPublishedHasNothingToSay(string model) => Assert.Empty(ModelFolder.Open(Golden.Model(model)).Notices);

    [Fact]
    public void EveryFileIsReadOrKnownOrNamed()
    {
        // As Stable Diffusion 1.5 is published, in every format.
        string[] read = ["model_index.json", "scheduler/scheduler_config.json", "text_encoder/config.json", "text_encoder/model.safetensors",
            "tokenizer/merges.txt", "tokenizer/vocab.json", "tokenizer/tokenizer_config.json", "tokenizer/special_tokens_map.json", "tokenizer/added_tokens.json",
            "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "vae/config.json", "vae/diffusion_pytorch_model.fp16.safetensors", "loras/lcm.safetensors"];
        string[] irrelevant = ["README.md", ".gitattributes", "LICENSE", "v1-inference.yaml", "v1-5-pruned.ckpt", "preview.png", "latent_consistency_txt2img.py",
            "text_encoder/pytorch_model.bin", "text_encoder/model.fp16.safetensors", "text_encoder/flax_model.msgpack", "text_encoder/openvino_model.xml",
            "unet/diffusion_pytorch_model.bin", "unet/diffusion_pytorch_model.fp16.safetensors", "unet/diffusion_pytorch_model.non_ema.safetensors",
            "unet/model.onnx", "unet/model.onnx_data", "vae/diffusion_flax_model.msgpack", "loras/style.safetensors", "loras/README.md"];
        string[] irrelevantFolders = ["safety_checker/", "feature_extractor/", ".git/", "onnx/"];
        string[] notRead = ["learned_embeds.bin", "notes.xyz", "unet/adapter_model.safetensors", "unet/extra.safetensors", "tokenizer/spiece.model", "scheduler/config.json"];
        string[] notReadFolders = ["unet_ema/", "prior/"];

        foreach (string name in (string[])[.. read, .. irrelevant, .. notRead]) temporary.WriteText(name, "{}");
        foreach (string name in (string[])[.. irrelevantFolders, .. notReadFolders]) temporary.WriteText(name + "x.bin", "");
        temporary.WriteText("model_index.json", """
            {"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"], "text_encoder": ["transformers", "CLIPTextModel"],
             "tokenizer": ["transformers", "CLIPTokenizer"], "scheduler": ["diffusers", "PNDMScheduler"], "safety_checker": ["x", "X"], "feature_extractor": [null, null], "prior": ["x", "X"]}
            """);
        var model = ModelFolder.Open(temporary.Path);
        var files = model.Inventory.ToLookup(file => file.Use, file => file.Name);
        Assert.Equal(read.Order(), files[FileUse.Read].Order());
        Assert.Equal(((string[])[.. irrelevant, .. irrelevantFolders]).Order(), files[FileUse.Irrelevant].Order());
        Assert.Equal(((string[])[.. notRead, .. notReadFolders]).Order(), files[FileUse.NotRead].Order());
        Assert.Contains($"{temporary.Path}: unet_ema/ is a folder that model_index.json doesn't name, so nothing in it is read", model.Notices);
        Assert.Contains($"{temporary.Path}: unet/adapter_model.safetensors is a LoRA, which is not on: put it on with --lora", model.Notices);
        Assert.Contains(model.Notices, notice => notice.Contains("notes.xyz is of no kind") && notice.Contains("\"tokenizer/spiece.model\""));
        Assert.All(model.Notices, notice => Assert.DoesNotContain('\n', notice));
    }

    [Fact]
    public void SafetensorsInTheRootAreToldByTheirTensors()
    {
        temporary.WriteText("model_index.json", """{"_class_name": "StableDiffusionPipeline"}""");
        temporary.Write("a.safetensors", ("model.diffusion_model.out.0.bias", [1f]));
        temporary.Write("b.safetensors", ("unet.mid_block.attentions.0.proj_in.lora_A.weight", [1f]));
        temporary.Write("c.safetensors", ("<cat-toy>", [1f]));
        temporary.WriteText("d.safetensors", "<html>");
        var files = ModelFolder.Open(temporary.Path).Inventory.ToDictionary(file => file.Name);
        Assert.Equal(FileUse.Irrelevant, files["a.safetensors"].Use);
        Assert.Contains("--lora", files["b.safetensors"].Why);
        Assert.Contains("textual inversion", files["c.safetensors"].Why);
        Assert.Contains("damaged", files["d.safetensors"].Why);
    }

    [Fact]
    public void AShardThatTheIndexDoesntNameIsNotReadInSilence()
    {
        temporary.WriteText("model_index.json", """{"_class_name": "StableDiffusionPipeline", "unet": ["diffusers", "UNet2DConditionModel"]}""");
        temporary.WriteText("unet/diffusion_pytorch_model.safetensors.index.json", """{"weight_map": {"a": "diffusion_pytorch_model-00001-of-00002.safetensors"}}""");
        temporary.WriteText("unet/diffusion_pytorch_model-00001-of-00002.safetensors", "");
        temporary.WriteText("unet/diffusion_pytorch_model-00002-of-00002.safetensors", "");
        var notice = Assert.Single(ModelFolder.Open(temporary.Path).Notices);
        Assert.Contains("unet/diffusion_pytorch_model-00002-of-00002.safetensors is a shard that the index doesn't name", notice);
    }
}
