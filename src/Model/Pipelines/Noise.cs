using PureLcm.Kernels;
using PureLcm.Model.Layers;
using PureLcm.Model.Random;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// The noise of a run in torch's order: the latents of all pictures as one [N,4,h,w] draw, then one such draw for each step that
/// needs it. A picture to begin with is drawn once for all, before the latents, and once more without what its mask covers, after
/// them. A picture made by itself equals its place in torch's batch, and a device gets all noise of a picture in one upload.
/// Each draw is a stream of its own, which waits where its next picture begins, so that memory doesn't grow with N.
/// </summary>
sealed class Noise
{
    readonly NormalStream[] draws; // the latents, then each step's that draws
    readonly int[] places;
    readonly float[] values;
    readonly int count;
    int held = -1; // the picture whose noise is in values

    /// <param name="seed">The generator's seed.</param>
    /// <param name="pictures">N.</param>
    /// <param name="shape">One picture's latent, [1,h,w,4].</param>
    /// <param name="stepDraws">Which steps draw.</param>
    /// <param name="first">The first picture that will be asked for.</param>
    /// <param name="picture">Whether a picture to begin with is drawn.</param>
    /// <param name="masked">
    /// Whether it is drawn without what its mask covers; diffusers draws that also for UNets that have no use for it.
    /// </param>
    public Noise(
        Seed seed, int pictures, Shape shape, IReadOnlyList<bool> stepDraws, int first = 0, bool picture = false, bool masked = false)
    {
        Shape = shape;
        count = checked((int)shape.Count);
        places = new int[stepDraws.Count];
        int next = 1;
        for (int i = 0; i < places.Length; i++)
            if (stepDraws[i]) places[i] = next++;
        values = new float[checked(next * count)];

        draws = new NormalStream[next];
        var generator = new TorchRandom(seed);
        long all = (long)pictures * count;
        if (picture) OfPicture = DrawOne();
        for (int i = 0; i < next; i++)
        {
            draws[i] = new(generator.Copy(), all);
            if (i + 1 < next || masked) generator.SkipNormal(all);
            if (i == 0 && masked) OfMasked = DrawOne();
            draws[i].Skip((long)first * count);
        }
        held = first - 1;

        float[] DrawOne()
        {
            float[] torch = new float[count], own = new float[count];
            generator.Normal(torch);
            TorchOrder.FromTorch(torch, shape, own); // [1,4,h,w] -> [1,h,w,4]
            return own;
        }
    }

    /// <summary>What a picture to begin with is drawn by, in the order of <see cref="Shape"/>; null where it is not.</summary>
    public float[]? OfPicture { get; }

    /// <summary>What it is drawn by without what its mask covers; null where it is not.</summary>
    public float[]? OfMasked { get; }

    /// <summary>One picture's latent.</summary>
    public Shape Shape { get; }

    /// <summary>
    /// All noise of a picture, [1 + steps that draw,h,w,4]: the first latent, then each step's. Pictures are asked for in their
    /// order; one may be asked for again before the next.
    /// </summary>
    public Tensor Upload(Run run, int picture)
    {
        while (held < picture)
        {
            var torch = new float[count];
            for (int i = 0; i < draws.Length; i++)
            {
                draws[i].Read(torch);
                TorchOrder.FromTorch(torch, Shape, values.AsSpan(i * count, count)); // [1,4,h,w] -> [1,h,w,4]
            }
            held++;
        }
        if (held != picture) throw new InvalidOperationException($"the noise of picture {picture} is asked for after that of picture {held}");
        var all = run.Allocate(Shape.WithBatch(draws.Length));
        run.Backend.Upload(values, all);
        return all;
    }

    /// <summary>A step's noise in what <see cref="Upload"/> gave.</summary>
    public Tensor OfStep(Tensor all, int step) => all.Batch(places[step]);
}
