using System.Globalization;
using PureLcm.Kernels;
using PureLcm.Kernels.Dry;
using PureLcm.Model.ControlNet;
using PureLcm.Model.Layers;
using PureLcm.Model.Lora;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// What a run takes at its peak, found by running the model's own text on a backend that only counts. Known before anything is
/// loaded, since on Linux there is no catching it when memory runs out.
/// </summary>
/// <param name="Weights">Bytes of packed weights and LoRAs.</param>
/// <param name="Tensors">The most bytes of tensors that the device's pool holds at once.</param>
/// <param name="Host">Bytes that the host takes beside, for noise and pictures.</param>
public sealed record MemoryPlan(long Weights, long Tensors, long Host)
{
    /// <summary>Everything together.</summary>
    public long Bytes => Weights + Tensors + Host;

    /// <summary>Counts a run of a model that is not loaded.</summary>
    /// <param name="source">The model.</param>
    /// <param name="options">How it will be loaded.</param>
    /// <param name="run">What will be made.</param>
    /// <param name="on">The device whose way of storing is counted; the CPU's when null.</param>
    /// <exception cref="ModelException">What is asked for is impossible, or the model's parts don't fit.</exception>
    /// <exception cref="Weights.WeightsException">A file is missing or malformed.</exception>
    public static MemoryPlan Of(IModelSource source, LoadOptions? options = null, GenerateOptions? run = null, Backend? on = null)
    {
        using var dry = new DryBackend(on);
        using var files = new LoraFiles();
        using var controls = ControlFiles.Open(options?.Controls ?? []);
        return Of(LoadedModel.Count(source, files, controls, dry, options ?? new()), run);
    }

    /// <summary>Counts a run of a model that was built on a <see cref="DryBackend"/>.</summary>
    internal static MemoryPlan Of(LoadedModel counted, GenerateOptions? options)
    {
        var dry = (DryBackend)counted.Backend;
        var chosen = (options ?? GenerateOptions.Usual(counted)).Resolve(counted);
        var scheduler = chosen.CreateScheduler(counted);
        // Two steps hold what any number of steps hold, but for the noise, of which each step that draws has its own.
        var shortened = (chosen with { Steps = Math.Min(2, scheduler.Timesteps.Count), Image = null }).CreateScheduler(counted);
        // Where nobody says what will be made, whatever was asked to be loaded may act in it.
        if (options is null) chosen = chosen with { Controls = EachWithAPicture(counted, chosen) };
        var latent = chosen.LatentShape(counted);
        int draws = 1 + scheduler.Draws.Count(draws => draws);
        using (var run = new Run(dry, loras: new(chosen.Loras!)))
        {
            using var conditioning = Conditioner.Encode(run, counted, chosen.Texts(counted, ""), chosen.Guidance!.Value);
            if (chosen.Image is not null)
            {
                PictureEncoder.Count(run, counted.Vae, chosen.Width!.Value, chosen.Height!.Value);
                Recipe.MakeRoom(dry);
            }
            var noise = run.Allocate(latent.WithBatch(draws));
            var source = SourceLatent.Allocate(run, counted, chosen);
            using var controls = (chosen with { Controls = [.. chosen.Controls.Select(control => control with { Start = 0, End = 1 })] })
                .EmbedControls(run, counted, conditioning.Passes);
            var x = new Sampler(counted.Unet, controls)
                .Sample(run, shortened, noise.Batch(0), conditioning, _ => noise.Batch(0), source: source);
            Recipe.MakeRoom(dry);
            PictureDecoder.Decode(run, counted.Vae, x);
        }
        long pixels = (long)chosen.Width!.Value * chosen.Height!.Value;
        // A picture to begin with: resized, and as numbers, once more without what its mask covers; the mask, and that resized.
        int given = (chosen.Image is null ? 0 : 3 + 3 * sizeof(float)) + (chosen.Mask is null ? 0 : 3 + 1 + 3 * sizeof(float));
        int pictures = 1 + Math.Min(1, chosen.Controls.Count); // a ControlNet's is on the host while it is uploaded
        long host = 2 * draws * latent.Count * sizeof(float) + pixels * (pictures * (3 * sizeof(float) + 2 * 3) + given);
        return new(counted.Bytes, dry.PeakFootprint, host);
    }

    static ControlChoice[] EachWithAPicture(LoadedModel counted, GenerateOptions chosen)
    {
        int width = chosen.Width!.Value, height = chosen.Height!.Value;
        return [.. counted.Controls.Select((_, i) => new ControlChoice(new(width, height, new byte[3 * width * height])) { Network = i })];
    }

    /// <summary>Throws where the plan needs more than there is, on the device or on the host if that computes.</summary>
    /// <param name="device">What computes.</param>
    /// <param name="plan">What it is for, as the error says it: "a picture of this size".</param>
    /// <exception cref="ModelException">Too little memory is free.</exception>
    public void Require(Backend device, string plan)
    {
        if (device.MemoryBytes is { } all && Weights + Tensors > all)
            throw new ModelException($"{plan} takes about {Gigabytes(Weights + Tensors)} of memory, and {device.Name} has {Gigabytes(all)}; make a smaller picture, take a smaller model, or another --device");
        long free = Memory.FreeBytes(), needed = device.MemoryBytes is null ? Bytes : Host;
        if (needed > free)
            throw new ModelException($"{plan} takes about {Gigabytes(needed)} of memory, and {Gigabytes(free)} are free; close other programs, make a smaller picture, or take a smaller model");

        static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.0", CultureInfo.InvariantCulture) + " GB";
    }
}
