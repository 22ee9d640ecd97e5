using System.Globalization;
using PureLcm.Kernels;
using PureLcm.Kernels.Reference;
using PureLcm.Model.Random;
using PureLcm.Model.Schedulers;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.Schedulers;

public sealed class StepTests : IDisposable
{
    readonly ReferenceBackend backend = new();

    public void Dispose() => backend.Dispose();

    /// <summary>PREDICTION_STEPS_STRENGTH of the reference case: diffusers' scheduler on the model 0.7 x + 0.1 tanh x.</summary>
    [Fact]
    public void LcmWalksAsDiffusersDoes()
    {
        using var golden = SafetensorsFile.Open(Path.Combine(Repository.Golden, "cases", "scheduler", "lcm.safetensors"));
        string[] runs = [.. golden.Tensors.Keys.Where(name => name.EndsWith("_x", StringComparison.Ordinal)).Select(name => name[..^2])];
        Assert.Equal(36, runs.Length);
        foreach (string run in runs)
        {
            string[] parts = run.Split('_');
            int steps = int.Parse(parts[^2], CultureInfo.InvariantCulture);
            double strength = double.Parse(parts[^1], CultureInfo.InvariantCulture);
            var scheduler = Make(SchedulerKind.Lcm, string.Join('_', parts[..^2]), steps, strength);
            Assert.Equal(golden.Find(run + "_t").ReadLongs().Select(t => (float)t), scheduler.Timesteps);

            float[] x = golden.ReadFloats(run + "_x"), denoised = [];
            var random = new TorchRandom((ulong)steps);
            for (int i = 0; i < steps; i++)
            {
                var noise = new float[x.Length];
                if (scheduler.Draws[i]) random.Normal(noise);
                (x, denoised) = Step(scheduler, i, x, [.. x.Select(v => 0.7f * v + 0.1f * MathF.Tanh(v))], noise);
            }
            AssertClose(golden.ReadFloats(run + "_out"), x, 1e-6, run);
            AssertClose(golden.ReadFloats(run + "_denoised"), denoised, 1e-6, run);
        }
    }

    [Fact]
    public void DdimMixesItsEstimatesAnew()
    {
        var scheduler = Make(SchedulerKind.Ddim, "epsilon", 6);
        Assert.Equal([831, 665, 499, 333, 167, 1], scheduler.Timesteps);
        float[] x = Draw(1), e = Draw(2);
        for (int i = 0; i < 6; i++)
        {
            // Song et al., equation 12, with sigma 0; the last step goes to the clean latent.
            int t = (int)scheduler.Timesteps[i], previous = t - 166;
            double ab = scheduler.Schedule.AlphaCumprod(t), then = previous < 0 ? 1 : scheduler.Schedule.AlphaCumprod(previous);
            double[] clean = [.. x.Zip(e, (x, e) => (x - Math.Sqrt(1 - ab) * e) / Math.Sqrt(ab))];
            var (next, denoised) = Step(scheduler, i, x, e, []);
            AssertClose([.. clean.Select(v => (float)v)], denoised, 1e-6, $"denoised {i}");
            AssertClose([.. clean.Zip(e, (x0, e) => (float)(Math.Sqrt(then) * x0 + Math.Sqrt(1 - then) * e))], next, 2e-6, $"step {i}");
        }
    }

    [Fact]
    public void TheLastAlphaIsTheFirstOfTheScheduleUnlessItIsSetToOne()
    {
        float[] x = Draw(1), e = Draw(2);
        var toOne = Scheduler.Create(SchedulerKind.Ddim, Config.Parse("x", "{}"), 10);
        var (next, denoised) = Step(toOne, 9, x, e, []);
        Assert.Equal(denoised, next);
        var toFirst = Scheduler.Create(SchedulerKind.Ddim, Config.Parse("x", """{"set_alpha_to_one": false}"""), 10);
        (next, denoised) = Step(toFirst, 9, x, e, []);
        AssertClose([.. denoised.Zip(e, (x0, e) => (float)(Math.Sqrt(0.9999) * x0 + 0.01 * e))], next, 1e-6, "last step");
    }

    /// <summary>Noise, velocity and clean latent say the same thing of a latent, so the step they lead to is one.</summary>
    [Theory]
    [InlineData(SchedulerKind.Lcm)]
    [InlineData(SchedulerKind.Ddim)]
    public void WhatTheNetworkPredictsDoesNotMatter(SchedulerKind kind)
    {
        float[] clean = Draw(1), e = Draw(2), noise = Draw(3);
        for (int i = 0; i < 4; i++)
        {
            var scheduler = Make(kind, "epsilon", 4);
            double ab = scheduler.Schedule.AlphaCumprod((int)scheduler.Timesteps[i]), alpha = Math.Sqrt(ab), sigma = Math.Sqrt(1 - ab);
            float[] x = [.. clean.Zip(e, (x0, e) => (float)(alpha * x0 + sigma * e))];
            float[] velocity = [.. clean.Zip(e, (x0, e) => (float)(alpha * e - sigma * x0))];
            var (byNoise, denoised) = Step(scheduler, i, x, e, noise);
            AssertClose(clean, denoised, kind == SchedulerKind.Lcm ? 1e-3 : 2e-6, "the clean latent"); // LCM's c_skip moves it a little
            AssertClose(byNoise, Step(Make(kind, "v_prediction", 4), i, x, velocity, noise).Next, 3e-6, $"velocity, step {i}");
            AssertClose(byNoise, Step(Make(kind, "sample", 4), i, x, clean, noise).Next, 3e-6, $"sample, step {i}");
        }
    }

    [Fact]
    public void AStepMayOverwriteItsLatentAndMissesItsNoise()
    {
        var scheduler = Make(SchedulerKind.Lcm, "epsilon", 2);
        float[] x = Draw(1), e = Draw(2), noise = Draw(3);
        using Tensor latent = Upload(x), output = Upload(e), fresh = Upload(noise), estimate = backend.Allocate(latent.Shape);
        Assert.Throws<ArgumentNullException>(() => scheduler.Step(backend, 0, latent, output, null, latent));
        scheduler.Step(backend, 0, latent, output, fresh, latent, estimate);
        var (next, denoised) = Step(scheduler, 0, x, e, noise);
        Assert.Equal(next, Download(latent));
        Assert.Equal(denoised, Download(estimate));
    }

    static Scheduler Make(SchedulerKind kind, string prediction, int steps, double strength = 1) => Scheduler.Create(kind,
        Config.Parse("scheduler_config.json", $$"""{"prediction_type": "{{prediction}}", "beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012}"""), steps, strength);

    (float[] Next, float[] Denoised) Step(Scheduler scheduler, int i, float[] x, float[] output, float[] noise)
    {
        using Tensor latent = Upload(x), predicted = Upload(output), fresh = Upload(noise.Length == 0 ? x : noise);
        using Tensor next = backend.Allocate(latent.Shape), denoised = backend.Allocate(latent.Shape);
        scheduler.Step(backend, i, latent, predicted, scheduler.Draws[i] ? fresh : null, next, denoised);
        return (Download(next), Download(denoised));
    }

    Tensor Upload(float[] values)
    {
        var tensor = backend.Allocate(Shape.Image(1, 1, values.Length / 4, 4));
        backend.Upload(values, tensor);
        return tensor;
    }

    float[] Download(Tensor tensor)
    {
        var values = new float[tensor.Shape.Count];
        backend.Download(tensor, values);
        return values;
    }

    static float[] Draw(ulong seed)
    {
        var values = new float[256];
        new TorchRandom(seed).Normal(values);
        return values;
    }

    /// <summary>The relative L2 error.</summary>
    static void AssertClose(float[] expected, float[] actual, double tolerance, string what)
    {
        Assert.Equal(expected.Length, actual.Length);
        double error = expected.Zip(actual, (a, b) => ((double)a - b) * ((double)a - b)).Sum(), norm = expected.Sum(a => (double)a * a);
        Assert.True(Math.Sqrt(error / norm) <= tolerance, $"{what}: relative error {Math.Sqrt(error / norm):e2}");
    }
}
