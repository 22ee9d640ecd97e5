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
        Expect.Error(() => LoraFile.Open(Golden.Model("taesd/vae/diffusion_pytorch_model.safetensors"), modules), "it is a VAE", "decoder.layers.0.bias", "and no LoRA");
        Expect.Error(() => LoraFile.Open(Lora("some.tensor", "another.tensor"), modules), "it is not a LoRA file", "some.tensor");
        Expect.Error(() => LoraFile.Open(Lora(), modules), "it has no LoRA weights");
        Expect.Error(() => LoraFile.Open(Lora("lora_unet_mid_block_attentions_0_proj_in.alpha"), modules), "it has no LoRA weights");
    }

    [Theory]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.dora_scale", "DoRA")]
    [InlineData("unet.mid_block.attentions.0.proj_in.lora_magnitude_vector", "DoRA")]
    [InlineData("base_model.model.mid_block.attentions.0.proj_in.lora_magnitude_vector.default.weight", "DoRA")]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.hada_w1_a", "LoHa")]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.lokr_w1", "LoKr")]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.lora_mid.weight", "Tucker")]
    [InlineData("unet.mid_block.attentions.0.proj_in.lora_B.bias", "biases")]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.oft_blocks", "orthogonal")]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.oft_diag", "orthogonal")]
    [InlineData("base_model.model.mid_block.attentions.0.proj_in.boft_R.default", "BOFT")]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.a1.weight", "GLoRA")]
    [InlineData("lora_unet_mid_block_attentions_0_proj_in.on_input", "(IA)3")]
    [InlineData("base_model.model.mid_block.attentions.0.proj_in.ia3_l", "(IA)3")]
    [InlineData("lora_unet_down_blocks_0_resnets_0_norm1.w_norm", "norms")]
    [InlineData("lora_unet_conv_in.diff", "full differences")]
    [InlineData("lora_unet_conv_in.diff_b", "full differences")]
    [InlineData("unet:0:up", "cloneofsimo")]
    [InlineData("transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", "diffusion transformer")]
    [InlineData("down_blocks.0.motion_modules.0.temporal_transformer.proj_in.lora_A.weight", "AnimateDiff")]
    [InlineData("bundle_emb.cat.string_to_param.*", "textual inversions bundled")]
    public void OtherKindsOfAdaptersAreRefusedByName(string key, string kind)
    {
        // Beside tensors that would be read, since a part of a LoRA is another LoRA.
        const string plain = "unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_q";
        var error = Expect.Error(() => LoraFile.Open(Lora($"{plain}.lora_A.weight", $"{plain}.lora_B.weight", key, key + "2"), modules), kind, key, "not supported yet");
        Assert.Equal(error.Message.IndexOf(kind), error.Message.LastIndexOf(kind));
    }

    [Theory]
    [InlineData("emb_params", "textual inversion")]
    [InlineData("<cat-toy>", "textual inversion")]
    [InlineData("clip_g", "textual inversion")]
    [InlineData("image_proj.proj.weight", "IP-Adapter")]
    [InlineData("control_model.input_blocks.0.0.weight", "ControlNet")]
    [InlineData("controlnet_cond_embedding.conv_in.weight", "ControlNet")]
    [InlineData("lora_controlnet", "Control-LoRA")]
    [InlineData("lllite_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q.down.0.weight", "LLLite")]
    [InlineData("adapter.body.0.resnets.0.block1.weight", "T2I-Adapter")]
    [InlineData("768.0.linear.0.weight", "hypernetwork")]
    [InlineData("model.diffusion_model.input_blocks.0.0.weight", "whole model")]
    [InlineData("time_embedding.linear_1.weight", "whole UNet")]
    [InlineData("text_model.embeddings.token_embedding.weight", "text encoder")]
    public void FilesOfOtherKindsAreCalledByName(string key, string kind) =>
        Expect.Error(() => LoraFile.Open(Lora(key), modules), $"it is a", kind, $"told by \"{key}\", and no LoRA; {(kind == "ControlNet" ? "give it with --control" : "give a LoRA file")}");

    [Theory]
    [InlineData("emb", "a textual inversion")]
    [InlineData("glora", "a GLoRA file")]
    public void FilesThatPeopleFedInAreCalledByName(string file, string kind) =>
        Expect.Error(() => LoraFile.Open(Path.Combine(Golden.Root, "tests", "Weights.Tests", "loras", file + ".safetensors"), ModulesOfTheReferenceModel()), kind);

    [Theory]
    [InlineData("unet.", "unet.unet.")]                                             // diffusers 0.23's trainers
    [InlineData("text_encoder.", "text_encoder.text_encoder.")]
    [InlineData("unet.", "base_model.model.")]                                      // PEFT's own files
    [InlineData("text_encoder.encoder.", "base_model.model.text_model.encoder.")]
    [InlineData("unet.", "base_model.model.unet.")]
    [InlineData(".weight", ".default.weight")]                                      // PEFT in memory
    [InlineData(".weight", ".my_style.weight")]
    public void OtherSaversNamesNameTheSameModules(string part, string instead)
    {
        using var published = SafetensorsFile.Open(Golden.Model("sd15/loras/style_peft.safetensors"));
        SafetensorsWriter.Write(temporary["renamed.safetensors"], published.Tensors.Values.Select(tensor =>
            new TensorToWrite(tensor.Name.Replace(part, instead), tensor.DType, tensor.Sides, tensor.ReadBytes())));
        var all = ModulesOfTheReferenceModel();
        using var expected = LoraFile.Open(published.Path, all);
        using var renamed = LoraFile.Open(temporary["renamed.safetensors"], all);
        Assert.Equal(146, renamed.Entries.Count);
        foreach (var (a, b) in expected.Entries.Zip(renamed.Entries))
        {
            Assert.Equal((a.ModulePath, a.Scale), (b.ModulePath, b.Scale));
            Assert.Equal(a.Down.ReadBytes(), b.Down.ReadBytes());
            Assert.Equal(a.Up.ReadBytes(), b.Up.ReadBytes());
        }
    }

    [Fact]
    public void PeftsOwnFilesHaveTheirAlphaBesideThem()
    {
        const string module = "base_model.model.mid_block.attentions.0.proj_in";
        string path = Lora($"{module}.lora_A.weight", $"{module}.lora_B.weight");
        using (var alone = LoraFile.Open(path, modules))
        {
            Assert.Equal(1, Assert.Single(alone.Entries).Scale);
            Assert.Contains("adapter_config.json, which says a PEFT adapter's alpha, is not beside it", alone.Notice);
        }
        temporary.WriteText("adapter_config.json", """{"peft_type": "LORA", "r": 2, "lora_alpha": 8, "use_dora": false, "alpha_pattern": {}}""");
        using (var configured = LoraFile.Open(path, modules))
        {
            Assert.Equal(4, Assert.Single(configured.Entries).Scale);
            Assert.Null(configured.Notice);
        }
        temporary.WriteText("adapter_config.json", """{"peft_type": "LORA", "r": 2, "lora_alpha": 8, "use_dora": true}""");
        Expect.Error(() => LoraFile.Open(path, modules), "adapter_config.json", "use_dora is true");
        temporary.WriteText("adapter_config.json", """{"peft_type": "LOHA", "r": 2}""");
        Expect.Error(() => LoraFile.Open(path, modules), "peft_type is \"LOHA\"");
    }

    [Fact]
    public void APeftFileForOneOfTwoTextEncodersIsNotGuessedAt()
    {
        const string path = "text_model.encoder.layers.0.mlp.fc1";
        Assert.Equal("text_encoder." + path, new LoraNames(["text_encoder." + path]).Find("base_model.model." + path));
        Assert.Null(new LoraNames(["text_encoder." + path, "text_encoder_2." + path]).Find("base_model.model." + path));
    }

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
