using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Kernels.Dry;
using PureLcm.Model.Clip;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Model.Random;
using PureLcm.Model.Schedulers;
using PureLcm.Weights;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// Pictures from words. Load a model's folder once, then generate as often as you like:
/// <code>
/// using var pipeline = TextToImage.Load("models/picturebook");
/// Picture picture = pipeline.Generate("a red house in the snow at night", new() { Steps = 4, Seed = 7 });
/// picture.Save("house.png");
/// </code>
/// Not for concurrent use: callers take turns.
/// </summary>
public sealed class TextToImage : IDisposable
{
    readonly Components components;
    readonly bool ownsBackend;

    TextToImage(Components components, Tokenizer tokenizer, bool lcm, bool ownsBackend)
    {
        (this.components, Tokenizer, this.ownsBackend) = (components, tokenizer, ownsBackend);
        IsLatentConsistency = lcm || components.UnetConfig.TimeConditionChannels > 0;
    }

    /// <summary>The networks.</summary>
    public Components Components => components;

    /// <summary>From words to token ids.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Whether a few steps are enough: an LCM-LoRA is on, or the UNet was distilled as a whole.</summary>
    public bool IsLatentConsistency { get; }

    /// <summary>Whether the UNet takes the guidance as an input: then no step takes a second pass, and a negative prompt has no effect.</summary>
    public bool HasEmbeddedGuidance => components.UnetConfig.TimeConditionChannels > 0;

    /// <summary>The device that computes.</summary>
    public Backend Backend => components.Backend;

    /// <summary>Loads a model in the published folder layout (model_index.json, unet/, vae/, text_encoder/, tokenizer/, scheduler/).</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="options">LoRAs, and how they are applied.</param>
    /// <param name="backend">What to compute on, the caller's to dispose of; all cores of the CPU when null.</param>
    /// <param name="cancellationToken">Ends the loading between two weights; what was packed is freed.</param>
    /// <exception cref="ModelException">The model's parts or a LoRA don't fit, or there is not enough memory.</exception>
    /// <exception cref="WeightsException">A file is missing or malformed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TextToImage Load(string folder, LoadOptions? options = null, Backend? backend = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        var model = ModelFolder.Open(folder);
        var loras = Loras(model, options);
        var tokenizer = Tokenizer.Load(model.Component("tokenizer").Path);
        var device = backend ?? new CpuBackend();
        if (device is not DryBackend) Memory.Require(device, EstimateBytes(folder, options, on: device), $"loading {folder}");
        try
        {
            bool lcm = loras.Any(IsLcm);
            return new(Components.Load(model, device, loras, options.Fuse, options.Unet, options.Precision, cancellationToken), tokenizer, lcm, ownsBackend: backend is null);
        }
        catch when (backend is null)
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Bytes that a run of this model takes at its peak: packed weights and tensors, found by running the model's text on a
    /// backend that only counts, storing as the device does that it is meant for (the CPU when null).
    /// </summary>
    public static long EstimateBytes(string folder, LoadOptions? options = null, GenerateOptions? run = null, Backend? on = null)
    {
        using var dry = new DryBackend(on);
        using var pipeline = Load(folder, options, dry);
        // Two steps hold what any number of steps hold.
        pipeline.GenerateAll("", (run ?? new()) with { Steps = null, Count = 1, Progress = null, OnStep = null, Observer = null });
        return pipeline.Components.Bytes + dry.PeakFootprint;
    }

    static IReadOnlyList<LoraChoice> Loras(ModelFolder model, LoadOptions options)
    {
        string own = Path.Combine(model.Path, "loras", "lcm.safetensors");
        return options.Lcm && File.Exists(own) ? [new(own), .. options.Loras] : options.Loras;
    }

    /// <summary>The published LCM-LoRAs are told by their name or their folder's (lcm-lora-sdv1-5/pytorch_lora_weights.safetensors).</summary>
    public static bool IsLcm(LoraChoice lora)
    {
        string path = Path.GetFullPath(lora.Path);
        return lora.Weight != 0 && (Named(Path.GetFileName(path)) || Named(Path.GetFileName(Path.GetDirectoryName(path)) ?? ""));

        static bool Named(string name) => name.Contains("lcm", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The options with every choice made: what the pictures will be made with.</summary>
    /// <exception cref="ModelException">A choice is impossible: a size that the VAE can't have, no steps, no pictures.</exception>
    public GenerateOptions Resolve(GenerateOptions? options)
    {
        options ??= new();
        int reduction = components.Vae.Reduction, own = components.UnetConfig.SampleSize * reduction;
        bool embedded = components.UnetConfig.TimeConditionChannels > 0;
        var resolved = options with
        {
            Scheduler = options.Scheduler ?? (IsLatentConsistency ? SchedulerKind.Lcm : SchedulerKind.Ddim),
            Steps = options.Steps ?? (IsLatentConsistency ? 4 : 25),
            Guidance = options.Guidance ?? (embedded ? 8.5 : IsLatentConsistency ? 1 : 7.5),
            Width = options.Width ?? own,
            Height = options.Height ?? own,
        };
        foreach (int side in (int[])[resolved.Width.Value, resolved.Height.Value])
            if (side <= 0 || side % reduction != 0 || side > 16384)
                throw new ModelException($"a picture of {resolved.Width}x{resolved.Height} can't be made: width and height must be multiples of {reduction} from {reduction} to 16384; try {Nearest(resolved.Width.Value)}x{Nearest(resolved.Height.Value)}");
        if (resolved.Count is < 1 or > 10000)
            throw new ModelException($"{resolved.Count} pictures can't be made: ask for 1 to 10000");
        if (!double.IsFinite(resolved.Guidance.Value))
            throw new ModelException("guidance must be a number, such as 1 or 7.5");
        return resolved;

        int Nearest(int side) => Math.Clamp((side + reduction / 2) / reduction, 1, 16384 / reduction) * reduction;
    }

    /// <summary>Makes one picture.</summary>
    /// <exception cref="ModelException">A choice is impossible, or the model gives values that are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Picture Generate(string prompt, GenerateOptions? options = null, CancellationToken cancellation = default) =>
        GenerateAll(prompt, (options ?? new()) with { Count = 1 }, cancellation)[0];

    /// <summary>
    /// Makes <see cref="GenerateOptions.Count"/> pictures, one after the other. All noise is drawn first, in torch's order, so
    /// that they equal torch's batch.
    /// </summary>
    /// <exception cref="ModelException">A choice is impossible, or the model gives values that are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Picture[] GenerateAll(string prompt, GenerateOptions? options = null, CancellationToken cancellation = default) =>
        [.. GenerateEach(prompt, options, cancellation)];

    /// <summary>
    /// The pictures of <see cref="GenerateAll"/>, each computed when it is asked for: whoever saves one before asking for the
    /// next loses nothing when the run is stopped, and holds one at a time.
    /// </summary>
    /// <exception cref="ModelException">A choice is impossible, or the model gives values that are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IEnumerable<Picture> GenerateEach(string prompt, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        var chosen = Resolve(options);
        var scheduler = Scheduler.Create(chosen.Scheduler!.Value, chosen.SchedulerConfig ?? components.Folder.Component("scheduler").Config, chosen.Steps!.Value);
        using var run = new Run(Backend, chosen.Observer, cancellationToken);
        bool guided = chosen.Guidance > 1 && components.UnetConfig.TimeConditionChannels == 0;

        chosen.Progress?.Report(new(GenerationStage.Text, 0, chosen.Count, 0, 1));
        using var context = Encode(run, guided ? [chosen.NegativePrompt, prompt] : [prompt]); // [1 or 2,T,C]
        using var guidance = GuidanceEmbedding(run, chosen.Guidance!.Value);

        int reduction = components.Vae.Reduction;
        var shape = Shape.Image(1, chosen.Height!.Value / reduction, chosen.Width!.Value / reduction, components.Vae.LatentChannels);
        var noise = new Noise(chosen.Seed, chosen.Count, shape, scheduler.Draws);

        for (int i = 0; i < chosen.Count; i++)
        {
            Picture picture;
            using (var decoded = Compute(run, i, out bool finite))
                picture = finite ? Picture.FromModel(Backend, decoded)[0] : throw NotFinite(cancellationToken, watched => Compute(watched, i, out _).Dispose());
            chosen.Progress?.Report(new(GenerationStage.Decode, i, chosen.Count, 1, 1));
            yield return picture;
        }

        // From noise to a decoded picture, which stays on the device; whether the numbers in between were finite is looked at
        // once, at the end, so that the device never waits for the host.
        Tensor Compute(Run on, int i, out bool finite)
        {
            using var latent = Denoise(on, scheduler, noise, i, context, guidance, guided ? chosen.Guidance.Value : 1, chosen);
            chosen.Progress?.Report(new(GenerationStage.Decode, i, chosen.Count, 0, 1));
            Backend.Trim(); // the UNet's tensors, which the VAE has no use for
            var decoded = Decode(on, latent);
            finite = Backend.AllFinite(latent) && Backend.AllFinite(decoded);
            return decoded;
        }
    }

    /// <summary>Texts -> the states that the UNet reads, [texts,T,C].</summary>
    Tensor Encode(Run run, string[] texts)
    {
        int[] ids = [.. texts.SelectMany(text => Tokenizer.Encode(text))];
        var states = components.TextEncoder.Forward(run, ids, texts.Length);
        states.Penultimate.Dispose();
        return states.Last;
    }

    /// <summary>
    /// The guidance of a UNet that has it as an input: sinusoids of 1000 (guidance - 1), [1,channels]; null for others.
    /// Luo et al. 2023, arXiv:2310.04378, section 4.2.
    /// </summary>
    Tensor? GuidanceEmbedding(Run run, double guidance)
    {
        int channels = components.UnetConfig.TimeConditionChannels;
        if (channels == 0) return null;
        var embedding = run.Allocate(Shape.Vectors(1, channels));
        run.Backend.TimestepEmbedding([1000 * (float)(guidance - 1)], embedding, cosFirst: false, shift: 1);
        return embedding;
    }

    /// <summary>From noise to the latent of picture i, [1,h,w,4].</summary>
    Tensor Denoise(Run run, Scheduler scheduler, Noise noise, int i, Tensor context, Tensor? guidanceEmbedding, double guidance, GenerateOptions options)
    {
        int passes = context.Shape.N;
        using var all = noise.Upload(run, i); // [1 + draws,h,w,4]
        var x = run.Allocate(noise.Shape);
        run.Backend.Copy(all.Batch(0), x);
        using var epsilon = run.Allocate(noise.Shape);
        for (int step = 0; step < scheduler.Timesteps.Count; step++)
        {
            options.Progress?.Report(new(GenerationStage.Denoise, i, options.Count, step, scheduler.Timesteps.Count));
            float t = scheduler.Timesteps[step];
            Tensor input;
            using (run.In(components.Unet.Precision)) input = run.Allocate(x.Shape.WithBatch(passes));
            using (input)
            {
                for (int pass = 0; pass < passes; pass++) run.Backend.Copy(x, input.Batch(pass));
                ReadOnlySpan<float> timesteps = passes == 2 ? [t, t] : [t];
                using var predicted = components.Unet.Forward(run, input, timesteps, context, guidanceEmbedding); // [passes,h,w,4]
                // e = e_neg + g (e_pos - e_neg), in the order [negative, positive]
                if (passes == 1) run.Backend.Copy(predicted, epsilon);
                else run.Backend.Combine(epsilon, new((float)(1 - guidance), predicted.Batch(0)), new((float)guidance, predicted.Batch(1)));
            }
            scheduler.Step(run.Backend, step, x, epsilon, noise.OfStep(all, step), x);
            options.OnStep?.Invoke(new(i, step, t, x.Shape.TorchSides(), run.Backend.DownloadTorch(x)));
            if (options.Progress is not null) run.Backend.Synchronize(); // what is reported is done, not queued
        }
        options.Progress?.Report(new(GenerationStage.Denoise, i, options.Count, scheduler.Timesteps.Count, scheduler.Timesteps.Count));
        return x;
    }

    Tensor Decode(Run run, Tensor latent)
    {
        using var unscaled = run.Allocate(latent.Shape);
        run.Backend.Combine(unscaled, new Term(1 / components.Vae.ScalingFactor, latent));
        return components.Vae.Decode(run, unscaled); // [1,h,w,4] -> [1,H,W,3]
    }

    /// <summary>Computes once more, watching, to name the module where the first value went out of range.</summary>
    ModelException NotFinite(CancellationToken cancellation, Action<Run> again)
    {
        string? first = null;
        using var found = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var watched = new Run(Backend, new((module, output) =>
        {
            if (first is not null || Backend.AllFinite(output)) return;
            first = module;
            found.Cancel(); // the rest would tell nothing new
        }), found.Token);
        try
        {
            again(watched);
        }
        catch (OperationCanceledException) when (first is not null) { }
        return new($"the model's output is not finite; the first module with such values is {first ?? "its last"}. The weights or a LoRA's weight are at fault: try a smaller LoRA weight, or fetch the model again");
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        components.Dispose();
        if (ownsBackend) Backend.Dispose();
    }
}
