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
    readonly TinyLayers encoder, decoder;

    /// <summary>Builds the network that a config describes.</summary>
    public AutoencoderTiny(Scope scope, TinyConfig config) : base(scope)
    {
        this.config = config;
        encoder = new(scope / "encoder");
        int cIn = config.InChannels;
        for (int level = 0; level < config.EncoderChannels.Length; level++)
        {
            int c = config.EncoderChannels[level];
            if (level == 0) encoder.Conv(cIn, c);
            else encoder.Conv(cIn, c, TinyLayers.Resize.Halve, bias: false);
            for (int i = 0; i < config.EncoderBlocks[level]; i++) encoder.Block(c);
            cIn = c;
        }
        encoder.Conv(cIn, config.LatentChannels);

        decoder = new(scope / "decoder");
        cIn = config.DecoderChannels[0];
        decoder.Conv(config.LatentChannels, cIn, activation: Activation.Relu);
        for (int level = 0; level < config.DecoderChannels.Length; level++)
        {
            int c = config.DecoderChannels[level];
            for (int i = 0; i < config.DecoderBlocks[level]; i++) decoder.Block(c);
            bool last = level == config.DecoderChannels.Length - 1;
            if (last) decoder.Conv(c, config.OutChannels);
            else decoder.Conv(c, c, TinyLayers.Resize.Double, bias: false);
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
        using var frame = run.Enter(this);
        var clamped = run.Allocate(latent.Shape); // 3 tanh(z/3): softly within [-3,3]
        run.Backend.Combine(clamped, new Term(1 / config.LatentMagnitude, latent));
        run.Backend.Activate(clamped, clamped, Activation.Tanh);
        run.Backend.Combine(clamped, new Term(config.LatentMagnitude, clamped));
        var picture = decoder.Forward(run, clamped); // [N,h,w,4] -> [N,H,W,3] in [0,1]
        Affine(run, picture, 2, -1);
        run.Show(decoder.Name, picture);
        return frame.Keep(picture);
    }

    /// <inheritdoc/>
    public (Tensor Mean, Tensor? LogVariance) Encode(Run run, Tensor picture)
    {
        using var frame = run.Enter(this);
        var scaled = run.Allocate(picture.Shape);
        run.Backend.Copy(picture, scaled);
        Affine(run, scaled, 0.5f, 0.5f); // [-1,1] -> [0,1]
        var latent = encoder.Forward(run, scaled); // [N,H,W,3] -> [N,h,w,4]
        run.Show(encoder.Name, latent);
        return (frame.Keep(latent), null);
    }

    /// <summary>x = factor x + offset, in place.</summary>
    static void Affine(Run run, Tensor x, float factor, float offset)
    {
        using var frame = run.Enter("affine");
        var constant = run.Allocate(Shape.Vectors(1, x.Shape.C));
        run.Backend.Fill(constant, offset);
        run.Backend.Combine(x, new(factor, x), new(1, constant.Spread(x.Shape)));
    }
}
