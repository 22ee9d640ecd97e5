using PureLcm.Weights.Names;

namespace PureLcm.Weights.Tests;

public sealed class ControlNetNamesTests
{
    static readonly string[] names =
    [
        "input_hint_block.0.weight", "input_hint_block.2.bias", "input_hint_block.12.weight", "input_hint_block.14.weight",
        "time_embed.0.weight", "time_embed.2.bias", "input_blocks.0.0.weight", "input_blocks.1.0.in_layers.0.weight", "input_blocks.1.0.emb_layers.1.bias",
        "input_blocks.1.1.transformer_blocks.0.attn1.to_q.weight", "input_blocks.2.0.out_layers.3.weight", "input_blocks.3.0.op.weight", "input_blocks.3.0.op.bias",
        "input_blocks.4.0.skip_connection.weight", "input_blocks.5.1.proj_in.weight", "zero_convs.3.0.weight", "middle_block.0.out_layers.0.bias",
        "middle_block.1.norm.weight", "middle_block.2.in_layers.2.weight", "middle_block_out.0.bias",
    ];

    static readonly string[] current =
    [
        "controlnet_cond_embedding.conv_in.weight", "controlnet_cond_embedding.blocks.0.bias", "controlnet_cond_embedding.blocks.5.weight", "controlnet_cond_embedding.conv_out.weight",
        "time_embedding.linear_1.weight", "time_embedding.linear_2.bias", "conv_in.weight", "down_blocks.0.resnets.0.norm1.weight", "down_blocks.0.resnets.0.time_emb_proj.bias",
        "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight", "down_blocks.0.resnets.1.conv2.weight", "down_blocks.0.downsamplers.0.conv.weight",
        "down_blocks.0.downsamplers.0.conv.bias", "down_blocks.1.resnets.0.conv_shortcut.weight", "down_blocks.1.attentions.1.proj_in.weight",
        "controlnet_down_blocks.3.weight", "mid_block.resnets.0.norm2.bias", "mid_block.attentions.0.norm.weight", "mid_block.resnets.1.conv1.weight", "controlnet_mid_block.bias",
    ];

    [Theory]
    [InlineData("")]
    [InlineData("control_model.")]
    public void TheAuthorsNamesBecomeDiffusers(string prefix)
    {
        string[] given = [.. names.Select(name => prefix + name)];
        Assert.Equal(current, given.Select(ControlNetNames.Current(given)));
    }

    [Fact]
    public void OthersStay()
    {
        Assert.Equal(current, current.Select(ControlNetNames.Current(current)));
        string[] given = [.. names.Select(name => "control_model." + name), "first_stage_model.decoder.conv_in.weight", "input_blocks.0.0.weight"];
        Assert.Equal(given[^2..], given[^2..].Select(ControlNetNames.Current(given)));
    }

    /// <summary>Names out of an untrusted file: nothing but names comes of them.</summary>
    [Fact]
    public void StrangeNamesDoNoHarm()
    {
        string[] given =
        [
            "input_hint_block.0.weight", "input_hint_block.", "input_hint_block.99999999999.weight", "input_blocks.2000000000.0.weight", "input_blocks.-3.0.weight",
            "input_blocks..", "input_blocks.1", "middle_block.1", "middle_block.-5.in_layers", "zero_convs.7", "time_embed", "", ".", "x.y.z",
        ];
        Assert.Equal(given.Length, given.Select(ControlNetNames.Current(given)).Distinct().Count());
    }
}
