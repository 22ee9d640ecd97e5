using PureLcm.Kernels;
using PureLcm.Weights;

namespace PureLcm.Model.Schedulers;

/// <summary>The samplers there are.</summary>
public enum SchedulerKind
{
    /// <summary>Latent consistency: one to eight steps, each straight to a clean latent.</summary>
    Lcm,
    /// <summary>Denoising diffusion implicit models: tens of small deterministic steps.</summary>
    Ddim,
}

/// <summary>
/// Takes a latent from noise to clean in steps: says at which timesteps the network is asked, and makes the next latent
/// from its output. Coefficients are computed here, on the host; a step is a linear combination of tensors that stay on
/// their device. Immutable, so one scheduler serves any number of pictures.
/// </summary>
public abstract class Scheduler
{
    /// <summary>A sampler for so many steps, with its timesteps chosen.</summary>
    protected Scheduler(NoiseSchedule schedule, int[] timesteps, bool drawsBetweenSteps)
    {
        var (times, draws) = (new float[timesteps.Length], new bool[timesteps.Length]);
        for (int i = 0; i < timesteps.Length; i++) (times[i], draws[i]) = (timesteps[i], drawsBetweenSteps && i + 1 < timesteps.Length);
        (Schedule, Timesteps, Draws) = (schedule, times, draws);
    }

    /// <summary>Makes a sampler.</summary>
    /// <param name="kind">Which.</param>
    /// <param name="config">
    /// scheduler_config.json of any scheduler class: what it says of noise and prediction type holds, and what it doesn't say
    /// is the default of the class asked for.
    /// </param>
    /// <param name="steps">How many times the network is asked.</param>
    /// <param name="strength">
    /// The share of the way, from the clean end, that the steps go over: 1 from pure noise. Below 1 for
    /// <see cref="SchedulerKind.Lcm"/> only, whose picture-to-picture pipeline puts all steps inside it.
    /// </param>
    /// <param name="imagePipeline">
    /// Stable Diffusion 1 and 2's text-to-image and image-to-image pipelines take steps_offset for 1 and clip_sample for false,
    /// whatever the file says; other pipelines take the file's word.
    /// </param>
    /// <exception cref="ModelException">So many steps can't be taken.</exception>
    /// <exception cref="WeightsException">A field of the configuration says something that is not supported.</exception>
    public static Scheduler Create(SchedulerKind kind, Config config, int steps, double strength = 1, bool imagePipeline = true)
    {
        if (!(strength is >= 0 and <= 1)) throw new ModelException($"a strength of {strength} is not between 0 and 1");
        if (!imagePipeline)
        {
            // Clipping x0 to [-1,1] is no linear combination, and nobody wants it of latents; but Ddim's class clips unless told.
            if (kind == SchedulerKind.Ddim && !config.Has("clip_sample"))
                throw new WeightsException(config.Path, "clip_sample is missing, which means true to DDIM, and that is not supported", "write \"clip_sample\": false into the file");
            config.Only("clip_sample", false);
        }
        if (kind == SchedulerKind.Lcm) return Lcm.Create(config, steps, strength);
        if (strength != 1) throw new ArgumentException("only Lcm puts its steps inside a strength", nameof(strength));
        return Ddim.Create(config, steps, imagePipeline);
    }

    /// <summary>The training's noise, and what the network predicts.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>The timestep at which the network is asked in each step, falling.</summary>
    public IReadOnlyList<float> Timesteps { get; }

    /// <summary>Which steps need noise of the latent's shape.</summary>
    public IReadOnlyList<bool> Draws { get; }

    /// <summary>What the first latent is, as a multiple of unit noise.</summary>
    public virtual float InitNoiseSigma => 1;

    /// <summary>The next latent.</summary>
    /// <param name="backend">Computes it.</param>
    /// <param name="i">The step, from 0.</param>
    /// <param name="x">The latent that the network saw.</param>
    /// <param name="output">What it made of it.</param>
    /// <param name="noise">Unit noise where <see cref="Draws"/> says so; else ignored.</param>
    /// <param name="next">Receives the next latent; may be <paramref name="x"/>.</param>
    /// <param name="denoised">Receives the step's estimate of the clean latent, if it is there.</param>
    public void Step(Backend backend, int i, Tensor x, Tensor output, Tensor? noise, Tensor next, Tensor? denoised = null)
    {
        var step = Steps[i];
        if (denoised is not null) Combine(backend, denoised, step.Denoised, x, output);
        if (step.Noise == 0)
            Combine(backend, next, step.Next, x, output);
        else
            backend.Combine(next, new((float)step.Next.X, x), new((float)step.Next.Output, output),
                new(step.Noise, noise ?? throw new ArgumentNullException(nameof(noise), $"step {i} needs noise")));
    }

    static void Combine(Backend backend, Tensor y, (double X, double Output) factors, Tensor x, Tensor output) =>
        backend.Combine(y, new((float)factors.X, x), new((float)factors.Output, output));

    /// <summary>The coefficients of each step.</summary>
    protected abstract IReadOnlyList<StepFactors> Steps { get; }

    /// <summary>next = Next.X x + Next.Output output + Noise noise, and denoised likewise.</summary>
    protected readonly record struct StepFactors((double X, double Output) Next, float Noise, (double X, double Output) Denoised);

    /// <summary>a u + b v of two pairs of coefficients.</summary>
    protected static (double X, double Output) Mix(double a, (double X, double Output) u, double b, (double X, double Output) v) =>
        (a * u.X + b * v.X, a * u.Output + b * v.Output);
}
