using PureLcm.Kernels;
using PureLcm.Model.Layers;

namespace PureLcm.Model.Unet;

/// <summary>
/// From timesteps to the vector that every resnet adds: sinusoids, then linear, silu, linear. Ho et al. 2020, appendix B.
/// A UNet distilled with its guidance embedded (Luo et al. 2023, arXiv:2310.04378, section 4.2) adds a projection of the
/// guidance embedding to the sinusoids.
/// </summary>
public sealed class TimeEmbedding : Module
{
    readonly string projectionName;
    readonly int sinusoids;
    readonly bool cosFirst;
    readonly float shift;
    readonly Linear linear1, linear2;
    readonly Linear? conditionProjection;

    /// <summary>
    /// The UNet's <c>time_proj</c> and <c>time_embedding</c>; <paramref name="conditionChannels"/> is the width of the guidance
    /// embedding, 0 where the UNet has none.
    /// </summary>
    public TimeEmbedding(Scope unet, int sinusoids, int channels, int conditionChannels, bool cosFirst, float shift)
        : base(unet / "time_embedding")
    {
        (this.sinusoids, this.cosFirst, this.shift) = (sinusoids, cosFirst, shift);
        projectionName = (unet / "time_proj").Name;
        var scope = unet / "time_embedding";
        linear1 = new(scope / "linear_1", sinusoids, channels);
        if (conditionChannels > 0) conditionProjection = new(scope / "cond_proj", conditionChannels, sinusoids, bias: false);
        linear2 = new(scope / "linear_2", channels, channels);
    }

    /// <summary>[N] timesteps and perhaps a guidance embedding [N,conditionChannels] -> [N,channels], a new tensor.</summary>
    public Tensor Forward(Run run, ReadOnlySpan<float> timesteps, Tensor? condition)
    {
        using var frame = run.Enter(this);
        var waves = run.Allocate(Shape.Vectors(timesteps.Length, sinusoids));
        run.Backend.TimestepEmbedding(timesteps, waves, cosFirst, shift);
        run.Show(projectionName, waves);
        if (condition is not null) run.Backend.Combine(waves, new(1, waves), new(1, conditionProjection!.Forward(run, condition)));
        var hidden = linear1.Forward(run, waves, new() { Activation = Activation.Silu }); // [N,sinusoids] -> [N,channels]
        run.Show(Name + ".act", hidden);
        return frame.Return(linear2.Forward(run, hidden));
    }
}
