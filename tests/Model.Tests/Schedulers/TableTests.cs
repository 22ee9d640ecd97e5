using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Kernels.Reference;
using PureLcm.Model.Layers;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Schedulers;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.Schedulers;

/// <summary>
/// A scheduler is a table of coefficients, and what no scheduler here needs yet is held by two that are written in this test:
/// Euler's steps over sigmas, whose input is scaled and whose noise is large, and DPM-Solver++(2M), which looks back.
/// </summary>
public sealed class TableTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>
    /// Of data that is Gaussian with deviation s the clean estimate is x s^2 / (s^2 + sigma^2), and the path's end is known:
    /// x_0 = x s / sqrt(s^2 + sigma^2). A second-order sampler comes closer, and four times as close with half the step.
    /// </summary>
    [Fact]
    public void LookingBackMakesTheSecondOrder()
    {
        double euler8 = ErrorOf(new Euler(Sigmas(8))), multistep8 = ErrorOf(new Multistep(Sigmas(8))), multistep16 = ErrorOf(new Multistep(Sigmas(16)));
        Assert.InRange(multistep8, 1e-4, euler8 / 4);
        Assert.InRange(multistep16, 1e-5, multistep8 / 2.5);
    }

    /// <summary>Twice the latent, half the input, and twice what is added: all powers of two, so that the result is the double, to the bit.</summary>
    [Fact]
    public void TheFirstLatentAndTheInputAreScaled()
    {
        using var backend = new CpuBackend(1);
        using var model = LoadedModel.Load(FolderSource.Open(Repository.Picturebook), backend, cancellationToken: Cancellation);
        using var run = new Run(backend, loras: new(model.LoraWeights), cancellationToken: Cancellation);
        using var conditioning = Conditioner.Encode(run, model, ["a boat"], 1);
        var noise = run.Allocate(Shape.Image(1, 8, 8, 4));
        backend.Upload([.. Enumerable.Range(0, 256).Select(i => MathF.Sin(i))], noise);
        float[] plain = backend.DownloadTorch(new Sampler(model.Unet).Sample(run, new Scaled(1), noise, conditioning, _ => throw new NotSupportedException()));
        float[] scaled = backend.DownloadTorch(new Sampler(model.Unet).Sample(run, new Scaled(2), noise, conditioning, _ => throw new NotSupportedException()));
        Assert.Equal(plain.Select(value => 2 * value), scaled);
        Assert.Contains(plain, value => value != 0);
    }

    /// <summary>Without its first steps a sampler takes the others as it took them.</summary>
    [Fact]
    public void StepsAreLeftOut()
    {
        using var backend = new ReferenceBackend();
        using Tensor x = backend.Allocate(Shape.Vectors(1, 1)), output = backend.Allocate(x.Shape), noise = backend.Allocate(x.Shape), next = backend.Allocate(x.Shape);
        backend.Fill(x, 0.5f);
        backend.Fill(output, -0.25f);
        backend.Fill(noise, 2);
        foreach (var kind in (SchedulerKind[])[SchedulerKind.Lcm, SchedulerKind.Ddim])
        {
            var whole = Scheduler.Create(kind, Config.Parse("x", """{"clip_sample": false}"""), 5);
            var rest = whole.WithoutFirst(1).WithoutFirst(2);
            Assert.Equal(whole.Timesteps.Skip(3), rest.Timesteps);
            Assert.Equal(whole.Draws.Skip(3), rest.Draws);
            for (int i = 0; i < 2; i++)
            {
                Assert.Equal(After(whole, i + 3), After(rest, i));
                Assert.NotEqual(After(whole, i), After(rest, i));
                Assert.Equal(whole.Mixture(i + 3), rest.Mixture(i));
            }
            Assert.Equal(5, whole.Timesteps.Count);
            Assert.Throws<ArgumentOutOfRangeException>(() => whole.WithoutFirst(5));
        }
        Assert.Throws<NotSupportedException>(() => new Multistep(Sigmas(4)).WithoutFirst(1));

        float After(Scheduler scheduler, int i)
        {
            float[] value = new float[1];
            scheduler.Step(backend, i, x, output, noise, next);
            backend.Download(next, value);
            return value[0];
        }
    }

    /// <summary>A clean latent and unit noise of variance 1 each keep it; nothing of the noise is left at the end.</summary>
    [Fact]
    public void AMixtureKeepsTheVariance()
    {
        var scheduler = Scheduler.Create(SchedulerKind.Lcm, Config.Parse("x", "{}"), 4);
        float clean = -1;
        for (int i = 0; i < 4; i++)
        {
            var mixture = scheduler.Mixture(i);
            Assert.Equal(1, mixture.Clean * mixture.Clean + mixture.Noise * mixture.Noise, 1e-6f);
            Assert.Equal(scheduler.Schedule.AlphaCumprod((int)scheduler.Timesteps[i]), mixture.Clean * mixture.Clean, 1e-6);
            Assert.True(mixture.Clean > clean);
            clean = mixture.Clean;
        }
        Assert.Equal((1, 0), scheduler.Mixture(4));
    }

    [Fact]
    public void AllNamesLeadToOneSampler()
    {
        foreach (var kind in Enum.GetValues<SchedulerKind>())
            foreach (string name in (string[])[kind.Name(), kind.DiffusersClass(), kind.A1111Name(), kind.Name().ToUpperInvariant()])
                Assert.Equal(kind, SchedulerNames.Find(name));
        Assert.Null(SchedulerNames.Find("Heun"));
        Assert.Equal(Enum.GetValues<SchedulerKind>().Length, SchedulerNames.All.Distinct().Count());
        Assert.Equal(("lcm", "LCMScheduler", "LCM"), (SchedulerKind.Lcm.Name(), SchedulerKind.Lcm.DiffusersClass(), SchedulerKind.Lcm.A1111Name()));
    }

    static double[] Sigmas(int steps) => [.. Enumerable.Range(0, steps + 1).Select(i => 10 * Math.Pow(0.05 / 10, (double)i / steps))];

    static double ErrorOf(SigmaScheduler scheduler)
    {
        const double s = 0.7;
        using var backend = new ReferenceBackend();
        using Tensor x = backend.Allocate(Shape.Vectors(1, 1)), output = backend.Allocate(x.Shape), history = backend.Allocate(x.Shape);
        double start = scheduler.InitNoiseSigma, sigma = scheduler.Sigmas[0], end = scheduler.Sigmas[^1];
        backend.Fill(x, (float)start);
        float[] value = new float[1];
        for (int i = 0; i < scheduler.Timesteps.Count; i++)
        {
            backend.Download(x, value);
            double latent = value[0], at = scheduler.Sigmas[i], clean = latent * s * s / (s * s + at * at);
            backend.Fill(output, (float)((latent - clean) / at)); // the noise in it
            scheduler.Step(backend, i, x, output, null, x, history: scheduler.LooksBack ? history : null);
        }
        backend.Download(x, value);
        return Math.Abs(value[0] - start * Math.Sqrt((s * s + end * end) / (s * s + sigma * sigma)));
    }

    static NoiseSchedule Training => NoiseSchedule.Read(Config.Parse("x", "{}"), ("scaled_linear", 0.00085, 0.012));

    abstract class SigmaScheduler(double[] sigmas) : Scheduler(Training, [.. Enumerable.Range(0, sigmas.Length - 1)], drawsBetweenSteps: false)
    {
        public double[] Sigmas => sigmas;

        public override float InitNoiseSigma => (float)sigmas[0];
    }

    /// <summary>x' = x + (sigma' - sigma) e: Karras et al. 2022, arXiv:2206.00364, algorithm 1 without its correction.</summary>
    sealed class Euler(double[] sigmas) : SigmaScheduler(sigmas)
    {
        protected override IReadOnlyList<StepFactors> Steps { get; } =
            [.. sigmas[..^1].Select((sigma, i) => new StepFactors((1, sigmas[i + 1] - sigma), 0, (1, -sigma)) { InputScale = (float)(1 / Math.Sqrt(sigma * sigma + 1)) })];
    }

    /// <summary>Lu et al. 2022, arXiv:2211.01095, algorithm 2, over sigmas: lambda = -ln sigma.</summary>
    sealed class Multistep(double[] sigmas) : SigmaScheduler(sigmas)
    {
        public override bool LooksBack => true;

        protected override IReadOnlyList<StepFactors> Steps { get; } = [.. sigmas[..^1].Select((sigma, i) =>
        {
            double h = Math.Log(sigma / sigmas[i + 1]), past = i == 0 ? 0 : Math.Log(sigmas[i - 1] / sigma), share = i == 0 ? 0 : h / past / 2;
            double clean = 1 - Math.Exp(-h), own = clean * (1 + share); // x' = sigma'/sigma x + clean ((1 + share) d - share d_before)
            return new StepFactors((sigmas[i + 1] / sigma + own, -own * sigma), 0, (1, -sigma)) { Earlier = -clean * share };
        })];
    }

    sealed class Scaled(float scale) : Scheduler(Training, [700, 300], drawsBetweenSteps: false)
    {
        public override float InitNoiseSigma => scale;

        protected override IReadOnlyList<StepFactors> Steps { get; } =
            [.. Enumerable.Range(0, 2).Select(_ => new StepFactors((1, -0.25 * scale), 0, (1, -1)) { InputScale = 1 / scale })];
    }
}
