using System.Text.Json;
using PureLcm.Weights.Names;

namespace PureLcm.Weights;

/// <summary>
/// A model in the layout that diffusers publishes: model_index.json names the pipeline's class and its components
/// ("unet": ["diffusers", "UNet2DConditionModel"]), each of which has a folder of its own.
/// </summary>
public sealed class ModelFolder
{
    const string IndexName = "model_index.json";
    const string Layout = $"a model folder has {IndexName} and folders such as unet, vae, text_encoder, tokenizer and scheduler";

    readonly Dictionary<string, string> classes = [];
    readonly Lazy<IReadOnlyList<FolderFile>> inventory;

    ModelFolder(string path, Config index)
    {
        (Path, Index) = (path, index);
        inventory = new(() => new FolderInventory(this).Files);
        foreach (var (name, value) in index.Fields)
        {
            // ["diffusers", "CLASS"]; [null, null] is a component that this model does without; all else are settings.
            if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != 2 || value[1].ValueKind != JsonValueKind.String) continue;
            if (name.AsSpan().IndexOfAny("/\\:\0") >= 0 || name is "" or "." or "..")
                throw new WeightsException(index.Path, $"it names a component {WeightsException.Quote(name)}, which is no folder in the model", "fetch it again, from a source that you trust");
            classes[name] = value[1].GetString()!;
        }
    }

    /// <summary>The folder, as it was given.</summary>
    public string Path { get; }

    /// <summary>model_index.json.</summary>
    public Config Index { get; }

    /// <summary>The pipeline that the model was published for, such as StableDiffusionPipeline.</summary>
    public string PipelineClass => Index.String("_class_name");

    /// <summary>The components that the model has, and the class of each.</summary>
    public IReadOnlyDictionary<string, string> Components => classes;

    /// <summary>Every file and unknown folder in it, and whether it is read. Looked through when first asked for.</summary>
    public IReadOnlyList<FolderFile> Inventory => inventory.Value;

    /// <summary>
    /// What is in the folder and plays no part in a picture, though it may have been put there to play one: a sentence each.
    /// Empty for a folder as it is published.
    /// </summary>
    public IReadOnlyList<string> Notices => FolderInventory.Notices(Path, Inventory);

    /// <summary>Opens a model folder; nothing but its index is read.</summary>
    /// <exception cref="WeightsException">There is no such folder, or it is not in diffusers' layout.</exception>
    public static ModelFolder Open(string path)
    {
        if (IsControlNet(path))
            throw new WeightsException(path, "this is a ControlNet, which steers a model", $"give it with --control, and a model's folder with --model: {Layout}");
        if (File.Exists(path))
            throw new WeightsException(path, "this is a file, and single-file checkpoints are not supported yet",
                "give the model's folder in diffusers' layout, or make one with diffusers (`StableDiffusionPipeline.from_single_file(file).save_pretrained(folder)`)");
        if (!Directory.Exists(path))
            throw new WeightsException(path, "there is no such folder", $"check the name: {Layout}");
        string index = System.IO.Path.Combine(path, IndexName);
        if (File.Exists(index)) return new ModelFolder(path, Config.Open(index));
        throw File.Exists(System.IO.Path.Combine(path, "config.json"))
            ? new WeightsException(path, $"this is one component of a model, without {IndexName}", $"give the folder above it: {Layout}")
            : new WeightsException(path, $"it has no {IndexName}", Layout);
    }

    /// <summary>Whether it is a ControlNet's folder or file, which people try in a model's place.</summary>
    internal static bool IsControlNet(string path)
    {
        try
        {
            if (Directory.Exists(path))
                return !File.Exists(System.IO.Path.Combine(path, IndexName)) && File.Exists(System.IO.Path.Combine(path, "config.json"))
                    && ComponentFolder.Open(path).Class == "ControlNetModel";
            if (!path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) || !File.Exists(path)) return false;
            using var file = SafetensorsFile.Open(path);
            return AdapterKinds.Of([.. file.Tensors.Keys])?.Name == AdapterKinds.ControlNet;
        }
        catch (WeightsException)
        {
            return false; // what is wrong with it is said where it is read
        }
    }

    /// <summary>Refuses a model that was published for another kind of pipeline.</summary>
    /// <param name="supported">The classes of pipelines that the caller runs.</param>
    /// <exception cref="WeightsException">The model's is none of them.</exception>
    public void RequirePipeline(params ReadOnlySpan<string> supported)
    {
        if (!supported.Contains(PipelineClass))
            throw new WeightsException(Path, $"it is a model for {PipelineClass}, which is not supported yet", $"this version runs {string.Join(", ", supported!)}");
    }

    /// <summary>A component by name, such as "unet".</summary>
    /// <param name="name">The component.</param>
    /// <param name="supported">The classes that the caller runs; none for any class.</param>
    /// <exception cref="WeightsException">The model has none of that name, or it is of another class.</exception>
    public ComponentFolder Component(string name, params ReadOnlySpan<string> supported)
    {
        if (!classes.TryGetValue(name, out string? className))
            throw new WeightsException(Index.Path, $"the model has no {name}", $"it has {string.Join(", ", classes.Keys)}: use another model");
        string folder = System.IO.Path.Combine(Path, name);
        if (!Directory.Exists(folder))
            throw new WeightsException(Path, $"its {IndexName} names a {name}, but there is no such folder in it", "fetch the whole model folder");
        var component = new ComponentFolder(folder, className);
        component.RequireClass(supported);
        return component;
    }
}
