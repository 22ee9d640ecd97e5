using PureLcm.Kernels;
using PureLcm.Model.Layers;
using PureLcm.Model.Unet;

namespace PureLcm.Model.ControlNet;

/// <summary>
/// A network that makes a UNet follow a picture of edges, strokes, depth or poses: a trained copy of the UNet's way down and
/// middle, which sees the picture beside the latent, and whose output is added to the UNet's skips and middle through 1x1
/// convolutions. diffusers' ControlNetModel; Zhang et al. 2023, arXiv:2302.05543, figure 3.
/// </summary>
public sealed class ControlNetModel : Network
{
    readonly Conv2d convIn;
    readonly TimeEmbedding timeEmbedding;
    readonly ConditioningEmbedding conditioning;
    readonly DownBlock[] downBlocks;
    readonly MidBlock midBlock;
    readonly Linear[] downProjections;
    readonly Linear midProjection;

    /// <summary>Builds the network that a config describes.</summary>
    public ControlNetModel(Scope scope, ControlNetConfig config) : base(scope)
    {
        Config = config;
        var encoder = config.Encoder;
        var channels = encoder.BlockOutChannels;
        convIn = new(scope / "conv_in", encoder.InChannels, channels[0]);
        timeEmbedding = new(scope, channels[0], encoder.TimeChannels, conditionChannels: 0, encoder.CosFirst, encoder.FrequencyShift);
        conditioning = new(scope / "controlnet_cond_embedding", config.EmbeddingChannels, channels[0]);
        downBlocks = [.. channels.Select((c, i) => new DownBlock(
            scope / "down_blocks" / i, encoder, encoder.Down[i], i == 0 ? c : channels[i - 1], c, i < channels.Length - 1))];
        midBlock = new(scope / "mid_block", encoder, encoder.Middle!, channels[^1]);
        downProjections = [.. encoder.SkipChannels.Select((c, i) => Linear.Conv1x1(scope / "controlnet_down_blocks" / i, c, c))];
        midProjection = Linear.Conv1x1(scope / "controlnet_mid_block", channels[^1], channels[^1]);
    }

    /// <summary>What the network was built from.</summary>
    public ControlNetConfig Config { get; }

    /// <summary>
    /// The picture as the network sees it, the same in every step: [N,H,W,3] from 0 (black) to 1 (white), its colours in the
    /// config's order -> [N,h,w,C], a new tensor.
    /// </summary>
    public Tensor Embed(Run run, Tensor picture)
    {
        using var frame = run.Enter(this);
        return frame.Keep(conditioning.Forward(run, run.Converted(picture)));
    }

    /// <summary>
    /// x: [N,h,w,in channels], the latent that the UNet is asked about, one timestep a picture, context: [N,T,contextChannels],
    /// embedded: what <see cref="Embed"/> gave, [N,h,w,C]. Gives what is to be added to the UNet, new tensors.
    /// </summary>
    public ControlResiduals Forward(Run run, Tensor x, ReadOnlySpan<float> timesteps, Tensor context, Tensor embedded)
    {
        using var frame = run.Enter(this);
        Tensor input = run.Converted(x), words = run.Converted(context), picture = run.Converted(embedded);
        var time = timeEmbedding.Forward(run, timesteps, null); // [N] -> [N,4C]
        run.Backend.Activate(time, time, Activation.Silu);

        var skips = new Stack<Tensor>();
        var h = convIn.Forward(run, input, new() { Residual = picture }); // [N,h,w,4] -> [N,h,w,C]
        skips.Push(h);
        foreach (var block in downBlocks) h = block.Forward(run, h, time, words, skips);
        h = midBlock.Forward(run, h, time, words);

        Tensor[] down = [.. skips.Reverse()]; // as they were pushed
        for (int i = 0; i < down.Length; i++)
        {
            frame.Next(ref down[i], downProjections[i].Forward(run, down[i]));
            down[i] = frame.Keep(Pooled(run, down[i]));
        }
        return new(down, frame.Keep(Pooled(run, midProjection.Forward(run, h))));
    }

    /// <summary>
    /// The mean over the picture where the config asks for it, [N,H,W,C] -> [N,C]: it is attention's sum with the same
    /// probability for each pixel.
    /// </summary>
    Tensor Pooled(Run run, Tensor x)
    {
        if (!Config.Pooled) return x;
        int n = x.Shape.N, pixels = x.Shape.T;
        var share = run.Allocate(Shape.Tokens(n, 1, pixels));
        run.Backend.Upload([.. Enumerable.Repeat(1f / pixels, n * pixels)], share);
        var mean = run.Allocate(Shape.Vectors(n, x.Shape.C));
        run.Backend.AttentionSums(share, x, mean, heads: 1);
        return mean;
    }
}
