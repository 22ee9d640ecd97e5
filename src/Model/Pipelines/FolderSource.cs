using System.Collections.Concurrent;
using PureLcm.Model.Clip;
using PureLcm.Weights;

namespace PureLcm.Model.Pipelines;

/// <summary>A model in the published folder layout: model_index.json, unet/, vae/, text_encoder/, tokenizer/, scheduler/.</summary>
public sealed class FolderSource : IModelSource
{
    readonly ModelFolder folder;
    readonly string? otherUnet;
    readonly Lock guard = new();
    readonly Dictionary<string, ComponentFolder> components = [];
    readonly Dictionary<string, WeightFiles> weights = [];
    readonly ConcurrentDictionary<string, Lazy<Tokenizer>> tokenizers = [];

    FolderSource(ModelFolder folder, string? otherUnet) => (this.folder, this.otherUnet) = (folder, otherUnet);

    /// <summary>Opens a model's folder; only its index is read.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="otherUnet">A folder with another UNet, or a file of weights under the model's own configuration; null for the model's.</param>
    /// <exception cref="WeightsException">There is no such folder, or its pipeline is of a kind that this program doesn't run.</exception>
    public static FolderSource Open(string path, string? otherUnet = null)
    {
        var folder = ModelFolder.Open(path);
        folder.RequirePipeline([.. ModelChecks.Pipelines]);
        return new(folder, otherUnet);
    }

    /// <inheritdoc/>
    public string Path => folder.Path;

    /// <inheritdoc/>
    public string Name => System.IO.Path.GetFileName(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(Path)));

    /// <inheritdoc/>
    public string? OwnLcmLora
    {
        get
        {
            string own = System.IO.Path.Combine(Path, "loras", "lcm.safetensors");
            return File.Exists(own) ? own : null;
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Notices
    {
        get
        {
            string?[] settings = [ModelChecks.IndexNotice(folder), ModelChecks.PipelineNotice(folder, ConfigOf("unet"))];
            return [.. folder.Notices, .. settings.OfType<string>()];
        }
    }

    /// <inheritdoc/>
    public string ClassOf(string component) => Component(component).Class;

    /// <inheritdoc/>
    public Config ConfigOf(string component) => Component(component).Config;

    /// <inheritdoc/>
    public WeightFiles WeightsOf(string component)
    {
        lock (guard)
        {
            if (!weights.TryGetValue(component, out var opened))
                weights[component] = opened = Component(component).OpenWeights(component == "unet" && File.Exists(otherUnet) ? otherUnet : null);
            return opened;
        }
    }

    /// <inheritdoc/>
    public Tokenizer TokenizerOf(string component) =>
        tokenizers.GetOrAdd(component, name => new(() => Tokenizer.Load(Component(name).Path))).Value;

    ComponentFolder Component(string name)
    {
        lock (guard)
        {
            if (!components.TryGetValue(name, out var component))
                components[name] = component = name == "unet" && otherUnet is not null && !File.Exists(otherUnet) ? ComponentFolder.Open(otherUnet) : folder.Component(name);
            return component;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var files in weights.Values) files.Dispose();
        weights.Clear();
    }
}
