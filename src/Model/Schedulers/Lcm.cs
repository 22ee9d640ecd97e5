using PureLcm.Weights;

namespace PureLcm.Model.Schedulers;

/// <summary>
/// Sampling from a latent consistency model (Luo et al. 2023, arXiv:2310.04378), be it a whole UNet or an LCM-LoRA on
/// top of one (arXiv:2311.05556). Read beside the first paper.
///
/// A diffusion model's probability-flow ODE carries each noise to one clean latent, along a path that ordinary samplers
/// follow in tens of small steps. A consistency function f(x_t, t) = x0 jumps from any point of the path to its end at
/// once (section 3). To go on from there: mix new noise into the estimate, less than before, and jump again; each round
/// repairs what the one before got wrong (multistep latent consistency sampling, the paper's algorithm for inference).
///
///     x = noise
///     for t, t' in pairs of neighbouring timesteps:
///         x0 = f(x, t)
///         x  = sqrt(ab_t') x0 + sqrt(1 - ab_t') z,   z = new noise
///     the last x0 is the result
/// </summary>
public sealed class Lcm : Scheduler
{
    /// <summary>sigma_data: how far clean latents spread, as the consistency models' paper sets it (arXiv:2303.01469, appendix C).</summary>
    const double SigmaData = 0.5;

    readonly StepFactors[] steps;

    Lcm(NoiseSchedule schedule, int[] timesteps, double timestepScaling) : base(schedule, timesteps, drawsBetweenSteps: true)
    {
        steps = new StepFactors[timesteps.Length];
        for (int i = 0; i < steps.Length; i++)
        {
            var f = Consistency(schedule, timesteps[i], timestepScaling);
            bool last = i + 1 == steps.Length;
            double ab = last ? 1 : schedule.AlphaCumprod(timesteps[i + 1]);
            var next = (Math.Sqrt(ab) * f.X, Math.Sqrt(ab) * f.Output);
            steps[i] = new(next, (float)Math.Sqrt(1 - ab), f);
        }
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<StepFactors> Steps => steps;

    /// <summary>
    /// f(x, t) = c_skip(t) x + c_out(t) x0, where x0 is the network's own estimate: (x - sigma e) / alpha for a network that
    /// predicts noise (section 4.1). c_skip = sigma_data^2 / (s^2 + sigma_data^2) and c_out = s / sqrt(s^2 + sigma_data^2),
    /// with s = 10 t, make f the identity at t = 0, as a consistency function has to be there; at the timesteps in use
    /// c_skip is almost 0 and c_out almost 1.
    /// </summary>
    static (double X, double Output) Consistency(NoiseSchedule schedule, int t, double timestepScaling)
    {
        double s = t * timestepScaling, square = s * s + SigmaData * SigmaData;
        double skip = SigmaData * SigmaData / square, scale = s / Math.Sqrt(square);
        return Mix(scale, schedule.CleanEstimate(t), skip, (1, 0));
    }

    /// <summary>
    /// The timesteps. Distillation skipped over k timesteps at a time (section 4.3), so the model knows the path at
    /// k - 1, 2k - 1, …, 50k - 1 only, 50 being original_inference_steps: the steps are spread over these, the noisiest first.
    /// With a strength below 1 only the cleanest of them are in use.
    /// </summary>
    static int[] ChooseTimesteps(int trained, int originalSteps, int steps, double strength)
    {
        int k = trained / originalSteps, known = (int)(originalSteps * strength);
        if (steps < 1 || steps > known)
            throw new ChoiceException(strength == 1
                ? $"{steps} steps can't be taken with the scheduler lcm: ask for 1 to {known}; 4 make a good picture"
                : $"{steps} steps can't be taken with the scheduler lcm at a strength of {strength}: "
                    + (known > 0 ? $"ask for 1 to {known}, or a larger strength" : $"ask for a strength of {1.0 / originalSteps} or more"));
        double stride = (double)known / steps; // in double, as numpy's linspace
        var timesteps = new int[steps];
        for (int i = 0; i < steps; i++) timesteps[i] = (known - (int)(i * stride)) * k - 1;
        return timesteps;
    }

    internal static Lcm Create(Config config, int steps, double strength)
    {
        var schedule = NoiseSchedule.Read(config, ("scaled_linear", 0.00085, 0.012));
        int originalSteps = config.Int("original_inference_steps", 50, least: 1);
        if (originalSteps > schedule.Count)
            throw new WeightsException(config.Path, $"original_inference_steps is {originalSteps}, more than the {schedule.Count} timesteps of the training", "50 is usual: correct the file, or fetch it again");
        return new Lcm(schedule, ChooseTimesteps(schedule.Count, originalSteps, steps, strength), config.Double("timestep_scaling", 10));
    }
}
