using System.Runtime.InteropServices;
using PureLcm.Kernels;
using PureLcm.Weights;

namespace PureLcm.Model.Layers;

/// <summary>A component's parameters in its weights file or shards, read straight into packing.</summary>
/// <param name="files">Where the tensors are, under diffusers' names.</param>
/// <param name="network">What the component is, as errors say it: "UNet", "VAE", "text encoder".</param>
public sealed class FileParameters(WeightFiles files, string network) : IParameters
{
    readonly HashSet<string> used = [];

    /// <summary>Tensors of the files that no module asked for.</summary>
    public IEnumerable<string> Unused => files.Tensors.Keys.Where(name => !used.Contains(name));

    /// <inheritdoc/>
    public WeightSource Get(string name, int[] sides)
    {
        if (!files.Tensors.TryGetValue(name, out var tensor))
            throw new ModelException($"{files.Path}: tensor {name} is missing, which this {network}'s config.json asks for; the weights belong to another config or the download is incomplete");
        if (!tensor.Sides.AsSpan().SequenceEqual(sides) && !IsOldAttention(tensor.Sides, sides))
            throw new ModelException($"{tensor.File.Path}: tensor {name} has shape [{string.Join(',', tensor.Sides)}], this {network}'s config says [{string.Join(',', sides)}]"
                + (name == "conv_in.weight" && tensor.Sides is [_, 9, _, _] ? "; this is an inpainting model, whose config.json must say in_channels 9" : "; config.json and weights belong to different models"));
        used.Add(name);
        return Source(tensor, sides);
    }

    /// <summary>A tensor of a file as a weight's source: the three types that kernels know as they are, others widened to fp32.</summary>
    internal static WeightSource Source(TensorInfo tensor, int[] sides)
    {
        ElementType? type = tensor.DType switch
        {
            DType.F32 => ElementType.Float32,
            DType.F16 => ElementType.Float16,
            DType.BF16 => ElementType.BFloat16,
            _ => null,
        };
        if (type is { } known) return new(tensor.Name, tensor.File.Path, known, sides, tensor.Read);
        return new(tensor.Name, tensor.File.Path, ElementType.Float32, sides, (offset, bytes) =>
            tensor.ReadFloats(offset / sizeof(float), MemoryMarshal.Cast<byte, float>(bytes)));
    }

    /// <summary>The VAE's attention was made of 1x1 convolutions once: [C,C,1,1] holds the same values as [C,C].</summary>
    static bool IsOldAttention(int[] found, int[] wanted) => found is [var a, var b, 1, 1] && wanted is [var c, var d] && a == c && b == d;
}
