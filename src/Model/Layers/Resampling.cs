using PureLcm.Kernels;

namespace PureLcm.Model.Layers;

/// <summary>A convolution of every second pixel: half the height and width. diffusers' Downsample2D.</summary>
/// <param name="scope">Its place.</param>
/// <param name="channels">Channels in and out.</param>
/// <param name="below">
/// Whether the zeros around the picture are below and on the right only, as in the VAE's encoder; on all four sides otherwise.
/// </param>
public sealed class Downsampler(Scope scope, int channels, bool below = false) : Module(scope)
{
    readonly Conv2d conv = new(scope / "conv", channels, channels);

    /// <summary>[N,H,W,C] -> [N,H/2,W/2,C], rounded up with zeros on all sides and down with zeros below; a new tensor.</summary>
    public Tensor Forward(Run run, Tensor x)
    {
        using var frame = run.Enter(this);
        return frame.Return(below ? conv.DownsampleBelow(run, x) : conv.Downsample(run, x));
    }
}

/// <summary>Enlargement by nearest neighbours, then a convolution. diffusers' Upsample2D.</summary>
/// <param name="scope">Its place.</param>
/// <param name="channels">Channels in and out.</param>
public sealed class Upsampler(Scope scope, int channels) : Module(scope)
{
    readonly Conv2d conv = new(scope / "conv", channels, channels);

    /// <summary>[N,H,W,C] -> [N,h,w,C], a new tensor; h and w are twice H and W, or one less where the way down rounded up.</summary>
    public Tensor Forward(Run run, Tensor x, int h, int w)
    {
        using var frame = run.Enter(this);
        return frame.Return(conv.Upsample(run, x, h, w));
    }
}
