using PureLcm.Kernels;
using PureLcm.Model.Layers;

namespace PureLcm.Model.Vae;

/// <summary>
/// The tiny autoencoder (TAESD): convolutions and ReLU alone, distilled from the large one, twenty times less work.
/// diffusers' AutoencoderTiny. Latents are those of the model it was distilled for, already scaled; encoding draws nothing.
/// </summary>
public sealed class AutoencoderTiny : Network, IAutoencoder
{
    readonly TinyConfig config;
    readonly Layers encoder, decoder;

    /// <summary>Builds the network that a config describes.</summary>
    public AutoencoderTiny(Scope scope, TinyConfig config) : base(scope)
    {
        this.config = config;
        encoder = new(scope / "encoder" / "layers");
        int cIn = config.InChannels;
        for (int level = 0; level < config.EncoderChannels.Length; level++)
        {
            int c = config.EncoderChannels[level];
            if (level == 0) encoder.Conv(cIn, c);
            else encoder.Conv(cIn, c, Resize.Halve, bias: false);
            for (int i = 0; i < config.EncoderBlocks[level]; i++) encoder.Block(c);
            cIn = c;
        }
        encoder.Conv(cIn, config.LatentChannels);

        decoder = new(scope / "decoder" / "layers");
        cIn = config.DecoderChannels[0];
        decoder.Conv(config.LatentChannels, cIn, activation: Activation.Relu);
        for (int level = 0; level < config.DecoderChannels.Length; level++)
        {
            int c = config.DecoderChannels[level];
            for (int i = 0; i < config.DecoderBlocks[level]; i++) decoder.Block(c);
            bool last = level == config.DecoderChannels.Length - 1;
            if (last) decoder.Conv(c, config.OutChannels);
            else decoder.Conv(c, c, Resize.Double, bias: false);
        }
    }

    /// <inheritdoc/>
    public float ScalingFactor => config.ScalingFactor;

    /// <inheritdoc/>
    public int LatentChannels => config.LatentChannels;

    /// <inheritdoc/>
    public int Reduction => 1 << (config.EncoderChannels.Length - 1);

    /// <inheritdoc/>
    public Tensor Decode(Run run, Tensor latent)
    {
        using var precision = run.In(Precision);
        using var clamped = run.Allocate(latent.Shape); // 3 tanh(z/3): softly within [-3,3]
        run.Backend.Combine(clamped, new Term(1 / config.LatentMagnitude, latent));
        run.Backend.Activate(clamped, clamped, Activation.Tanh);
        run.Backend.Combine(clamped, new Term(config.LatentMagnitude, clamped));
        var picture = decoder.Forward(run, clamped); // [N,h,w,4] -> [N,H,W,3] in [0,1]
        Affine(run, picture, 2, -1);
        return picture;
    }

    /// <inheritdoc/>
    public (Tensor Mean, Tensor? LogVariance) Encode(Run run, Tensor picture)
    {
        using var precision = run.In(Precision);
        using var scaled = run.Allocate(picture.Shape);
        run.Backend.Copy(picture, scaled);
        Affine(run, scaled, 0.5f, 0.5f); // [-1,1] -> [0,1]
        return (encoder.Forward(run, scaled), null);
    }

    /// <summary>x = factor x + offset, in place.</summary>
    static void Affine(Run run, Tensor x, float factor, float offset)
    {
        using var constant = run.Allocate(x.Shape);
        run.Backend.Fill(constant, offset);
        run.Backend.Combine(x, new(factor, x), new(1, constant));
    }

    enum Resize { Keep, Halve, Double }

    /// <summary>
    /// torch's Sequential: layers counted by index, ReLU and Upsample among them, though they are fused into convolutions here.
    /// </summary>
    sealed class Layers(Scope scope)
    {
        readonly List<Func<Run, Tensor, Tensor>> layers = [];
        int index;

        public void Conv(int cIn, int cOut, Resize resize = Resize.Keep, bool bias = true, Activation activation = Activation.None)
        {
            if (resize == Resize.Double) index++; // the Upsample before it
            var conv = new Conv2d(scope / index++, cIn, cOut, bias: bias);
            if (activation != Activation.None) index++;
            var epilogue = new Epilogue { Activation = activation };
            layers.Add((run, x) => resize switch
            {
                Resize.Halve => conv.Downsample(run, x, epilogue),
                Resize.Double => conv.Upsample(run, x, 2 * x.Shape.H, 2 * x.Shape.W, epilogue),
                _ => conv.Forward(run, x, epilogue),
            });
        }

        public void Block(int channels)
        {
            var block = new TinyBlock(scope / index++, channels);
            layers.Add(block.Forward);
        }

        public Tensor Forward(Run run, Tensor x)
        {
            var y = layers[0](run, x);
            foreach (var layer in layers.Skip(1))
                Run.Replace(ref y, layer(run, y));
            return y;
        }
    }

    /// <summary>relu(x + conv(relu(conv(relu(conv(x))))))</summary>
    sealed class TinyBlock(Scope scope, int channels) : Module(scope)
    {
        readonly Conv2d conv0 = new(scope / "conv" / 0, channels, channels);
        readonly Conv2d conv2 = new(scope / "conv" / 2, channels, channels);
        readonly Conv2d conv4 = new(scope / "conv" / 4, channels, channels);

        /// <summary>[N,H,W,C] -> [N,H,W,C], a new tensor.</summary>
        public Tensor Forward(Run run, Tensor x)
        {
            using var first = conv0.Forward(run, x, new() { Activation = Activation.Relu });
            using var second = conv2.Forward(run, first, new() { Activation = Activation.Relu });
            var y = conv4.Forward(run, second, new() { Residual = x, Activation = Activation.Relu });
            run.Show(Name, y);
            return y;
        }
    }
}
