using PureLcm.Model.Unet;
using PureLcm.Weights;
using PureLcm.Weights.Names;

namespace PureLcm.Model.ControlNet;

/// <summary>The ControlNets that a model is loaded with, open: each a folder as diffusers publishes it, or a single file.</summary>
sealed class ControlFiles : IDisposable
{
    const string ClassName = "ControlNetModel", WayOut = "give a ControlNet's folder (config.json and weights) or its safetensors file";

    readonly List<Item> items = [];

    /// <summary>In the order in which they were asked for.</summary>
    public IReadOnlyList<Item> Items => items;

    /// <summary>What their configurations say that is not followed: a sentence each.</summary>
    public IEnumerable<string> Notices => items.Select(item => item.Json is null ? null
        : ControlNetConfig.NotFollowed(item.Json)).OfType<string>();

    /// <summary>Opens them; no weights are read.</summary>
    /// <exception cref="WeightsException">One is missing, damaged, or no ControlNet.</exception>
    public static ControlFiles Open(IReadOnlyList<string> paths)
    {
        var files = new ControlFiles();
        try
        {
            foreach (string path in paths) files.items.Add(Directory.Exists(path) ? OpenFolder(path) : OpenFile(path));
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    static Item OpenFolder(string path)
    {
        if (File.Exists(Path.Combine(path, "model_index.json")))
            throw new WeightsException(path, "it is a whole model (it has a model_index.json), and no ControlNet", WayOut);
        var folder = ComponentFolder.Open(path);
        if (folder.Class != ClassName)
            throw new WeightsException(path, $"it is of the class {folder.Class}, and no ControlNet", WayOut);
        return new(path, folder.Config, Renamed(folder.OpenWeights()));
    }

    static Item OpenFile(string path)
    {
        var weights = Renamed(WeightFiles.OpenFile(path));
        try
        {
            // One file of a published folder, or one by itself: what lies beside it is its own only if it says so.
            string beside = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "config.json");
            Config? json = File.Exists(beside) ? Config.Open(beside) : null;
            if (json?.StringOrNull("_class_name") != ClassName) json = null;
            return new(path, json, weights);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The tensors by diffusers' names; refuses what is something else, by its name.</summary>
    static WeightFiles Renamed(WeightFiles weights)
    {
        try
        {
            string[] names = [.. weights.Tensors.Keys];
            var renamed = weights.Renamed(ControlNetNames.Current(names));
            if (renamed.Contains(ControlNetNames.Sign)) return renamed;
            string? kind = names.Any(name => LoraNames.TrySplit(name, out _, out _, out _))
                && AdapterKinds.Of(names) is not { IsLora: false } ? "a LoRA" : AdapterKinds.Of(names)?.Name;
            throw new WeightsException(weights.Path, kind is null ? $"it is no ControlNet: it has no tensor {ControlNetNames.Sign}"
                : $"it is {kind}, and no ControlNet", WayOut);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (var item in items) item.Weights.Dispose();
        items.Clear();
    }

    /// <summary>One ControlNet's files.</summary>
    /// <param name="Path">As it was given.</param>
    /// <param name="Json">Its configuration; null where there is none.</param>
    /// <param name="Weights">Its tensors by diffusers' names.</param>
    public sealed record Item(string Path, Config? Json, WeightFiles Weights)
    {
        /// <summary>What the network is, for a UNet that it fits.</summary>
        /// <param name="model">The UNet's model, as errors name it.</param>
        /// <param name="unet">The UNet.</param>
        /// <exception cref="ModelException">It is for another UNet.</exception>
        /// <exception cref="WeightsException">Its configuration is malformed.</exception>
        public ControlNetConfig ConfigFor(string model, UnetConfig unet)
        {
            // First of all, since a ControlNet for SDXL has other fields too that would be refused in less telling words.
            if (Json is not null) ControlChecks.Family(Path, ControlChecks.ContextOf(Json), model, unet);
            var config = Json is null ? ControlNetConfig.OfShapes(Weights, unet) : ControlNetConfig.Parse(Json);
            ControlChecks.Fit(Path, config, model, unet);
            return config;
        }
    }
}
