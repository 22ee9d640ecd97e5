using PureLcm.Kernels;
using PureLcm.Model.Layers;

namespace PureLcm.Model.ControlNet;

/// <summary>
/// From a picture to a map of a latent's size: convolutions with silu after each but the last, every second of stride 2.
/// diffusers' ControlNetConditioningEmbedding; Zhang et al. 2023, arXiv:2302.05543, section 3.2.
/// </summary>
public sealed class ConditioningEmbedding : Module
{
    readonly Conv2d convIn, convOut;
    readonly Conv2d[] blocks;

    /// <summary>
    /// From pictures to cOut channels through <paramref name="channels"/>, with two convolutions between each two of them.
    /// </summary>
    public ConditioningEmbedding(Scope scope, int[] channels, int cOut) : base(scope)
    {
        convIn = new(scope / "conv_in", 3, channels[0]);
        blocks = [.. Enumerable.Range(0, 2 * (channels.Length - 1)).Select(i =>
            new Conv2d(scope / "blocks" / i, channels[i / 2], channels[(i + 1) / 2]))];
        convOut = new(scope / "conv_out", channels[^1], cOut);
    }

    /// <summary>[N,H,W,3] from 0 (black) to 1 (white) -> [N,h,w,cOut], a new tensor.</summary>
    public Tensor Forward(Run run, Tensor picture)
    {
        using var frame = run.Enter(this);
        var silu = new Epilogue { Activation = Activation.Silu };
        var h = convIn.Forward(run, picture, silu);
        for (int i = 0; i < blocks.Length; i++)
            frame.Next(ref h, i % 2 == 0 ? blocks[i].Forward(run, h, silu) : blocks[i].Downsample(run, h, silu)); // [N,H,W,C] -> [N,H/2,W/2,C']
        frame.Next(ref h, convOut.Forward(run, h));
        return frame.Return(h);
    }
}
