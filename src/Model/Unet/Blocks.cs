using PureLcm.Kernels;
using PureLcm.Model.Layers;

namespace PureLcm.Model.Unet;

/// <summary>What the blocks of one level have in common.</summary>
/// <param name="Heads">Heads of its transformers.</param>
/// <param name="Depths">Blocks of each of its transformers; empty where the level has no attention.</param>
/// <param name="Layers">How many resnets.</param>
/// <param name="ContextChannels">Width of the text encoder's states.</param>
public sealed record Level(int Heads, int[] Depths, int Layers, int ContextChannels)
{
    internal bool HasAttention => Depths.Length > 0;
}

/// <summary>
/// A level on the way down: resnets, each followed by a transformer where the level has attention, then every second pixel.
/// (CrossAttn)DownBlock2D.
/// </summary>
public sealed class DownBlock : Module
{
    readonly ResnetBlock[] resnets;
    readonly Transformer[] attentions;
    readonly Conv2d? downsampler;

    /// <summary>From cIn to cOut channels.</summary>
    public DownBlock(Scope scope, UnetConfig config, Level level, int cIn, int cOut, bool downsample) : base(scope)
    {
        resnets = [.. Enumerable.Range(0, level.Layers).Select(i => new ResnetBlock(
            scope / "resnets" / i, i == 0 ? cIn : cOut, cOut, config.TimeChannels, config.NormGroups, config.NormEpsilon))];
        attentions = [.. level.Depths.Select((depth, i) => new Transformer(
            scope / "attentions" / i, cOut, level.Heads, depth, level.ContextChannels, config.NormGroups, config.LinearProjection))];
        if (downsample) downsampler = new(scope / "downsamplers" / 0 / "conv", cOut, cOut);
    }

    /// <summary>
    /// Pushes the output of each layer and of the downsampler on the skips, which own them; returns the last.
    /// [N,H,W,cIn] -> [N,H',W',cOut]
    /// </summary>
    public Tensor Forward(Run run, Tensor x, Tensor time, Tensor context, Stack<Tensor> skips)
    {
        for (int i = 0; i < resnets.Length; i++)
        {
            x = resnets[i].Forward(run, x, time);
            if (attentions.Length > 0)
                Run.Replace(ref x, attentions[i].Forward(run, x, context));
            skips.Push(x);
        }
        if (downsampler is not null) skips.Push(x = downsampler.Downsample(run, x)); // [N,H,W,C] -> [N,H/2,W/2,C]
        run.Show(Name, x);
        return x;
    }
}

/// <summary>The lowest level: a resnet, then transformer and resnet by turns. UNetMidBlock2DCrossAttn, or UNetMidBlock2D: one resnet.</summary>
public sealed class MidBlock : Module
{
    readonly ResnetBlock[] resnets;
    readonly Transformer[] attentions;

    /// <summary>On <paramref name="channels"/> channels.</summary>
    public MidBlock(Scope scope, UnetConfig config, Level level, int channels) : base(scope)
    {
        resnets = [.. Enumerable.Range(0, level.Depths.Length + 1).Select(i => new ResnetBlock(
            scope / "resnets" / i, channels, channels, config.TimeChannels, config.NormGroups, config.NormEpsilon))];
        attentions = [.. level.Depths.Select((depth, i) => new Transformer(
            scope / "attentions" / i, channels, level.Heads, depth, level.ContextChannels, config.NormGroups, config.LinearProjection))];
    }

    /// <summary>[N,H,W,C] -> [N,H,W,C], a new tensor.</summary>
    public Tensor Forward(Run run, Tensor x, Tensor time, Tensor context)
    {
        x = resnets[0].Forward(run, x, time);
        for (int i = 0; i < attentions.Length; i++)
        {
            Run.Replace(ref x, attentions[i].Forward(run, x, context));
            Run.Replace(ref x, resnets[i + 1].Forward(run, x, time));
        }
        run.Show(Name, x);
        return x;
    }
}

/// <summary>
/// A level on the way up: each resnet reads the hidden state and a skip side by side; then the picture is enlarged.
/// (CrossAttn)UpBlock2D.
/// </summary>
public sealed class UpBlock : Module
{
    readonly ResnetBlock[] resnets;
    readonly Transformer[] attentions;
    readonly Conv2d? upsampler;

    /// <summary>From cIn to cOut channels; the skips have <paramref name="skipChannels"/>, in the order in which they are read.</summary>
    public UpBlock(Scope scope, UnetConfig config, Level level, int cIn, int cOut, int[] skipChannels, bool upsample) : base(scope)
    {
        resnets = [.. skipChannels.Select((skip, i) => new ResnetBlock(
            scope / "resnets" / i, (i == 0 ? cIn : cOut) + skip, cOut, config.TimeChannels, config.NormGroups, config.NormEpsilon))];
        attentions = [.. level.Depths.Select((depth, i) => new Transformer(
            scope / "attentions" / i, cOut, level.Heads, depth, level.ContextChannels, config.NormGroups, config.LinearProjection))];
        if (upsample) upsampler = new(scope / "upsamplers" / 0 / "conv", cOut, cOut);
    }

    /// <summary>
    /// Disposes of x and of the skips that it takes. [N,H,W,cIn] -> [N,h,w,cOut], where h and w are the next skip's size: twice
    /// H and W, or one less where the way down rounded up.
    /// </summary>
    public Tensor Forward(Run run, Tensor x, Tensor time, Tensor context, Stack<Tensor> skips)
    {
        for (int i = 0; i < resnets.Length; i++)
        {
            using (var both = Concatenate(run, x, skips.Pop())) // [N,H,W,C] and [N,H,W,C'] -> [N,H,W,C+C']
                x = resnets[i].Forward(run, both, time);
            if (attentions.Length > 0)
                Run.Replace(ref x, attentions[i].Forward(run, x, context));
        }
        if (upsampler is not null)
        {
            var next = skips.Peek().Shape;
            Run.Replace(ref x, upsampler.Upsample(run, x, next.H, next.W)); // [N,H,W,C] -> [N,2H,2W,C]
        }
        run.Show(Name, x);
        return x;
    }

    /// <summary>Channels side by side: two writers into one tensor. Disposes of both.</summary>
    static Tensor Concatenate(Run run, Tensor x, Tensor skip)
    {
        using (x)
        using (skip)
        {
            int c = x.Shape.C;
            var both = run.Allocate(x.Shape.WithChannels(c + skip.Shape.C));
            run.Backend.Copy(x, both.Channels(0, c));
            run.Backend.Copy(skip, both.Channels(c, skip.Shape.C));
            return both;
        }
    }
}
