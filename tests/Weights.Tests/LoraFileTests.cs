using PureLcm.Weights.Names;

namespace PureLcm.Weights.Tests;

/// <summary>LoRA files: three layouts of names, one answer; and what is refused.</summary>
public class LoraFileTests : IDisposable
{
    static readonly string[] modules =
    [
        "unet.mid_block.attentions.0.proj_in",
        "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q",
        "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0",
        "text_encoder.text_model.encoder.layers.0.self_attn.q_proj",
        "text_encoder.text_model.encoder.layers.0.self_attn.out_proj",
    ];

    readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    /// <summary>Every matrix and convolution of the reference model: more than a LoRA of these files attaches to.</summary>
    static string[] ModulesOfTheReferenceModel()
    {
        var model = ModelFolder.Open(Golden.Model("sd15"));
        using var unet = model.Component("unet").OpenWeights();
        using var text = model.Component("text_encoder").OpenWeights();
        return [.. Modules("unet", unet), .. Modules("text_encoder", text)];

        static IEnumerable<string> Modules(string component, WeightFiles weights) => weights.Tensors
            .Where(entry => entry.Key.EndsWith(".weight") && entry.Value.Sides.Length >= 2)
            .Select(entry => $"{component}.{entry.Key[..^".weight".Length]}").ToArray();
    }

    /// <summary>A LoRA file of matrices of rank 2: down [2,3], up [4,2]; and of single numbers, for alphas.</summary>
    string Lora(IEnumerable<string> keys, string? adapterMetadata = null)
    {
        var tensors = keys.Select(key => key.EndsWith(".alpha")
            ? new TensorToWrite(key, DType.F32, [], BitConverter.GetBytes(8f))
            : new TensorToWrite(key, DType.F32, key.Contains("up") || key.Contains("lora_B") ? [4, 2] : [2, 3], new byte[key.Contains("up") || key.Contains("lora_B") ? 32 : 24]));
        var metadata = adapterMetadata == null ? null : new Dictionary<string, string> { ["lora_adapter_metadata"] = adapterMetadata };
        SafetensorsWriter.Write(temporary["lora.safetensors"], tensors, metadata);
        return temporary["lora.safetensors"];
    }

    string Lora(params string[] keys) => Lora(keys, null);

    [Theory]
    [InlineData("style_peft", "style_kohya", 146, 0.5)] // alpha 4, rank 8
    [InlineData("style_peft", "style_diffusers", 146, 1)]
    [InlineData("lcm_peft", "lcm_kohya", 278, 1)] // as many modules as LCM-LoRA has for SD 1.5
    public void TheLayoutsNameTheSameModules(string one, string other, int count, double scale)
    {
        var all = ModulesOfTheReferenceModel();
        using var a = LoraFile.Open(Golden.Model($"sd15/loras/{one}.safetensors"), all);
        using var b = LoraFile.Open(Golden.Model($"sd15/loras/{other}.safetensors"), all);
        Assert.Equal(LoraLayout.Peft, a.Layout);
        Assert.NotEqual(LoraLayout.Peft, b.Layout);
        Assert.Equal(count, a.Entries.Count);
        Assert.Equal(a.Entries.Select(entry => entry.ModulePath), b.Entries.Select(entry => entry.ModulePath));
        foreach (var (x, y) in a.Entries.Zip(b.Entries))
        {
            Assert.Equal(x.Down.Sides, y.Down.Sides);
            Assert.Equal(x.Up.Sides, y.Up.Sides);
            Assert.Equal(1, x.Scale);
            Assert.Equal(scale, y.Scale);
            Assert.Equal(x.Down.ReadBytes(), y.Down.ReadBytes());
            // The scale is a power of two, but below fp16's normal numbers twice a value keeps one bit more: half of 2^-24.
            Assert.All(x.Up.ReadFloats().Zip(y.Up.ReadFloats()), pair => Assert.Equal(pair.First, pair.Second * scale, MathF.ScaleB(1, -25)));
        }
    }

    [Theory]
    [InlineData("unet.mid_block.attentions.0.proj_in", "unet.mid_block.attentions.0.proj_in.lora_A.weight", "unet.mid_block.attentions.0.proj_in.lora_B.weight")]
    [InlineData("unet.mid_block.attentions.0.proj_in", "unet.mid_block.attentions.0.proj_in.lora.down.weight", "unet.mid_block.attentions.0.proj_in.lora.up.weight")]
    [InlineData("unet.mid_block.attentions.0.proj_in", "lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", "lora_unet_mid_block_attentions_0_proj_in.lora_up.weight")]
    [InlineData("unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q", "unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight", "unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight")]
    [InlineData("unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0", "unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.down.weight", "unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.up.weight")]
    [InlineData("unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0", "mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.down.weight", "mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.up.weight")]
    [InlineData("text_encoder.text_model.encoder.layers.0.self_attn.q_proj", "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.down.weight", "text_encoder.text_model.encoder.layers.0.self_attn.q_proj.lora_linear_layer.up.weight")]
    [InlineData("text_encoder.text_model.encoder.layers.0.self_attn.q_proj", "text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora.down.weight", "text_encoder.text_model.encoder.layers.0.self_attn.to_q_lora.up.weight")]
    [InlineData("text_encoder.text_model.encoder.layers.0.self_attn.out_proj", "text_encoder.encoder.layers.0.self_attn.to_out_lora.down.weight", "text_encoder.encoder.layers.0.self_attn.to_out_lora.up.weight")]
    [InlineData("text_encoder.text_model.encoder.layers.0.self_attn.q_proj", "lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_down.weight", "lora_te_text_model_encoder_layers_0_self_attn_q_proj.lora_up.weight")]
    [InlineData("text_encoder.text_model.encoder.layers.0.self_attn.q_proj", "lora_te1_encoder_layers_0_self_attn_q_proj.lora_down.weight", "lora_te1_encoder_layers_0_self_attn_q_proj.lora_up.weight")]
    public void EverySpellingFindsItsModule(string module, string down, string up)
    {
        using var lora = LoraFile.Open(Lora(down, up), modules);
        var entry = Assert.Single(lora.Entries);
        Assert.Equal((module, down, up), (entry.ModulePath, entry.Down.Name, entry.Up.Name));
        Assert.Equal((2, 1.0), (entry.Rank, entry.Scale));
        Assert.Equal(module[..module.IndexOf('.')], entry.Component);
    }

    [Fact]
    public void TheSecondTextEncoderHasAPrefixOfItsOwn()
    {
        var names = new LoraNames(["text_encoder.text_model.encoder.layers.0.mlp.fc1", "text_encoder_2.text_model.encoder.layers.0.mlp.fc1"]);
        Assert.Equal("text_encoder_2.text_model.encoder.layers.0.mlp.fc1", names.Find("lora_te2_text_model_encoder_layers_0_mlp_fc1"));
        Assert.Equal("text_encoder_2.text_model.encoder.layers.0.mlp.fc1", names.Find("text_encoder_2.encoder.layers.0.mlp.fc1"));
        Assert.Equal("text_encoder.text_model.encoder.layers.0.mlp.fc1", names.Find("lora_te1_text_model_encoder_layers_0_mlp_fc1"));
    }

    [Fact]
    public void AlphaIsDividedByTheRank()
    {
        const string module = "lora_unet_mid_block_attentions_0_proj_in";
        using var lora = LoraFile.Open(Lora($"{module}.lora_down.weight", $"{module}.lora_up.weight", $"{module}.alpha"), modules);
        Assert.Equal(8.0 / 2, Assert.Single(lora.Entries).Scale);
        Assert.Equal(LoraLayout.Kohya, lora.Layout);
    }

    [Theory]
    [InlineData("""{"unet.r": 2, "unet.lora_alpha": 8}""", 4)]
    [InlineData("""{"unet.r": 2, "unet.lora_alpha": 8, "unet.use_rslora": true}""", 5.65685424949238)]
    [InlineData("""{"unet.r": 2, "unet.lora_alpha": 8, "unet.alpha_pattern": {"mid_block.attentions.0.proj_in": 1}}""", 0.5)]
    [InlineData("""{"unet.r": 2, "unet.lora_alpha": 8, "unet.alpha_pattern": {"proj_in": 1}}""", 0.5)]
    [InlineData("""{"unet.r": 2, "unet.lora_alpha": 8, "unet.alpha_pattern": {"^mid_block\\.attentions\\.0\\.proj_in$": 1}}""", 0.5)]
    [InlineData("""{"unet.r": 2, "unet.lora_alpha": 8, "unet.alpha_pattern": {"^proj_in": 1, "oj_in": 2}}""", 4)]
    [InlineData("""{"unet.r": 4, "unet.lora_alpha": 8, "unet.rank_pattern": {"proj_in": 2}, "unet.alpha_pattern": {}}""", 4)]
    [InlineData("""{"text_encoder.r": 2, "text_encoder.lora_alpha": 8}""", 1)]
    [InlineData("{}", 1)]
    public void PeftsMetadataGiveTheScale(string metadata, double scale)
    {
        string path = Lora(["unet.mid_block.attentions.0.proj_in.lora_A.weight", "unet.mid_block.attentions.0.proj_in.lora_B.weight"], metadata);
        using var lora = LoraFile.Open(path, modules);
        Assert.Equal(scale, Assert.Single(lora.Entries).Scale, 1e-12);
    }

    [Theory]
    [InlineData("""{"unet.use_dora": true}""", "unet.use_dora is true, which is not supported")]
    [InlineData("""{"unet.lora_alpha": "x"}""", "unet.lora_alpha is \"x\", expected a number")]
    [InlineData("""{"unet.lora_alpha": 8, "unet.alpha_pattern": {"(a+)+": 1}}""", "the pattern \"(a+)+\"", "only names of modules")]
    [InlineData("""{"unet.lora_alpha": Infinity}""", "not one finite number")]
    [InlineData("[]", "lora_adapter_metadata", "no {…} object")]
    public void MetadataThatMakeNoSenseAreExplained(string metadata, params string[] words)
    {
        string path = Lora(["unet.mid_block.attentions.0.proj_in.lora_A.weight", "unet.mid_block.attentions.0.proj_in.lora_B.weight"], metadata);
        Expect.Error(() => LoraFile.Open(path, modules), words);
    }

    [Fact]
    public void KeysForModulesThatAreNotThereAreListed()
    {
        string[] keys = [.. Enumerable.Range(0, 8).Select(i => $"unet.input_blocks.{i}.lora_A.weight"), "unet.mid_block.attentions.0.proj_in.lora_A.weight"];
        Expect.Error(() => LoraFile.Open(Lora(keys), modules), "8 of its 9 keys fit no module of this model",
            "\"unet.input_blocks.0.lora_A.weight\"", "\"unet.input_blocks.4.lora_A.weight\" and 3 more", "use a LoRA made for this model");
    }

    [Fact]
    public void ALoraForAnotherModelIsSaid()
    {
        Expect.Error(() => LoraFile.Open(Lora("unet.x.lora_A.weight", "unet.x.lora_B.weight"), modules), "none of its keys fits this model");
        Expect.Error(() => LoraFile.Open(Lora("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight"), modules), "made for SDXL");
    }

    [Fact]
    public void AFileThatIsNoLoraIsSaid()
    {
        Expect.Error(() => LoraFile.Open(Golden.Model("taesd/vae/diffusion_pytorch_model.safetensors"), modules), "it is not a LoRA file", "decoder.layers.0.bias");
        Expect.Error(() => LoraFile.Open(Lora(), modules), "it has no LoRA weights");
        Expect.Error(() => LoraFile.Open(Lora("lora_unet_mid_block_attentions_0_proj_in.alpha"), modules), "it has no LoRA weights");
    }

    [Theory]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.dora_scale", "DoRA")]
    [InlineData("unet.mid_block.attentions.0.proj_in.lora_magnitude_vector", "DoRA")]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.hada_w1_a", "LoHa")]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.lokr_w1", "LoKr")]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.lora_mid.weight", "Tucker")]
    [InlineData("unet.mid_block.attentions.0.proj_in.lora_B.bias", "biases")]
    public void OtherKindsOfAdaptersAreRefusedByName(string key, string kind) =>
        Expect.Error(() => LoraFile.Open(Lora(key), modules), kind, key, "not supported yet");

    [Fact]
    public void ADownWithoutItsUpIsRefused() =>
        Expect.Error(() => LoraFile.Open(Lora("unet.mid_block.attentions.0.proj_in.lora_A.weight"), modules), "lora_A.weight\" without its counterpart");

    [Fact]
    public void TwoLayersForOneModuleAreRefused() =>
        Expect.Error(() => LoraFile.Open(Lora("unet.mid_block.attentions.0.proj_in.lora_A.weight", "lora_unet_mid_block_attentions_0_proj_in.lora_down.weight"), modules), "are both the Down weights of unet.mid_block.attentions.0.proj_in");

    [Theory]
    [InlineData(new[] { 2, 3 }, new[] { 4, 3 })]
    [InlineData(new[] { 2 }, new[] { 4, 2 })]
    [InlineData(new[] { 2, 3 }, new[] { 4, 2, 3, 3 })]
    [InlineData(new[] { 2, 3, 3 }, new[] { 4, 2 })]
    [InlineData(new[] { 0, 3 }, new[] { 4, 0 })]
    public void ShapesThatDontFitEachOtherAreRefused(int[] down, int[] up)
    {
        const string module = "unet.mid_block.attentions.0.proj_in";
        SafetensorsWriter.Write(temporary["x.safetensors"], new[] { ("lora_A", down), ("lora_B", up) }.Select(part =>
            new TensorToWrite($"{module}.{part.Item1}.weight", DType.U8, part.Item2, new byte[part.Item2.Aggregate(1, (product, side) => product * side)])));
        Expect.Error(() => LoraFile.Open(temporary["x.safetensors"], modules), module, $"[{string.Join(',', down)}] and [{string.Join(',', up)}]");
    }

    [Fact]
    public void ModulesOfUnknownComponentsAreABug() => Assert.Throws<ArgumentException>(() => new LoraNames(["vae.decoder.conv_in"]));
}
