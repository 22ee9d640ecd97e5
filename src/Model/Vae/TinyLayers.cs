using PureLcm.Kernels;
using PureLcm.Model.Layers;

namespace PureLcm.Model.Vae;

/// <summary>
/// The encoder or decoder of a tiny autoencoder: torch's Sequential, whose layers are counted by index, ReLU and Upsample among
/// them, though they are fused into convolutions here.
/// </summary>
sealed class TinyLayers(Scope scope) : Module(scope)
{
    readonly Scope layersScope = scope / "layers";
    readonly List<Func<Run, Tensor, Tensor>> layers = [];
    int index;

    public enum Resize { Keep, Halve, Double }

    public void Conv(int cIn, int cOut, Resize resize = Resize.Keep, bool bias = true, Activation activation = Activation.None)
    {
        string? enlarged = resize == Resize.Double ? (layersScope / index++).Name : null; // the Upsample before it
        var conv = new Conv2d(layersScope / index++, cIn, cOut, bias: bias);
        string? activated = activation != Activation.None ? (layersScope / index++).Name : null;
        layers.Add((run, x) =>
        {
            var y = resize switch
            {
                Resize.Halve => conv.Downsample(run, x),
                Resize.Double => Upsample(run, x, conv, enlarged!),
                _ => conv.Forward(run, x, new() { Activation = activation }),
            };
            if (activated is not null) run.Show(activated, y);
            return y;
        });
    }

    public void Block(int channels)
    {
        var block = new TinyBlock(layersScope / index++, channels);
        layers.Add(block.Forward);
    }

    /// <summary>[N,H,W,C] -> what the last layer gives, a new tensor. Its caller shows the module's own output.</summary>
    public Tensor Forward(Run run, Tensor x)
    {
        using var frame = run.Enter(this);
        foreach (var layer in layers) frame.Next(ref x, layer(run, x));
        run.Show(layersScope.Name, x);
        return frame.Keep(x);
    }

    /// <summary>The convolution reads the picture enlarged, which is stored only where somebody wants to see it.</summary>
    static Tensor Upsample(Run run, Tensor x, Conv2d conv, string enlargedName)
    {
        int h = 2 * x.Shape.H, w = 2 * x.Shape.W;
        if (!run.Watches(enlargedName) && !run.Changes(enlargedName)) return conv.Upsample(run, x, h, w); // [N,H,W,C] -> [N,2H,2W,C]
        using var frame = run.Enter(enlargedName);
        var enlarged = run.Allocate(Shape.Image(x.Shape.N, h, w, x.Shape.C));
        run.Backend.Upsample(x, enlarged);
        run.Show(enlargedName, enlarged);
        return frame.Keep(run.Changes(enlargedName) ? conv.Forward(run, enlarged) : conv.Upsample(run, x, h, w));
    }
}

/// <summary>relu(x + conv(relu(conv(relu(conv(x)))))). diffusers' AutoencoderTinyBlock.</summary>
sealed class TinyBlock : Module
{
    readonly Conv2d conv0, conv2, conv4;
    readonly string conv, relu1, relu3, fuse, skip;

    public TinyBlock(Scope scope, int channels) : base(scope)
    {
        var layers = scope / "conv";
        (conv0, conv2, conv4) = (new(layers / 0, channels, channels), new(layers / 2, channels, channels), new(layers / 4, channels, channels));
        (conv, relu1, relu3) = (layers.Name, (layers / 1).Name, (layers / 3).Name);
        (fuse, skip) = ((scope / "fuse").Name, (scope / "skip").Name);
    }

    /// <summary>[N,H,W,C] -> [N,H,W,C], a new tensor.</summary>
    public Tensor Forward(Run run, Tensor x)
    {
        using var frame = run.Enter(this);
        var h = conv0.Forward(run, x, new() { Activation = Activation.Relu });
        run.Show(relu1, h);
        frame.Next(ref h, conv2.Forward(run, h, new() { Activation = Activation.Relu }));
        run.Show(relu3, h);
        var straight = run.ShowShared(skip, x);
        frame.Next(ref h, conv4.Forward(run, h, new() { Residual = straight, Activation = Activation.Relu }, conv));
        run.Show(fuse, h);
        return frame.Return(h);
    }
}
