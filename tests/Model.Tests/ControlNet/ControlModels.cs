using PureLcm.Model.ControlNet;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Schedulers;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.ControlNet;

/// <summary>The reference model with its ControlNet, and ControlNets made of that one.</summary>
static class ControlModels
{
    public static string Model => Path.Combine(Repository.Golden, "models", "sd15");

    public static string Network => Path.Combine(Model, "controlnet");

    public static string WeightsFile => Path.Combine(Network, "diffusion_pytorch_model.safetensors");

    /// <summary>A picture with something to follow in it.</summary>
    public static Picture Picture { get; } = new(64, 64, [.. Enumerable.Range(0, 3 * 64 * 64).Select(i => (byte)(i * 37 % 256))]);

    public static TextToImage Load(params string[] controls) => TextToImage.Load(
        Model, new() { Lcm = false, Controls = controls }, cancellationToken: TestContext.Current.CancellationToken);

    /// <summary>Generates a small picture; its bytes.</summary>
    public static byte[] Generate(TextToImage pipeline, params ControlChoice[] controls) => Generate(pipeline, 1, controls);

    public static byte[] Generate(TextToImage pipeline, double guidance, params ControlChoice[] controls) => pipeline.Generate("a red house",
        new() { Steps = 4, Guidance = guidance, Seed = 3, Width = 64, Height = 64, Scheduler = SchedulerKind.Lcm, Controls = controls }, TestContext.Current.CancellationToken).Rgb;

    /// <summary>The reference ControlNet's tensors under other names, or changed, or left out; and others beside them.</summary>
    public static void Rewrite(string path, Func<TensorInfo, TensorToWrite?> change, params TensorToWrite[] others)
    {
        using var weights = SafetensorsFile.Open(WeightsFile);
        SafetensorsWriter.Write(path, [.. weights.Tensors.Values.Select(change).OfType<TensorToWrite>(), .. others]);
    }

    public static TensorToWrite Named(TensorInfo tensor, string name) => new(name, tensor.DType, tensor.Sides, tensor.ReadBytes());

    /// <summary>A tensor's name as the network's author has it, for two layers a level.</summary>
    public static string AuthorsName(string name)
    {
        string[] parts = name.Split('.');
        string last = parts[^1];
        return "control_model." + parts[0] switch
        {
            "conv_in" => $"input_blocks.0.0.{last}",
            "time_embedding" => $"time_embed.{(parts[1] == "linear_1" ? 0 : 2)}.{last}",
            "controlnet_cond_embedding" => $"input_hint_block.{(parts[1] == "conv_in" ? 0 : parts[1] == "conv_out" ? 14 : 2 + 2 * int.Parse(parts[2], null))}.{last}",
            "controlnet_down_blocks" => $"zero_convs.{parts[1]}.0.{last}",
            "controlnet_mid_block" => $"middle_block_out.0.{last}",
            "mid_block" => $"middle_block.{(parts[1] == "resnets" ? 2 * int.Parse(parts[2], null) : 1)}.{Inner(parts, 1)}",
            "down_blocks" when parts[2] == "downsamplers" => $"input_blocks.{3 * (int.Parse(parts[1], null) + 1)}.0.op.{last}",
            "down_blocks" => $"input_blocks.{1 + 3 * int.Parse(parts[1], null) + int.Parse(parts[3], null)}.{(parts[2] == "resnets" ? 0 : 1)}.{Inner(parts, 2)}",
            _ => throw new ArgumentException(name),
        };

        static string Inner(string[] parts, int at) => parts[at] == "attentions" ? string.Join('.', parts[(at + 2)..]) : parts[at + 2] switch
        {
            "norm1" => "in_layers.0.",
            "conv1" => "in_layers.2.",
            "time_emb_proj" => "emb_layers.1.",
            "norm2" => "out_layers.0.",
            "conv2" => "out_layers.3.",
            "conv_shortcut" => "skip_connection.",
            _ => throw new ArgumentException(string.Join('.', parts)),
        } + parts[^1];
    }
}
