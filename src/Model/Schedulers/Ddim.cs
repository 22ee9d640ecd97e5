using PureLcm.Weights;

namespace PureLcm.Model.Schedulers;

/// <summary>
/// Denoising diffusion implicit models (Song et al. 2020, arXiv:2010.02502), without noise between the steps (eta = 0):
/// the network's estimate of the clean latent and of the noise are mixed anew as they would be at the next timestep
/// (equation 12), x' = sqrt(ab') x0 + sqrt(1 - ab') e. Small steps along the path that LCM jumps over.
/// </summary>
public sealed class Ddim : Scheduler
{
    readonly StepFactors[] steps;

    Ddim(NoiseSchedule schedule, int[] timesteps, double finalAlphaCumprod) : base(schedule, timesteps, drawsBetweenSteps: false)
    {
        steps = new StepFactors[timesteps.Length];
        for (int i = 0; i < steps.Length; i++)
        {
            // The step goes back by an even share of the training's timesteps, which is not always the list's next.
            int t = timesteps[i], previous = t - schedule.Count / steps.Length;
            double ab = previous >= 0 ? schedule.AlphaCumprod(previous) : finalAlphaCumprod;
            var clean = schedule.CleanEstimate(t);
            steps[i] = new(Mix(Math.Sqrt(ab), clean, Math.Sqrt(1 - ab), schedule.NoiseEstimate(t)), 0, clean);
        }
    }

    /// <inheritdoc/>
    protected override IReadOnlyList<StepFactors> Steps => steps;

    /// <summary>
    /// Even steps over the training's timesteps, the noisiest first: leading ones begin below the end, by offset;
    /// trailing ones begin at the end; linspace has both ends (Lin et al. 2023, arXiv:2305.08891, table 2).
    /// </summary>
    static int[] ChooseTimesteps(string spacing, int trained, int steps, int offset)
    {
        var timesteps = new int[steps];
        for (int i = 0; i < steps; i++)
            timesteps[i] = spacing switch
            {
                "leading" => (steps - 1 - i) * (trained / steps) + offset,
                "trailing" => (int)Math.Round(trained - i * ((double)trained / steps)) - 1,
                _ => steps == 1 ? 0 : (int)Math.Round((steps - 1 - i) * ((trained - 1) / (double)(steps - 1))),
            };
        if (timesteps[0] >= trained)
            throw new ChoiceException($"{steps} steps with steps_offset {offset} begin at timestep {timesteps[0]}, beyond the training's last, {trained - 1}: ask for fewer steps");
        return timesteps;
    }

    internal static Ddim Create(Config config, int steps, bool imagePipeline)
    {
        var schedule = NoiseSchedule.Read(config, ("linear", 0.0001, 0.02));
        if (steps < 1 || steps > schedule.Count)
            throw new ChoiceException($"{steps} steps can't be taken with the scheduler ddim: ask for 1 to {schedule.Count}; 25 make a good picture");
        int offset = imagePipeline ? 1 : config.Int("steps_offset", 0);
        var timesteps = ChooseTimesteps(NoiseSchedule.OneOf(config, "timestep_spacing", "leading", "trailing", "linspace"), schedule.Count, steps, offset);
        return new Ddim(schedule, timesteps, config.Bool("set_alpha_to_one", true) ? 1 : schedule.AlphaCumprod(0));
    }
}
