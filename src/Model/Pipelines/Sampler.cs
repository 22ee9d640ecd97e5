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
    /// <param name="start">Unit noise, [1,h,w,4]; stays as it is. With a picture to begin with it is mixed into that.</param>
    /// <param name="conditioning">What the picture is to show.</param>
    /// <param name="noise">Unit noise of a step, of the latent's shape; asked for only where the scheduler draws.</param>
    /// <param name="stepped">Told after each step: the step from 0, and the latent, the run's.</param>
    /// <param name="estimated">
    /// What is to be told of the clean latent as a step estimates it, [1,h,w,4], the step's; null for steps of which nobody asks.
    /// </param>
    /// <param name="source">A picture to begin with, and what of it stays; null where there is none.</param>
    /// <returns>The clean latent, [1,h,w,4], a new tensor.</returns>
    public Tensor Sample(Run run, Scheduler scheduler, Tensor start, Conditioning conditioning, Func<int, Tensor> noise,
        Action<int, Tensor>? stepped = null, Func<int, Action<Tensor>?>? estimated = null, SourceLatent? source = null)
    {
        using var frame = run.Enter("sampler");
        var x = run.Allocate(start.Shape);
        var history = scheduler.LooksBack ? run.Allocate(start.Shape) : null;
        if (source?.Begin is { } begin) Mix(run, scheduler, 0, begin, start, x);
        else run.Backend.Combine(x, new Term(scheduler.InitNoiseSigma, start));
        for (int i = 0; i < scheduler.Timesteps.Count; i++)
        {
            using (var step = run.Enter("step"))
            {
                var output = Predict(run, x, scheduler, i, conditioning, source?.Inputs);
                var estimate = estimated?.Invoke(i);
                var denoised = estimate is null ? null : run.Allocate(x.Shape);
                scheduler.Step(run.Backend, i, x, output, scheduler.Draws[i] ? noise(i) : null, x, denoised, history);
                if (denoised is not null) estimate!(denoised);
                if (source?.Outside is { } outside) KeepOutside(run, scheduler, i + 1, outside, source.Mask!, start, x);
            }
            stepped?.Invoke(i, x);
        }
        return frame.Keep(x);
    }

    /// <summary>y = the latent as it is before step i, with the run's first noise in it.</summary>
    static void Mix(Run run, Scheduler scheduler, int i, Tensor latent, Tensor start, Tensor y)
    {
        var (clean, sigma) = scheduler.Mixture(i);
        run.Backend.Combine(y, new(clean, latent), new(sigma, start));
    }

    /// <summary>
    /// Outside the mask the latent becomes the picture's again, as noisy as the next step takes it, so that the UNet sees what it
    /// repaints in its surroundings. Lugmayr et al. 2022, arXiv:2201.09865, equation 8.
    /// </summary>
    static void KeepOutside(Run run, Scheduler scheduler, int next, Tensor outside, Tensor mask, Tensor start, Tensor x)
    {
        var noisy = run.Allocate(x.Shape);
        Mix(run, scheduler, next, outside, start, noisy);
        run.Backend.Blend(mask, x, noisy, x);
    }

    /// <summary>
    /// What the UNet makes of a latent, [1,h,w,4], and of what it reads beside it. With a negative prompt beside the prompt it is
    /// asked for both at once, and e = e_neg + guidance (e_pos - e_neg): Ho and Salimans 2022, arXiv:2207.12598, equation 6.
    /// </summary>
    Tensor Predict(Run run, Tensor x, Scheduler scheduler, int i, Conditioning conditioning, Tensor? beside)
    {
        var (inputScale, timestep) = (scheduler.InputScale(i), scheduler.Timesteps[i]);
        int passes = conditioning.Passes;
        int own = x.Shape.C, more = beside?.Shape.C ?? 0;
        var input = run.Allocate(x.Shape.WithBatch(passes).WithChannels(own + more)); // [1,h,w,4] -> [passes,h,w,4 or 9]
        for (int pass = 0; pass < passes; pass++)
        {
            run.Backend.Combine(input.Batch(pass).Channels(0, own), new Term(inputScale, x));
            if (beside is not null) run.Backend.Copy(beside, input.Batch(pass).Channels(own, more));
        }
        ReadOnlySpan<float> timesteps = passes == 2 ? [timestep, timestep] : [timestep];
        var steering = controls?.At(run, i, scheduler.Timesteps.Count, input.Channels(0, own), timesteps, conditioning.Context);
        var predicted = unet.Forward(run, input, timesteps, conditioning.Context, conditioning.GuidanceEmbedding, steering); // [passes,h,w,4]

        var output = run.Allocate(x.Shape);
        double g = conditioning.Guidance;
        if (passes == 1) run.Backend.Copy(predicted, output);
        else run.Backend.Combine(output, new((float)(1 - g), predicted.Batch(0)), new((float)g, predicted.Batch(1))); // [negative, positive]
        return output;
    }
}
