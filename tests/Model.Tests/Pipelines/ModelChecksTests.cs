using PureLcm.Kernels.Cpu;
using PureLcm.Model.Pipelines;

namespace PureLcm.Model.Tests.Pipelines;

/// <summary>Parts of a model's folder that don't fit each other, and what is in it that is not followed.</summary>
public sealed class ModelChecksTests : IDisposable
{
    readonly ModelCopy model = new();

    public void Dispose() => model.Dispose();

    /// <summary>Loading fails with one sentence that names the model and has these words.</summary>
    void Refused(params string[] words)
    {
        using var backend = new CpuBackend(threads: 1);
        var error = Assert.ThrowsAny<PureLcmException>(() => TextToImage.Load(model.Path, null, backend, cancellationToken: TestContext.Current.CancellationToken));
        Assert.StartsWith(model.Path, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.All(words, word => Assert.Contains(word, error.Message));
    }

    [Fact]
    public void AModelAsItIsPublishedHasNothingToSay()
    {
        Assert.Empty(model.Notices());
        using var picturebook = new ModelCopy(new DirectoryInfo(Repository.Picturebook));
        Assert.Empty(picturebook.Notices());
        using var bksdm = new ModelCopy("bksdm");
        Assert.Empty(bksdm.Notices());
    }

    [Theory]
    [InlineData(8, "InstructPix2Pix")]
    [InlineData(5, "a depth map")]
    [InlineData(7, "an upscaler's UNet")]
    [InlineData(6, "takes 6 channels (in_channels), the VAE's latents have 4")]
    public void AUNetForSomethingElseIsSaid(int channels, string what)
    {
        model.Set("unet/config.json", "in_channels", $"{channels}");
        Refused(what, $"its UNet takes {channels} channels");
    }

    [Theory]
    [InlineData("unet/config.json", "cross_attention_dim", "48", "text of width 48 (cross_attention_dim), the text encoder gives 32")]
    [InlineData("unet/config.json", "cross_attention_dim", "[32, 32, 48, 32]", "text of width 48")]
    [InlineData("unet/config.json", "out_channels", "8", "latents have 4 channels (latent_channels), the UNet's output 8")]
    [InlineData("unet/config.json", "time_cond_proj_dim", "5", "time_cond_proj_dim is 5")]
    [InlineData("vae/config.json", "latent_channels", "16", "takes 4 channels (in_channels), the VAE's latents have 16")]
    [InlineData("vae/config.json", "in_channels", "4", "pictures of 4 channels in and 3 out")]
    [InlineData("vae/config.json", "out_channels", "4", "pictures of 3 channels in and 4 out")]
    [InlineData("vae/config.json", "scaling_factor", "0", "scaling_factor is 0")]
    [InlineData("vae/config.json", "down_block_types", "[\"DownEncoderBlock2D\"]", "down_block_types has 1 levels, block_out_channels 4")]
    [InlineData("vae/config.json", "shift_factor", "0.1", "shift_factor is 0.1")]
    [InlineData("text_encoder/config.json", "vocab_size", "700", "gives ids up to 714", "table has 700 rows")]
    [InlineData("text_encoder/config.json", "max_position_embeddings", "1", "max_position_embeddings is 1")]
    [InlineData("text_encoder/config.json", "use_attention_mask", "true", "use_attention_mask is true, which is not supported")]
    [InlineData("text_encoder/config.json", "quantization_config", "{}", "quantization_config")]
    [InlineData("text_encoder/config.json", "pruned_heads", "{\"1\": [0]}", "pruned_heads")]
    [InlineData("scheduler/scheduler_config.json", "prediction_type", "\"flow_prediction\"", "prediction_type is \"flow_prediction\"")]
    [InlineData("scheduler/scheduler_config.json", "_class_name", "\"FlowMatchEulerDiscreteScheduler\"", "it is for FlowMatchEulerDiscreteScheduler")]
    [InlineData("model_index.json", "_class_name", "\"StableDiffusionUpscalePipeline\"", "StableDiffusionUpscalePipeline, which is not supported yet")]
    public void PartsThatDontFitAreRefused(string file, string key, string value, params string[] words)
    {
        model.Set(file, key, value);
        Refused(words);
    }

    [Theory]
    [InlineData("class_embed_type", "\"timestep\"")]
    [InlineData("addition_embed_type", "\"text\"")]
    [InlineData("dual_cross_attention", "true")]
    [InlineData("only_cross_attention", "[true, false, false, false]")]
    [InlineData("resnet_time_scale_shift", "\"scale_shift\"")]
    [InlineData("mid_block_only_cross_attention", "true")]
    [InlineData("encoder_hid_dim", "32")]
    [InlineData("attention_type", "\"gated\"")]
    public void WhatChangesAUNetsArithmeticIsRefused(string key, string value)
    {
        model.Set("unet/config.json", key, value);
        Refused("unet/config.json", key, "not supported");
    }

    [Theory]
    [InlineData("only_cross_attention", "[false, false, false, false]")]
    [InlineData("mid_block_only_cross_attention", "false")]
    [InlineData("upcast_attention", "true")]
    [InlineData("dropout", "0.1")]
    [InlineData("a_field_of_the_future", "null")]
    public void WhatChangesNothingIsPassed(string key, string value) =>
        Assert.Empty(model.Set("unet/config.json", key, value).Notices());

    [Theory]
    [InlineData("unet/config.json")]
    [InlineData("vae/config.json")]
    [InlineData("text_encoder/config.json")]
    [InlineData("scheduler/scheduler_config.json")]
    [InlineData("tokenizer/tokenizer_config.json")]
    [InlineData("model_index.json")]
    public void AFieldThatNobodyKnowsIsNamed(string file)
    {
        string notice = Assert.Single(model.Set(file, "a_field_of_the_future", "7").Notices());
        Assert.Contains(file, notice);
        Assert.Contains("\"a_field_of_the_future\" is a field that this version doesn't know", notice);
    }

    [Fact]
    public void ATinyVaesFieldsAreKnownToo()
    {
        string taesd = Path.Combine(Repository.Golden, "models", "taesd", "vae");
        foreach (string file in (string[])["config.json", "diffusion_pytorch_model.safetensors"]) File.Copy(Path.Combine(taesd, file), model["vae/" + file], overwrite: true);
        model.Set("model_index.json", "vae", "[\"diffusers\", \"AutoencoderTiny\"]");
        Assert.Empty(model.Notices());
        Assert.Contains("scaling_factor is 0.18215, followed", Assert.Single(model.Set("vae/config.json", "scaling_factor", "0.18215").Notices()));
        model.Set("vae/config.json", "decoder_block_out_channels", "[16, 16, 16]").Set("vae/config.json", "num_decoder_blocks", "[3, 3, 1]");
        Refused("8 times smaller and 4 times larger");
    }

    [Fact]
    public void FilesThatAreNotReadAreNamed()
    {
        model.Write("tokenizer/spiece.model", "x").Write("textual/a.bin", "x");
        var notices = model.Notices();
        Assert.Equal(2, notices.Count);
        Assert.Contains(notices, notice => notice.Contains("tokenizer/spiece.model"));
        Assert.Contains(notices, notice => notice.Contains("textual/"));
    }

    [Fact]
    public void AnotherSamplerIsNamed() => Assert.Contains("PNDMScheduler is not run yet; lcm or ddim takes its place",
        Assert.Single(model.Set("scheduler/scheduler_config.json", "_class_name", "\"PNDMScheduler\"").Notices()));

    [Fact]
    public void APipelineOfLatentConsistencyWithoutItsEmbeddingIsSaid() => Assert.Contains("no guidance embedding (time_cond_proj_dim)",
        Assert.Single(model.Set("model_index.json", "_class_name", "\"LatentConsistencyModelPipeline\"").Notices()));

    [Theory]
    [InlineData("225", 77, true)]
    [InlineData("77", 77, false)]
    [InlineData("32", 32, false)]      // what the folder says, if the encoder can
    [InlineData("1e30", 77, false)]    // nobody set it
    public void TextsAreNoLongerThanTheEncoderReads(string said, int length, bool noticed)
    {
        model.Set("tokenizer/tokenizer_config.json", "model_max_length", said);
        using var backend = new CpuBackend(threads: 1);
        using var pipeline = TextToImage.Load(model.Path, null, backend, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(length, pipeline.Tokenizer.MaxLength);
        Assert.Equal(noticed ? 1 : 0, pipeline.Notices.Count);
        if (noticed) Assert.Contains("texts of 225 tokens (model_max_length), the text encoder reads 77 (max_position_embeddings), so 77 are used", pipeline.Notices[0]);
    }

    [Fact]
    public void WithoutAConfigurationTheEncoderSaysHowLongTextsAre()
    {
        using var picturebook = new ModelCopy(new DirectoryInfo(Repository.Picturebook));
        File.Delete(picturebook["tokenizer/tokenizer_config.json"]);
        using var backend = new CpuBackend(threads: 1);
        using var pipeline = TextToImage.Load(picturebook.Path, null, backend, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(32, pipeline.Tokenizer.MaxLength);
    }

    [Fact]
    public void AnAddedTokenWithoutARowIsRefused()
    {
        model.Write("tokenizer/added_tokens.json", """{"<cat-toy>": 715}""");
        Refused("gives ids up to 715 (the added token \"<cat-toy>\")", "table has 715 rows (vocab_size)");
    }

    [Fact]
    public void AnEditingUNetIsRefusedBeforeItsWeightsAreRead()
    {
        model.Set("unet/config.json", "in_channels", "8");
        File.Delete(model["unet/diffusion_pytorch_model.safetensors"]);
        using var backend = new CpuBackend(threads: 1);
        Assert.Contains("InstructPix2Pix", Assert.Throws<ModelException>(() => TextToImage.Load(model.Path, null, backend, cancellationToken: TestContext.Current.CancellationToken)).Message);
    }
}
