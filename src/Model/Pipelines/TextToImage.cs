using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.Clip;
using PureLcm.Model.Inspect;
using PureLcm.Model.Layers;
using PureLcm.Model.Lora;
using PureLcm.Model.Pictures;
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
/// The recipe is <see cref="Recipe"/>, on a page of its own. Any number of threads may call a pipeline at once: they take turns on
/// the device, a picture a turn.
/// </summary>
public sealed class TextToImage : IDisposable
{
    readonly bool ownsBackend;

    TextToImage(LoadedModel model, bool ownsBackend) => (Model, this.ownsBackend) = (model, ownsBackend);

    /// <summary>Loads a model in the published folder layout (model_index.json, unet/, vae/, text_encoder/, tokenizer/, scheduler/).</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="options">LoRAs, and how they are applied.</param>
    /// <param name="backend">What to compute on, the caller's to dispose of; all cores of the CPU when null.</param>
    /// <param name="run">What will be made, so that too little memory is told before anything is loaded; a picture of the model's own size when null.</param>
    /// <param name="cancellationToken">Ends the loading between two weights; what was packed is freed.</param>
    /// <exception cref="ModelException">The model's parts or a LoRA don't fit, or there is not enough memory.</exception>
    /// <exception cref="WeightsException">A file is missing or malformed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TextToImage Load(string folder, LoadOptions? options = null, Backend? backend = null, GenerateOptions? run = null, CancellationToken cancellationToken = default)
    {
        var source = FolderSource.Open(folder, options?.Unet);
        var device = backend ?? new CpuBackend();
        try
        {
            return new(LoadedModel.Load(source, device, options, run, cancellationToken), ownsBackend: backend is null);
        }
        catch when (backend is null)
        {
            device.Dispose();
            throw;
        }
    }

    /// <summary>The model.</summary>
    public LoadedModel Model { get; }

    /// <summary>From words to token ids.</summary>
    public Tokenizer Tokenizer => Model.Tokenizer;

    /// <inheritdoc cref="LoadedModel.Notices"/>
    public IReadOnlyList<string> Notices => Model.Notices;

    /// <summary>The device that computes.</summary>
    public Backend Backend => Model.Backend;

    /// <summary>Whether a few steps are enough with the LoRAs that the model was loaded with.</summary>
    public bool IsLatentConsistency => Model.IsLatentConsistency(Model.LoraWeights);

    /// <summary>The options with every choice made: what the pictures will be made with.</summary>
    /// <exception cref="ModelException">A choice is impossible: a size that the VAE can't have, no pictures.</exception>
    public GenerateOptions Resolve(GenerateOptions? options) => (options ?? new()).Resolve(Model);

    /// <summary>Makes one picture.</summary>
    /// <exception cref="ModelException">A choice is impossible, or the model gives values that are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Picture Generate(string prompt, GenerateOptions? options = null, CancellationToken cancellationToken = default) =>
        GenerateEach(prompt, (options ?? new()) with { Count = 1, Index = null }, cancellationToken).Single();

    /// <summary>Makes one picture on a thread of the pool, which it doesn't hold while it waits for the device.</summary>
    /// <inheritdoc cref="Generate"/>
    public async Task<Picture> GenerateAsync(string prompt, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        var chosen = Resolve((options ?? new()) with { Count = 1, Index = null });
        using var recipe = new Recipe(Model, prompt, chosen);
        using var run = await Run.StartAsync(Backend, chosen.Observer, new(chosen.Loras!), cancellationToken).ConfigureAwait(false);
        return await Task.Run(() =>
        {
            run.HoldHere();
            return recipe.Make(run, 0);
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Makes <see cref="GenerateOptions.Count"/> pictures, one after the other, that equal torch's batch.
    /// </summary>
    /// <exception cref="ModelException">A choice is impossible, or the model gives values that are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Picture[] GenerateAll(string prompt, GenerateOptions? options = null, CancellationToken cancellationToken = default) =>
        [.. GenerateEach(prompt, options, cancellationToken)];

    /// <summary>
    /// The pictures of <see cref="GenerateAll"/>, each computed when it is asked for: whoever saves one before asking for the
    /// next loses nothing when the run is stopped, and holds one at a time.
    /// </summary>
    /// <exception cref="ModelException">A choice is impossible, or the model gives values that are not finite.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IEnumerable<Picture> GenerateEach(string prompt, GenerateOptions? options = null, CancellationToken cancellationToken = default)
    {
        var chosen = Resolve(options);
        using var recipe = new Recipe(Model, prompt, chosen);
        var loras = new ActiveLoras(chosen.Loras!);
        for (int i = chosen.Index ?? 0; i < (chosen.Index + 1 ?? chosen.Count); i++)
        {
            Picture picture;
            using (var run = new Run(Backend, chosen.Observer, loras, cancellationToken)) picture = recipe.Make(run, i);
            yield return picture;
        }
    }

    /// <summary>Frees the model.</summary>
    public void Dispose()
    {
        Model.Dispose();
        if (ownsBackend) Backend.Dispose();
    }
}
