using PureLcm.Kernels;
using PureLcm.Model.ControlNet;
using PureLcm.Model.Layers;
using PureLcm.Model.Schedulers;
using PureLcm.Model.Unet;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// From a noisy latent to a clean one: in each step the UNet is asked at the scheduler's timestep, and the scheduler makes the
/// next latent of its answer. With <see cref="Lcm"/> this is the paper's multistep sampling (Luo et al. 2023,
/// arXiv:2310.04378, algorithm for inference); read Schedulers/Lcm.cs beside it.
/// </summary>
/// <param name="unet">Predicts what the scheduler's model predicts: the noise, or its velocity.</param>
/// <param name="controls">ControlNets that steer it; null for none.</param>
public sealed class Sampler(UNet unet, ActiveControls? controls = null)
{
    /// <summary>Runs all steps.</summary>
    /// <param name="run">Computes them.</param>
    /// <param name="scheduler">Says when the UNet is asked, and what becomes of its answers.</param>
    /// <param name="start">Unit noise, [1,h,w,4]; stays as it is.</param>
    /// <param name="conditioning">What the picture is to show.</param>
    /// <param name="noise">Unit noise of a step, of the latent's shape; asked for only where the scheduler draws.</param>
    /// <param name="stepped">Told after each step: the step from 0, and the latent, the run's.</param>
    /// <returns>The clean latent, [1,h,w,4], a new tensor.</returns>
    public Tensor Sample(Run run, Scheduler scheduler, Tensor start, Conditioning conditioning, Func<int, Tensor> noise, Action<int, Tensor>? stepped = null)
    {
        using var frame = run.Enter("sampler");
        var x = run.Allocate(start.Shape);
        var history = scheduler.LooksBack ? run.Allocate(start.Shape) : null;
        run.Backend.Combine(x, new Term(scheduler.InitNoiseSigma, start));
        for (int i = 0; i < scheduler.Timesteps.Count; i++)
        {
            using (var step = run.Enter("step"))
            {
                var output = Predict(run, x, scheduler, i, conditioning);
                scheduler.Step(run.Backend, i, x, output, scheduler.Draws[i] ? noise(i) : null, x, history: history);
            }
            stepped?.Invoke(i, x);
        }
        return frame.Keep(x);
    }

    /// <summary>
    /// What the UNet makes of a latent, [1,h,w,4]. With a negative prompt beside the prompt it is asked for both at once, and
    /// e = e_neg + guidance (e_pos - e_neg): Ho and Salimans 2022, arXiv:2207.12598, equation 6.
    /// </summary>
    Tensor Predict(Run run, Tensor x, Scheduler scheduler, int i, Conditioning conditioning)
    {
        var (inputScale, timestep) = (scheduler.InputScale(i), scheduler.Timesteps[i]);
        int passes = conditioning.Passes;
        var input = run.Allocate(x.Shape.WithBatch(passes)); // [1,h,w,4] -> [passes,h,w,4]
        for (int pass = 0; pass < passes; pass++) run.Backend.Combine(input.Batch(pass), new Term(inputScale, x));
        ReadOnlySpan<float> timesteps = passes == 2 ? [timestep, timestep] : [timestep];
        var steering = controls?.At(run, i, scheduler.Timesteps.Count, input, timesteps, conditioning.Context);
        var predicted = unet.Forward(run, input, timesteps, conditioning.Context, conditioning.GuidanceEmbedding, steering); // [passes,h,w,4]

        var output = run.Allocate(x.Shape);
        double g = conditioning.Guidance;
        if (passes == 1) run.Backend.Copy(predicted, output);
        else run.Backend.Combine(output, new((float)(1 - g), predicted.Batch(0)), new((float)g, predicted.Batch(1))); // [negative, positive]
        return output;
    }
}
