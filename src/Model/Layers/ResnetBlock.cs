using PureLcm.Kernels;

namespace PureLcm.Model.Layers;

/// <summary>
/// Two normalised convolutions beside a shortcut: y = shortcut(x) + conv2(silu(norm2(conv1(silu(norm1(x))) + time))).
/// The UNet's have a time embedding, the VAE's have none. He et al. 2015, arXiv:1512.03385; Ho et al. 2020, appendix B.
/// </summary>
public sealed class ResnetBlock : Module
{
    readonly GroupNorm norm1, norm2;
    readonly Conv2d conv1, conv2;
    readonly Linear? timeProjection, shortcut;
    readonly string nonlinearity, dropout;

    /// <summary>From cIn to cOut channels; <paramref name="timeChannels"/> is the width of the time embedding, 0 for none.</summary>
    public ResnetBlock(Scope scope, int cIn, int cOut, int timeChannels, int groups, float epsilon) : base(scope)
    {
        (nonlinearity, dropout) = ((scope / "nonlinearity").Name, (scope / "dropout").Name);
        norm1 = new(scope / "norm1", cIn, groups, epsilon);
        conv1 = new(scope / "conv1", cIn, cOut);
        if (timeChannels > 0) timeProjection = new(scope / "time_emb_proj", timeChannels, cOut);
        norm2 = new(scope / "norm2", cOut, groups, epsilon);
        conv2 = new(scope / "conv2", cOut, cOut);
        if (cIn != cOut) shortcut = Linear.Conv1x1(scope / "conv_shortcut", cIn, cOut);
    }

    /// <summary>
    /// [N,H,W,cIn] -> [N,H,W,cOut], a new tensor. <paramref name="time"/> is silu of the time embedding, [N,timeChannels]:
    /// every block applies the same silu, so it is done once before them.
    /// </summary>
    public Tensor Forward(Run run, Tensor x, Tensor? time)
    {
        using var frame = run.Enter(this);
        if (time is not null) time = run.ShowShared(nonlinearity, time);
        var projected = time is null ? null : timeProjection!.Forward(run, time); // [N,timeChannels] -> [N,cOut]

        var h = norm1.Forward(run, x, Activation.Silu, nonlinearity);
        frame.Next(ref h, conv1.Forward(run, h, new() { PerImage = projected })); // [N,H,W,cIn] -> [N,H,W,cOut]
        frame.Next(ref h, norm2.Forward(run, h, Activation.Silu, nonlinearity, dropout));
        var straight = shortcut?.Forward(run, x) ?? x; // [N,H,W,cIn] -> [N,H,W,cOut]
        frame.Next(ref h, conv2.Forward(run, h, new() { Residual = straight }));
        return frame.Return(h);
    }
}
