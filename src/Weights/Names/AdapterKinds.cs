using System.IO.Enumeration;

namespace PureLcm.Weights.Names;

/// <summary>A kind of file that people mistake for a LoRA, or a kind of LoRA that is not read, and what told it.</summary>
/// <param name="Name">The kind, as a sentence needs it: "a DoRA file", "a textual inversion (an embedding)".</param>
/// <param name="Key">The first tensor that says so.</param>
/// <param name="IsLora">True for what other programs load as a LoRA, false for what is something else altogether.</param>
/// <param name="WayOut">What to do with it.</param>
public sealed record AdapterKind(string Name, string Key, bool IsLora, string WayOut)
{
    /// <summary>True for a single file that has all of a model's networks.</summary>
    public bool IsWholeModel => Name == AdapterKinds.WholeModel;

    /// <summary>The middle of a sentence: "it is a DoRA file, told by "KEY", which is not supported yet".</summary>
    public string Description => $"it is {Name}, told by {WeightsException.Quote(Key)}, {(IsLora ? "which is not supported yet" : "and no LoRA")}";
}

/// <summary>
/// Tells from the names of a file's tensors what it is that is no plain LoRA. All are published side by side, in files that
/// end alike, so the names are the only sign. Low-rank tensors beside the others don't help: a LoRA that was read without
/// them would be another one.
/// </summary>
public static class AdapterKinds
{
    internal const string WholeModel = "a whole model in one file", ControlNet = "a ControlNet";

    const string PlainLora = "use a plain LoRA", LoraFile = "give a LoRA file", OtherOption = "give it with --control", OtherModel = "use a LoRA made for this model";

    // * stands for any letters.
    static readonly (string[] Keys, string Kind, string WayOut)[] kinds =
    [
        // Kinds of LoRA that are other than y += B A x.
        (["*.dora_scale", "*.lora_magnitude_vector*"], "a DoRA file", PlainLora),
        (["*.hada_*"], "a LoHa file", PlainLora),
        (["*.lokr_*"], "a LoKr file", PlainLora),
        (["*.lora_mid.*"], "a LoCon file with a Tucker core", PlainLora),
        (["*.lora_A.bias", "*.lora_B.bias", "*.lora_down.bias", "*.lora_up.bias"], "a LoRA with biases", PlainLora),
        (["*.oft_*"], "an OFT or BOFT file (orthogonal fine-tuning)", PlainLora),
        (["*.boft_*"], "a BOFT file (butterfly orthogonal fine-tuning)", PlainLora),
        (["*.a1.weight", "*.a2.weight", "*.b1.weight", "*.b2.weight"], "a GLoRA file", PlainLora),
        (["*.on_input", "*.ia3_l*"], "an (IA)3 file", PlainLora),
        (["*.w_norm", "*.b_norm"], "a LyCORIS file with norms", PlainLora),
        (["*.diff", "*.diff_b", "*.modules_to_save.*"], "a file with full differences of weights (diff)", PlainLora),
        (["*.vera_lambda*", "base_model.vera_*"], "a VeRA file", PlainLora),
        (["*.lora_embedding_*"], "a LoRA of the token table", PlainLora),
        (["unet:*:*", "text_encoder:*:*"], "a LoRA of cloneofsimo's first trainer, which numbers modules and doesn't name them",
            "convert it with kohya's scripts, or use another LoRA"),

        // Low-rank files for other networks.
        (["transformer.*", "lora_transformer_*", "diffusion_model.*", "lora_unet_double_blocks_*", "lora_unet_single_blocks_*"],
            "a LoRA for a diffusion transformer (Flux, SD 3 and the like)", OtherModel),
        (["*.motion_modules.*", "*temporal_transformer.*"], "a motion module or motion LoRA of AnimateDiff", OtherModel),
        (["lllite_*"], "a ControlNet-LLLite file", LoraFile),
        (["lora_controlnet"], "a Control-LoRA, which is a ControlNet in low rank", LoraFile),

        // Not LoRAs at all.
        (["bundle_emb.*"], "a LoRA with textual inversions bundled into it (OneTrainer's)", "save the LoRA without its embeddings"),
        (["emb_params", "clip_l", "clip_g", "string_to_param*", "<*>"], "a textual inversion (an embedding)", LoraFile),
        (["image_proj.*", "ip_adapter.*"], "an IP-Adapter", LoraFile),
        (["control_model.*", "controlnet_*", "input_hint_block.*"], ControlNet, OtherOption),
        (["adapter.body.*", "adapter.conv_in.*", "body.*.block1.*", "body.*.resnets.*"], "a T2I-Adapter", LoraFile),
        (["320.*.linear.*", "640.*.linear.*", "768.*.linear.*", "1024.*.linear.*", "1280.*.linear.*"], "a hypernetwork", LoraFile),
        (["model.diffusion_model.*", "first_stage_model.*", "cond_stage_model.*", "conditioner.embedders.*"],
            WholeModel, LoraFile),
        (["conv_norm_out.weight", "time_embedding.linear_1.weight"], "a whole UNet", LoraFile),
        (["decoder.conv_in.weight", "encoder.conv_in.weight", "decoder.layers.*", "encoder.layers.*.conv.*"], "a VAE", LoraFile),
        (["*embeddings.token_embedding.weight"], "a whole text encoder", LoraFile),
    ];

    /// <summary>The kind of a file with these tensors, where it is one that is known and not read as a LoRA; null otherwise.</summary>
    /// <param name="keys">The names of its tensors; those that a LoRA has too may be left out.</param>
    public static AdapterKind? Of(IReadOnlyCollection<string> keys)
    {
        foreach (var (patterns, kind, wayOut) in kinds)
            foreach (string pattern in patterns)
            {
                string? found = keys.FirstOrDefault(key => FileSystemName.MatchesSimpleExpression(pattern, key, ignoreCase: false));
                if (found is not null) return new(kind, found, IsLora: wayOut is not (LoraFile or OtherOption), wayOut);
            }
        return null;
    }
}
