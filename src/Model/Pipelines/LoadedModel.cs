using PureLcm.Kernels;
using PureLcm.Kernels.Dry;
using PureLcm.Model.Clip;
using PureLcm.Model.ControlNet;
using PureLcm.Model.Lora;
using PureLcm.Model.Unet;
using PureLcm.Model.Vae;
using PureLcm.Weights;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// A model on a device: networks, tokenizer, scheduler's configuration, LoRAs beside the weights or merged into them. Nothing in
/// it changes while pictures are made, so any number of runs, sessions and threads share one.
/// </summary>
public sealed class LoadedModel : IDisposable
{
    readonly Networks networks;
    readonly LoraFiles files;
    readonly ControlFiles controlFiles;
    bool disposed;
    readonly string? lengthNotice;
    readonly Task<IReadOnlyList<string>>? sourceNotices;

    LoadedModel(IModelSource source, LoraFiles files, ControlFiles controlFiles, Backend backend, Networks networks, bool mergedLcm,
        Task<IReadOnlyList<string>>? sourceNotices)
    {
        (Source, this.files, this.controlFiles, Backend, this.networks, this.sourceNotices) = (source, files, controlFiles, backend, networks, sourceNotices);
        Tokenizer = ModelChecks.Fit(source.Path, source.TokenizerOf("tokenizer"), networks.TextEncoder.Config, out lengthNotice);
        SchedulerConfig = source.ConfigOf("scheduler");
        IsDistilled = mergedLcm || HasEmbeddedGuidance;
    }

    /// <summary>Where it came from.</summary>
    public IModelSource Source { get; }

    /// <summary>What it computes on.</summary>
    public Backend Backend { get; }

    /// <summary>From words to token ids.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>From token ids to states.</summary>
    public TextEncoder TextEncoder => networks.TextEncoder;

    /// <summary>Predicts the noise in a latent.</summary>
    public UNet Unet => networks.Unet;

    /// <summary>Between latents and pictures.</summary>
    public IAutoencoder Vae => networks.Vae;

    /// <summary>ControlNets beside it, in the order of <see cref="LoadOptions.Controls"/>.</summary>
    public IReadOnlyList<ControlNetModel> Controls => networks.Controls;

    /// <summary>scheduler_config.json.</summary>
    public Config SchedulerConfig { get; }

    /// <summary>LoRAs beside the weights, in the order given; empty when they were merged.</summary>
    public IReadOnlyList<AttachedLora> Loras { get; private init; } = [];

    /// <summary>
    /// What was decided in the user's place, and what the model has or says that is not followed: a sentence each. A program
    /// shows them once, when the model is loaded.
    /// </summary>
    public IReadOnlyList<string> Notices =>
    [
        .. sourceNotices?.GetAwaiter().GetResult() ?? ModelChecks.Notices(Source),
        .. ((string?[])[lengthNotice, Tokenizer.Notice]).OfType<string>(),
        .. files.Notices,
        .. controlFiles.Notices,
    ];

    /// <summary>Bytes that all packed weights and LoRAs take.</summary>
    public long Bytes => networks.Bytes + Loras.Sum(lora => lora.Bytes);

    /// <summary>Whether the UNet takes the guidance as an input: then no step takes a second pass, and a negative prompt has no effect.</summary>
    public bool HasEmbeddedGuidance => Unet.Config.TimeConditionChannels > 0;

    /// <summary>Whether the UNet reads a mask and the picture around it, and so can do nothing without them.</summary>
    public bool IsInpainting => ModelChecks.IsInpainting(Unet.Config.InChannels, Vae.LatentChannels);

    /// <summary>Whether the UNet itself needs few steps: it was distilled as a whole, or an LCM-LoRA was merged into it.</summary>
    bool IsDistilled { get; }

    /// <summary>The LoRAs as strong as they were asked for when the model was loaded.</summary>
    public IReadOnlyList<LoraWeight> LoraWeights => [.. Loras.Select(lora => new LoraWeight(lora, lora.Weight))];

    /// <summary>Whether a few steps are enough with these LoRAs on: one of them is an LCM-LoRA, or the UNet was distilled.</summary>
    public bool IsLatentConsistency(IEnumerable<LoraWeight> loras) =>
        IsDistilled || loras.Any(item => item.Weight != 0 && item.Lora.IsLcm);

    /// <summary>
    /// Loads a model: counts first what it and a run will take, then packs its weights. It waits for the device's turn.
    /// </summary>
    /// <param name="source">Where it comes from; the model's to close from here on, and closed where loading fails.</param>
    /// <param name="backend">What to compute on, the caller's to dispose of.</param>
    /// <param name="options">LoRAs, and how they are applied.</param>
    /// <param name="run">What will be made with it, for the memory's sake; a picture of the model's own size when null.</param>
    /// <param name="cancellationToken">Ends the loading between two weights; what was packed is freed.</param>
    /// <exception cref="ModelException">The model's parts or a LoRA don't fit, or there is not enough memory.</exception>
    /// <exception cref="WeightsException">A file is missing or malformed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static LoadedModel Load(IModelSource source, Backend backend, LoadOptions? options = null, GenerateOptions? run = null, CancellationToken cancellationToken = default)
    {
        options ??= new();
        var files = new LoraFiles();
        ControlFiles? controls = null;
        // What needs nothing of the rest goes on beside it: the backend's kernels are compiled, and the vocabulary is read.
        var prepared = Task.Run(backend.Prepare, CancellationToken.None);
        _ = Task.Run(() => source.TokenizerOf("tokenizer"), CancellationToken.None);
        try
        {
            controls = ControlFiles.Open(options.Controls);
            // The tree is built twice: on a backend that counts, which tells the modules' names and what a run takes, and for good.
            using (var counting = new DryBackend(backend))
            {
                var counted = Count(source, files, controls, counting, options);
                MemoryPlan.Of(counted, run).Require(backend, $"a picture from {source.Name} at this size");
            }
            // To look through a folder takes milliseconds, which there are while weights are packed.
            var notices = Task.Run(() => ModelChecks.Notices(source), CancellationToken.None);
            using var turn = backend.Queue.Enter(cancellationToken);
            return Build(source, files, controls, backend, options, options.Fuse, cancellationToken, sourceNotices: notices);
        }
        catch
        {
            files.Dispose();
            controls?.Dispose();
            source.Dispose();
            throw;
        }
        finally
        {
            prepared.GetAwaiter().GetResult();
        }
    }

    /// <summary>
    /// The model on a backend that only counts, on which nothing has to be freed; its LoRA files are opened into
    /// <paramref name="files"/>, which takes the names of the modules.
    /// </summary>
    internal static LoadedModel Count(IModelSource source, LoraFiles files, ControlFiles controls, DryBackend backend, LoadOptions options) =>
        Build(source, files, controls, backend, options, fuse: false, CancellationToken.None, networks => files.Open(source, options, networks.Modules.Targets.Keys));

    static LoadedModel Build(IModelSource source, LoraFiles files, ControlFiles controls, Backend backend, LoadOptions options, bool fuse, CancellationToken cancellationToken, Action<Networks>? whenBuilt = null,
        Task<IReadOnlyList<string>>? sourceNotices = null)
    {
        var networks = Networks.Build(source, backend, options.Precision ?? backend.DefaultPrecision, controls,
            fuse && files.Items.Count > 0 ? (component, parameters) => new FusedParameters(parameters, component, files.Items) : null, cancellationToken);
        var attached = new List<AttachedLora>();
        try
        {
            whenBuilt?.Invoke(networks);
            if (!options.Fuse)
                foreach (var (file, weight) in files.Items) attached.Add(AttachedLora.Attach(file, weight, networks.Modules, backend, cancellationToken));
            return new LoadedModel(source, files, controls, backend, networks, options.Fuse && files.HasLcm, sourceNotices) { Loras = attached };
        }
        catch
        {
            foreach (var lora in attached) lora.Dispose();
            networks.Dispose();
            throw;
        }
    }

    /// <summary>Refuses a run of a model that was freed meanwhile; asked by whoever has the device's turn.</summary>
    /// <exception cref="ObjectDisposedException">It was.</exception>
    internal void RequireAlive() => ObjectDisposedException.ThrowIf(disposed, this);

    /// <summary>Frees the weights, once the run that uses the device is done. A second call does nothing.</summary>
    public void Dispose()
    {
        using var turn = Backend.Queue.Enter();
        if (disposed) return;
        disposed = true;
        foreach (var lora in Loras) lora.Dispose();
        networks.Dispose();
        files.Dispose();
        controlFiles.Dispose();
        Source.Dispose();
    }
}
