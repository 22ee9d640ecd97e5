using PureLcm.Kernels;
using PureLcm.Model.ControlNet;
using PureLcm.Model.Layers;

namespace PureLcm.Model.Unet;

/// <summary>
/// The network that predicts the noise in a latent (or its velocity), given the timestep and the words' states: down through
/// the levels, across the middle, and up again with a skip from each layer passed on the way down.
/// diffusers' UNet2DConditionModel; Rombach et al. 2021, arXiv:2112.10752.
/// </summary>
public sealed class UNet : Network
{
    readonly Conv2d convIn, convOut;
    readonly TimeEmbedding timeEmbedding;
    readonly DownBlock[] downBlocks;
    readonly MidBlock? midBlock;
    readonly UpBlock[] upBlocks;
    readonly GroupNorm convNormOut;
    readonly string activationName;

    /// <summary>Builds the network that a config describes.</summary>
    public UNet(Scope scope, UnetConfig config) : base(scope)
    {
        Config = config;
        var channels = config.BlockOutChannels;
        int levels = channels.Length;
        convIn = new(scope / "conv_in", config.InChannels, channels[0]);
        timeEmbedding = new(scope, channels[0], config.TimeChannels, config.TimeConditionChannels, config.CosFirst, config.FrequencyShift);

        downBlocks = [.. Enumerable.Range(0, levels).Select(i => new DownBlock(
            scope / "down_blocks" / i, config, config.Down[i], i == 0 ? channels[0] : channels[i - 1], channels[i], i < levels - 1))];
        if (config.Middle is { } middle) midBlock = new(scope / "mid_block", config, middle, channels[^1]);

        // The skips in the order in which the way up reads them: the last pushed first.
        var skipChannels = new Stack<int>(config.SkipChannels);
        upBlocks = new UpBlock[levels];
        for (int i = 0; i < levels; i++)
        {
            var level = config.Up[i];
            int cIn = i == 0 ? channels[^1] : channels[levels - i], cOut = channels[levels - 1 - i];
            int[] read = [.. Enumerable.Range(0, level.Layers).Select(_ => skipChannels.Pop())];
            upBlocks[i] = new(scope / "up_blocks" / i, config, level, cIn, cOut, read, i < levels - 1);
        }

        convNormOut = new(scope / "conv_norm_out", channels[0], config.NormGroups, config.NormEpsilon);
        activationName = (scope / "conv_act").Name;
        convOut = new(scope / "conv_out", channels[0], config.OutChannels);
    }

    /// <summary>What the network was built from.</summary>
    public UnetConfig Config { get; }

    /// <summary>
    /// x: [N,H,W,in channels], one timestep a picture (perhaps fractional), context: [N,T,contextChannels], and for a UNet with
    /// embedded guidance its embedding [N,<see cref="UnetConfig.TimeConditionChannels"/>]. Gives [N,H,W,out channels], a new tensor.
    /// </summary>
    /// <param name="run">Computes it.</param>
    /// <param name="x">The latents.</param>
    /// <param name="timesteps">How noisy they are.</param>
    /// <param name="context">The words' states.</param>
    /// <param name="timeCondition">The guidance embedding.</param>
    /// <param name="controls">What ControlNets add to the skips and to the middle; null or empty for nothing.</param>
    public Tensor Forward(Run run, Tensor x, ReadOnlySpan<float> timesteps, Tensor context, Tensor? timeCondition = null,
        IReadOnlyList<ControlResiduals>? controls = null)
    {
        if ((timeCondition is null) != (Config.TimeConditionChannels == 0))
            throw new ArgumentException("a guidance embedding goes with time_cond_proj_dim", nameof(timeCondition));
        using var frame = run.Enter(this);
        Tensor input = run.Converted(x), words = run.Converted(context);
        var condition = timeCondition is null ? null : run.Converted(timeCondition);
        var time = timeEmbedding.Forward(run, timesteps, condition); // [N] -> [N,4C]
        run.Backend.Activate(time, time, Activation.Silu);

        // The way down leaves each layer's output on the skips; the way up takes them, the last first.
        var skips = new Stack<Tensor>();
        var h = convIn.Forward(run, input); // [N,H,W,4] -> [N,H,W,C]
        skips.Push(h);
        foreach (var block in downBlocks) h = block.Forward(run, h, time, words, skips);
        if (midBlock is not null) h = midBlock.Forward(run, h, time, words);
        if (controls is { Count: > 0 }) h = Steer(run, h, skips, controls);
        foreach (var block in upBlocks) frame.Next(ref h, block.Forward(run, h, time, words, skips));

        frame.Next(ref h, convNormOut.Forward(run, h, Activation.Silu, activationName));
        frame.Next(ref h, convOut.Forward(run, h)); // [N,H,W,C] -> [N,H,W,4]
        return frame.Return(h);
    }

    /// <summary>
    /// Adds what ControlNets give, times their scales, to the middle's output and to each skip. The way down is done, and what
    /// it left is this network's own: the sums take the places of their first terms.
    /// </summary>
    Tensor Steer(Run run, Tensor middle, Stack<Tensor> skips, IReadOnlyList<ControlResiduals> controls)
    {
        if (midBlock is null)
        {
            // Then the last skip is the middle's output too, and gets another term than that.
            var own = run.Allocate(middle.Shape);
            run.Backend.Copy(middle, own);
            middle = own;
        }
        Tensor[] inOrder = [.. skips.Reverse()]; // as they were pushed
        foreach (var control in controls)
        {
            for (int i = 0; i < inOrder.Length; i++) control.AddTo(run, inOrder[i], control.Down[i]);
            control.AddTo(run, middle, control.Middle);
        }
        return middle;
    }
}
