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
    int dropped; // steps of the table that are left out before the first

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
        if (!(strength is >= 0 and <= 1)) throw new ChoiceException($"a strength of {strength} is not between 0 and 1");
        if (!imagePipeline)
        {
            // Clipping x0 to [-1,1] is no linear combination, and nobody wants it of latents; but Ddim's class clips unless told.
            if (kind == SchedulerKind.Ddim && !config.Has("clip_sample"))
                throw new WeightsException(config.Path, "clip_sample is missing, which means true to DDIM, and that is not supported", "write \"clip_sample\": false into the file");
            config.Only("clip_sample", false);
        }
        if (kind == SchedulerKind.Lcm) return Lcm.Create(config, steps, strength);
        if (kind != SchedulerKind.Ddim) throw new ArgumentOutOfRangeException(nameof(kind), $"no sampler has the number {(int)kind}");
        if (strength != 1) throw new ArgumentException("only Lcm puts its steps inside a strength", nameof(strength));
        return Ddim.Create(config, steps, imagePipeline);
    }

    /// <summary>The training's noise, and what the network predicts.</summary>
    public NoiseSchedule Schedule { get; }

    /// <summary>The timestep at which the network is asked in each step, falling.</summary>
    public IReadOnlyList<float> Timesteps { get; private set; }

    /// <summary>Which steps need noise of the latent's shape.</summary>
    public IReadOnlyList<bool> Draws { get; private set; }

    /// <summary>What the first latent is, as a multiple of unit noise.</summary>
    public virtual float InitNoiseSigma => 1;

    /// <summary>What the latent is multiplied by before the network sees it in step i.</summary>
    public float InputScale(int i) => Steps[dropped + i].InputScale;

    /// <summary>
    /// How a clean latent and unit noise mix to what a latent is before step i: where a picture to begin with enters, and what
    /// stays of it beside a mask. After the last step it is the clean latent alone. Ho et al. 2020, arXiv:2006.11239, equation 4.
    /// </summary>
    public virtual (float Clean, float Noise) Mixture(int i)
    {
        if (i == Timesteps.Count) return (1, 0);
        double ab = Schedule.AlphaCumprod((int)Timesteps[i]);
        return ((float)Math.Sqrt(ab), (float)Math.Sqrt(1 - ab));
    }

    /// <summary>
    /// The same sampler without its first steps, which a picture to begin with takes the place of. Step i is then step i +
    /// <paramref name="leading"/> of this one.
    /// </summary>
    /// <param name="leading">Steps to leave out, fewer than there are.</param>
    /// <exception cref="NotSupportedException">The sampler looks back, so that its first step has factors of its own.</exception>
    public virtual Scheduler WithoutFirst(int leading)
    {
        if (leading < 0 || leading >= Timesteps.Count)
            throw new ArgumentOutOfRangeException(nameof(leading), $"{leading} of {Timesteps.Count} steps");
        if (LooksBack) throw new NotSupportedException("a sampler that looks back begins with another step");
        var rest = (Scheduler)MemberwiseClone();
        (rest.Timesteps, rest.Draws, rest.dropped) = ([.. Timesteps.Skip(leading)], [.. Draws.Skip(leading)], dropped + leading);
        return rest;
    }

    /// <summary>Whether a step looks back at the estimate that the step before it made.</summary>
    public virtual bool LooksBack => false;

    /// <summary>The next latent.</summary>
    /// <param name="backend">Computes it.</param>
    /// <param name="i">The step, from 0.</param>
    /// <param name="x">The latent, before <see cref="InputScale"/>.</param>
    /// <param name="output">What the network made of it.</param>
    /// <param name="noise">Unit noise where <see cref="Draws"/> says so; else ignored.</param>
    /// <param name="next">Receives the next latent; may be <paramref name="x"/>.</param>
    /// <param name="denoised">Receives the step's estimate of the clean latent, if it is there.</param>
    /// <param name="history">
    /// Holds the clean latent as the step before estimated it, and receives this step's: the run's, the same in each step. May be
    /// missing where the scheduler doesn't look back.
    /// </param>
    public void Step(Backend backend, int i, Tensor x, Tensor output, Tensor? noise, Tensor next, Tensor? denoised = null, Tensor? history = null)
    {
        var step = Steps[dropped + i];
        if (denoised is not null) Combine(backend, denoised, step.Denoised, x, output);

        int terms = 2;
        Span<Term> sum = [new((float)step.Next.X, x), new((float)step.Next.Output, output), default, default];
        if (step.Noise != 0) sum[terms++] = new(step.Noise, noise ?? throw new ArgumentNullException(nameof(noise), $"step {i} needs noise"));
        if (!LooksBack)
        {
            backend.Combine(next, sum[..terms]);
            return;
        }
        if (history is null) throw new ArgumentNullException(nameof(history), "this scheduler looks back at earlier steps");
        if (step.Earlier != 0) sum[terms++] = new((float)step.Earlier, history);
        using var own = backend.Allocate(x.Shape);
        Combine(backend, own, step.Denoised, x, output); // before next, which may be x
        backend.Combine(next, sum[..terms]);
        backend.Copy(own, history);
    }

    static void Combine(Backend backend, Tensor y, (double X, double Output) factors, Tensor x, Tensor output) =>
        backend.Combine(y, new((float)factors.X, x), new((float)factors.Output, output));

    /// <summary>The coefficients of each step.</summary>
    protected abstract IReadOnlyList<StepFactors> Steps { get; }

    /// <summary>
    /// A step as a table: next = Next.X x + Next.Output output + Noise noise + Earlier d, where denoised = Denoised.X x +
    /// Denoised.Output output is the step's estimate of the clean latent, and d the step's before.
    /// </summary>
    protected readonly record struct StepFactors((double X, double Output) Next, float Noise, (double X, double Output) Denoised)
    {
        /// <summary>What the estimate of the step before counts for.</summary>
        public double Earlier { get; init; }

        /// <summary>What the latent is multiplied by before the network sees it.</summary>
        public float InputScale { get; init; } = 1;
    }

    /// <summary>a u + b v of two pairs of coefficients.</summary>
    protected static (double X, double Output) Mix(double a, (double X, double Output) u, double b, (double X, double Output) v) =>
        (a * u.X + b * v.X, a * u.Output + b * v.Output);
}
