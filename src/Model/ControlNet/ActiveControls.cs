using PureLcm.Kernels;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;

namespace PureLcm.Model.ControlNet;

/// <summary>
/// The ControlNets that act in a run, each with its picture embedded once for all steps. It belongs to its device and to
/// nobody's run; whoever made it disposes of it.
/// </summary>
public sealed class ActiveControls : IDisposable
{
    readonly List<(ControlNetModel Network, ControlChoice Choice, Tensor Embedded)> items = [];

    ActiveControls() { }

    /// <summary>Embeds the pictures.</summary>
    /// <param name="run">Computes it.</param>
    /// <param name="networks">The ControlNets that the choices count.</param>
    /// <param name="choices">What they are to follow.</param>
    /// <param name="width">The result's width in pixels.</param>
    /// <param name="height">Its height.</param>
    /// <param name="passes">How many latents a step asks the UNet about.</param>
    public static ActiveControls Embed(Run run, IReadOnlyList<ControlNetModel> networks, IReadOnlyList<ControlChoice> choices, int width,
        int height, int passes)
    {
        var controls = new ActiveControls();
        try
        {
            foreach (var choice in choices)
            {
                using var frame = run.Enter("control picture");
                var network = networks[choice.Network];
                var picture = run.Allocate(Shape.Image(1, height, width, 3));
                run.Backend.Upload(Values(choice.Picture.Resized(width, height), network.Config.BlueFirst), picture);
                var one = network.Embed(run, picture); // [1,H,W,3] -> [1,h,w,C]
                var each = one;
                if (passes > 1 && !network.Config.Pooled)
                {
                    each = run.Backend.Allocate(one.Shape.WithBatch(passes), one.Type, network.Name);
                    controls.items.Add((network, choice, each));
                    for (int pass = 0; pass < passes; pass++) run.Backend.Copy(one, each.Batch(pass));
                }
                else controls.items.Add((network, choice, run.Detach(one)));
            }
            return controls;
        }
        catch
        {
            controls.Dispose();
            throw;
        }
    }

    /// <summary>What is added to the UNet in a step; empty where none acts. The tensors are the caller's frame's.</summary>
    /// <param name="run">Computes it.</param>
    /// <param name="step">From 0.</param>
    /// <param name="steps">Of how many.</param>
    /// <param name="x">The latents that the UNet is asked about, [passes,h,w,4].</param>
    /// <param name="timesteps">One a pass.</param>
    /// <param name="context">The words' states, [passes,T,C].</param>
    public IReadOnlyList<ControlResiduals> At(Run run, int step, int steps, Tensor x, ReadOnlySpan<float> timesteps, Tensor context)
    {
        var residuals = new List<ControlResiduals>();
        foreach (var (network, choice, embedded) in items)
        {
            if (!choice.ActsIn(step, steps)) continue;
            // One that is pooled steers the last pass alone, which is the prompt's.
            int passes = embedded.Shape.N, first = x.Shape.N - passes;
            var given = network.Forward(run, x.Batch(first, passes), timesteps[first..], context.Batch(first, passes), embedded);
            residuals.Add(given with { Scale = (float)choice.Scale });
        }
        return residuals;
    }

    /// <summary>Bytes as numbers from 0 to 1, [H,W,3].</summary>
    static float[] Values(Picture picture, bool blueFirst)
    {
        var values = new float[picture.Rgb.Length];
        for (int i = 0; i < values.Length; i++) values[blueFirst ? i + 2 - 2 * (i % 3) : i] = picture.Rgb[i] / 255f;
        return values;
    }

    /// <summary>Frees the embedded pictures.</summary>
    public void Dispose()
    {
        foreach (var (_, _, embedded) in items) embedded.Dispose();
        items.Clear();
    }
}
