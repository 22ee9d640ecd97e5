using System.Globalization;
using PureLcm.Kernels;
using PureLcm.Model;
using PureLcm.Model.Random;
using PureLcm.Model.Schedulers;
using PureLcm.Weights;

namespace PureLcm.Verification;

/// <summary>What surrounds the networks: torch's generator, and the LCM scheduler on a model that is a formula.</summary>
static class SamplerCases
{
    /// <summary><c>seedS_nN</c>: two successive torch.randn(N) from one generator seeded S.</summary>
    public static IReadOnlyList<Comparison> Randn(Case reference)
    {
        var comparisons = new List<Comparison>();
        foreach (string name in reference.Names.Order(StringComparer.Ordinal))
        {
            string[] parts = name.Split('_');
            var generator = new TorchRandom(unchecked((ulong)long.Parse(parts[0]["seed".Length..], CultureInfo.InvariantCulture)));
            float[] theirs = reference.Floats(name), ours = new float[theirs.Length];
            int half = int.Parse(parts[1][1..], CultureInfo.InvariantCulture);
            generator.Normal(ours.AsSpan(0, half));
            generator.Normal(ours.AsSpan(half));
            comparisons.Add(Comparison.OfValues(name, ours, theirs, 1e-6));
        }
        return comparisons;
    }

    /// <summary><c>PRED_STEPS_STRENGTH_{x,t,out,denoised}</c>; noise from a generator seeded with the number of steps.</summary>
    public static IReadOnlyList<Comparison> Lcm(Case reference)
    {
        var comparisons = new List<Comparison>();
        var backend = reference.Backend;
        foreach (string name in reference.Names.Where(name => name.EndsWith("_x", StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            string stem = name[..^2], strength = stem[(stem.LastIndexOf('_') + 1)..];
            stem = stem[..stem.LastIndexOf('_')];
            string count = stem[(stem.LastIndexOf('_') + 1)..], prediction = stem[..stem.LastIndexOf('_')];
            stem = name[..^2];
            int steps = int.Parse(count, CultureInfo.InvariantCulture);
            var config = Config.Parse("the case", $$"""{"_class_name": "LCMScheduler", "prediction_type": "{{prediction}}"}""");
            var scheduler = Scheduler.Create(SchedulerKind.Lcm, config, steps, double.Parse(strength, CultureInfo.InvariantCulture));
            comparisons.Add(Comparison.OfNumbers(stem + "_t", [.. scheduler.Timesteps.Select(t => (int)t)], reference.Ints(stem + "_t")));

            var generator = new TorchRandom((ulong)steps);
            using var x = reference.Upload(name);
            using var output = backend.Allocate(x.Shape);
            using var noise = backend.Allocate(x.Shape);
            using var denoised = backend.Allocate(x.Shape);
            var draw = new float[x.Shape.Count];
            for (int i = 0; i < steps; i++)
            {
                backend.Activate(x, output, Activation.Tanh); // the model: 0.7 x + 0.1 tanh x
                backend.Combine(output, new(0.7f, x), new(0.1f, output));
                if (scheduler.Draws[i])
                {
                    generator.Normal(draw);
                    backend.UploadTorch(draw, noise);
                }
                scheduler.Step(backend, i, x, output, scheduler.Draws[i] ? noise : null, x, denoised);
            }
            comparisons.Add(reference.Compare(stem + "_out", x));
            comparisons.Add(reference.Compare(stem + "_denoised", denoised));
        }
        return comparisons;
    }
}
