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
    readonly Downsampler? downsampler;

    /// <summary>From cIn to cOut channels.</summary>
    public DownBlock(Scope scope, UnetConfig config, Level level, int cIn, int cOut, bool downsample) : base(scope)
    {
        resnets = [.. Enumerable.Range(0, level.Layers).Select(i => new ResnetBlock(
            scope / "resnets" / i, i == 0 ? cIn : cOut, cOut, config.TimeChannels, config.NormGroups, config.NormEpsilon))];
        attentions = [.. level.Depths.Select((depth, i) => new Transformer(
            scope / "attentions" / i, cOut, level.Heads, depth, level.ContextChannels, config.NormGroups, config.LinearProjection))];
        if (downsample) downsampler = new(scope / "downsamplers" / 0, cOut);
    }

    /// <summary>
    /// Pushes the output of each layer and of the downsampler on the skips, and returns the last of them.
    /// [N,H,W,cIn] -> [N,H',W',cOut]
    /// </summary>
    public Tensor Forward(Run run, Tensor x, Tensor time, Tensor context, Stack<Tensor> skips)
    {
        using var frame = run.Enter(this);
        for (int i = 0; i < resnets.Length; i++)
        {
            x = resnets[i].Forward(run, x, time);
            if (attentions.Length > 0) frame.Next(ref x, attentions[i].Forward(run, x, context));
            skips.Push(frame.Keep(x));
        }
        if (downsampler is not null) skips.Push(frame.Keep(x = downsampler.Forward(run, x))); // [N,H,W,C] -> [N,H/2,W/2,C]
        return frame.Return(x);
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
        using var frame = run.Enter(this);
        x = resnets[0].Forward(run, x, time);
        for (int i = 0; i < attentions.Length; i++)
        {
            frame.Next(ref x, attentions[i].Forward(run, x, context));
            frame.Next(ref x, resnets[i + 1].Forward(run, x, time));
        }
        return frame.Return(x);
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
    readonly Upsampler? upsampler;

    /// <summary>From cIn to cOut channels; the skips have <paramref name="skipChannels"/>, in the order in which they are read.</summary>
    public UpBlock(Scope scope, UnetConfig config, Level level, int cIn, int cOut, int[] skipChannels, bool upsample) : base(scope)
    {
        resnets = [.. skipChannels.Select((skip, i) => new ResnetBlock(
            scope / "resnets" / i, (i == 0 ? cIn : cOut) + skip, cOut, config.TimeChannels, config.NormGroups, config.NormEpsilon))];
        attentions = [.. level.Depths.Select((depth, i) => new Transformer(
            scope / "attentions" / i, cOut, level.Heads, depth, level.ContextChannels, config.NormGroups, config.LinearProjection))];
        if (upsample) upsampler = new(scope / "upsamplers" / 0, cOut);
    }

    /// <summary>
    /// Takes as many skips as it has resnets. [N,H,W,cIn] -> [N,h,w,cOut], where h and w are the next skip's size: twice H and W,
    /// or one less where the way down rounded up.
    /// </summary>
    public Tensor Forward(Run run, Tensor x, Tensor time, Tensor context, Stack<Tensor> skips)
    {
        using var frame = run.Enter(this);
        for (int i = 0; i < resnets.Length; i++)
        {
            frame.Next(ref x, WithSkip(run, x, skips)); // [N,H,W,C] and [N,H,W,C'] -> [N,H,W,C+C']
            frame.Next(ref x, resnets[i].Forward(run, x, time));
            if (attentions.Length > 0) frame.Next(ref x, attentions[i].Forward(run, x, context));
        }
        if (upsampler is not null)
        {
            var next = skips.Peek().Shape;
            frame.Next(ref x, upsampler.Forward(run, x, next.H, next.W)); // [N,H,W,C] -> [N,2H,2W,C]
        }
        return frame.Return(x);
    }

    /// <summary>
    /// The hidden state and the last skip, channels side by side: two writers into one tensor. A skip is read once, and its
    /// memory given back here, at the earliest.
    /// </summary>
    static Tensor WithSkip(Run run, Tensor x, Stack<Tensor> skips)
    {
        using var skip = skips.Pop();
        int c = x.Shape.C;
        var both = run.Allocate(x.Shape.WithChannels(c + skip.Shape.C));
        run.Backend.Copy(x, both.Channels(0, c));
        run.Backend.Copy(skip, both.Channels(c, skip.Shape.C));
        return both;
    }
}
