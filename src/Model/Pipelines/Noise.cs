using PureLcm.Kernels;
using PureLcm.Model.Random;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// All noise of a run, drawn first and in torch's order: the latents of all pictures as one [N,4,h,w] draw, then one such draw
/// for each step that needs it. So a picture made by itself equals its place in torch's batch.
/// </summary>
sealed class Noise
{
    readonly float[] latents;
    readonly float[]?[] steps;

    /// <param name="seed">The generator's seed.</param>
    /// <param name="pictures">N.</param>
    /// <param name="shape">One picture's latent, [1,h,w,4].</param>
    /// <param name="draws">Which steps draw.</param>
    public Noise(long seed, int pictures, Shape shape, IReadOnlyList<bool> draws)
    {
        Shape = shape;
        var generator = new TorchRandom(unchecked((ulong)seed));
        latents = Draw();
        steps = new float[draws.Count][];
        for (int i = 0; i < steps.Length; i++) steps[i] = draws[i] ? Draw() : null;

        float[] Draw()
        {
            var values = new float[checked((int)(pictures * shape.Count))];
            var reordered = new float[values.Length];
            generator.Normal(values);
            TorchOrder.FromTorch(values, shape.WithBatch(pictures), reordered); // [N,4,h,w] -> [N,h,w,4]
            return reordered;
        }
    }

    /// <summary>One picture's latent.</summary>
    public Shape Shape { get; }

    /// <summary>The first latent of a picture.</summary>
    public void UploadLatent(int picture, Tensor x) => x.Backend.Upload(Slice(latents, picture), x);

    /// <summary>A step's noise for a picture; false where the step draws none.</summary>
    public bool UploadStep(int step, int picture, Tensor x)
    {
        if (steps[step] is not { } values) return false;
        x.Backend.Upload(Slice(values, picture), x);
        return true;
    }

    ReadOnlySpan<float> Slice(float[] values, int picture) => values.AsSpan(picture * (int)Shape.Count, (int)Shape.Count);
}
