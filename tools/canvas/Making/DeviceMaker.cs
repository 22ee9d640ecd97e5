using PureLcm.Kernels;
using PureLcm.Model;
using PureLcm.Model.Lora;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;

namespace PureLcm.Canvas.Making;

/// <summary>
/// Pictures from one model on a device of this process. Requests take turns on it, a picture a turn, in the order in which they came.
/// </summary>
public sealed class DeviceMaker : IPictureMaker
{
    /// <summary>Sizes whose memory was found to be enough; more than people use, and forgotten together when they are exceeded.</summary>
    const int MostKnownSizes = 256;

    readonly TextToImage pipeline;
    readonly LoadOptions options;
    readonly (string Name, AttachedLora Lora)[] loras;
    readonly string fingerprint;
    readonly Dictionary<AttachedLora, string> hashes;
    readonly HashSet<(int Width, int Height, bool TwoPasses)> enough = [];
    readonly Lock guard = new(); // one counts at a time, since the model's files are read for it

    DeviceMaker(TextToImage pipeline, string folder, string id, LoadOptions options)
    {
        (this.pipeline, this.options) = (pipeline, options);
        loras = [.. pipeline.Model.Loras.Select(lora => (Path.GetFileNameWithoutExtension(lora.File.Path), lora))];
        if (loras.GroupBy(item => item.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ModelException($"two LoRAs are called {twice.Key}, and requests name them by that: rename one of the files");
        fingerprint = FileHashes.Model(folder);
        hashes = loras.ToDictionary(item => item.Lora, item => FileHashes.Lora(item.Lora.File.Path));
        var own = pipeline.Resolve(null);
        Models = [new(id, File.GetLastWriteTimeUtc(Path.Combine(folder, "model_index.json")), own.Width!.Value, own.Height!.Value,
            pipeline.Model.Vae.Reduction, [.. loras.Select(item => new ServedLora(item.Name, item.Lora.Weight))])];
    }

    /// <summary>Loads a model.</summary>
    /// <param name="folder">Its folder; requests know it by the folder's name.</param>
    /// <param name="options">
    /// LoRAs, which requests know by their files' names. They are not merged, so that each request has its own weights.
    /// </param>
    /// <param name="backend">The device, the caller's to dispose of after the maker.</param>
    /// <param name="cancellationToken">Ends the loading.</param>
    /// <exception cref="PureLcmException">A file is missing or damaged, parts don't fit, or there is not enough memory.</exception>
    public static DeviceMaker Load(string folder, LoadOptions options, Backend backend, CancellationToken cancellationToken = default)
    {
        if (options.Fuse) throw new ArgumentException("a merged LoRA has no weight of its own in each request", nameof(options));
        var pipeline = TextToImage.Load(folder, options, backend, cancellationToken: cancellationToken);
        try
        {
            return new(pipeline, folder, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))), options);
        }
        catch
        {
            pipeline.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="LoadedModel.Notices"/>
    public IReadOnlyList<string> Notices => pipeline.Notices;

    /// <inheritdoc/>
    public IReadOnlyList<ServedModel> Models { get; }

    /// <inheritdoc/>
    public async Task<Picture> MakeAsync(PictureRequest request, Action<Picture>? partial, CancellationToken cancellationToken)
    {
        if (request.Model != Models[0].Id) throw new ChoiceException($"there is no model {request.Model} here");
        LoraWeight[] weights =
            [.. loras.Select(item => new LoraWeight(item.Lora, request.Loras.GetValueOrDefault(item.Name, item.Lora.Weight)))];
        var chosen = pipeline.Resolve(new()
        {
            Steps = request.Steps,
            Guidance = request.Guidance,
            NegativePrompt = request.NegativePrompt,
            Seed = request.Seed,
            Width = request.Width,
            Height = request.Height,
            Loras = weights,
            Previews = partial is null || request.Partials < 1 ? null : new(request.Partials, step => partial(step.Picture)),
        });
        await Task.Run(() => RequireMemory(chosen), cancellationToken).ConfigureAwait(false);
        var made = await pipeline.GenerateAsync(request.Prompt, chosen, cancellationToken).ConfigureAwait(false);
        var parameters = Parameters(request, chosen, weights);
        return new(made.Width, made.Height, made.Rgb)
        {
            Texts = new Dictionary<string, string> { [GenerationParameters.Keyword] = parameters.ToText() },
        };
    }

    /// <summary>
    /// Too little memory is told before anything is computed, since on Linux there is no catching it later. A new size is counted on a
    /// backend that only counts; the weights are there already, so that of the host's memory only the rest has to be free.
    /// </summary>
    void RequireMemory(GenerateOptions chosen)
    {
        var size = (chosen.Width!.Value, chosen.Height!.Value, chosen.Guidance > 1);
        lock (guard)
        {
            if (enough.Contains(size)) return;
            Count(chosen);
            if (enough.Count >= MostKnownSizes) enough.Clear();
            enough.Add(size);
        }
    }

    void Count(GenerateOptions chosen)
    {
        var counted = new GenerateOptions
        {
            Width = chosen.Width, Height = chosen.Height, Guidance = chosen.Guidance, Scheduler = chosen.Scheduler, Steps = 2,
        };
        var plan = MemoryPlan.Of(pipeline.Model.Source, options, counted, pipeline.Backend);
        if (pipeline.Backend.MemoryBytes is null) plan = plan with { Weights = 0 };
        try
        {
            plan.Require(pipeline.Backend, $"a picture of {chosen.Width}x{chosen.Height}");
        }
        catch (ModelException tooMuch)
        {
            throw new ChoiceException(tooMuch.Message); // the model fits: it is this request that doesn't
        }
    }

    GenerationParameters Parameters(PictureRequest request, GenerateOptions chosen, LoraWeight[] weights)
    {
        // The model's own LCM-LoRA is on or off where its weight says just that, and one LoRA among others where it doesn't.
        string? own = pipeline.Model.Source.OwnLcmLora;
        var lcm = weights.FirstOrDefault(item => item.Lora.File.Path == own);
        bool plain = lcm.Lora is not null && lcm.Weight is 0 or 1;
        return GenerationParameters.Of(request.Prompt, chosen) with
        {
            Model = request.Model,
            ModelFingerprint = fingerprint,
            Lcm = plain && lcm.Weight == 1,
            Loras = [.. weights.Where(item => item.Weight != 0 && !(plain && item.Lora == lcm.Lora))
                .Select(item => new UsedLora(Path.GetFileName(item.Lora.File.Path), item.Weight, hashes[item.Lora]))],
        };
    }

    /// <summary>Frees the model, once the picture is done that is being made.</summary>
    public ValueTask DisposeAsync() => new(Task.Run(() =>
    {
        lock (guard) pipeline.Dispose();
    }));
}
