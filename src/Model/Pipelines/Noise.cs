using PureLcm.Kernels;
using PureLcm.Model.Layers;
using PureLcm.Model.Random;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// All noise of a run, drawn first and in torch's order: the latents of all pictures as one [N,4,h,w] draw, then one such draw
/// for each step that needs it. So a picture made by itself equals its place in torch's batch, and a device gets all noise of
/// a picture in one upload.
/// </summary>
sealed class Noise
{
    readonly List<float[]> draws = []; // the latents, then each step's that draws
    readonly int[] places;

    /// <param name="seed">The generator's seed.</param>
    /// <param name="pictures">N.</param>
    /// <param name="shape">One picture's latent, [1,h,w,4].</param>
    /// <param name="draws">Which steps draw.</param>
    public Noise(Seed seed, int pictures, Shape shape, IReadOnlyList<bool> draws)
    {
        Shape = shape;
        var generator = new TorchRandom(seed);
        Draw();
        places = new int[draws.Count];
        for (int i = 0; i < places.Length; i++)
        {
            if (!draws[i]) continue;
            places[i] = this.draws.Count;
            Draw();
        }

        void Draw()
        {
            var values = new float[checked((int)(pictures * shape.Count))];
            var reordered = new float[values.Length];
            generator.Normal(values);
            TorchOrder.FromTorch(values, shape.WithBatch(pictures), reordered); // [N,4,h,w] -> [N,h,w,4]
            this.draws.Add(reordered);
        }
    }

    /// <summary>One picture's latent.</summary>
    public Shape Shape { get; }

    /// <summary>All noise of a picture, [1 + steps that draw,h,w,4]: the first latent, then each step's.</summary>
    public Tensor Upload(Run run, int picture)
    {
        int count = (int)Shape.Count;
        var values = new float[draws.Count * count];
        for (int i = 0; i < draws.Count; i++) draws[i].AsSpan(picture * count, count).CopyTo(values.AsSpan(i * count));
        var all = run.Allocate(Shape.WithBatch(draws.Count));
        run.Backend.Upload(values, all);
        return all;
    }

    /// <summary>A step's noise in what <see cref="Upload"/> gave; null where the step draws none.</summary>
    public Tensor? OfStep(Tensor all, int step) => places[step] > 0 ? all.Batch(places[step]) : null;
}
