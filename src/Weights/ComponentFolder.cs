using PureLcm.Weights.Names;

namespace PureLcm.Weights;

/// <summary>One component of a model: its configuration, its weights under diffusers' current names, its other files.</summary>
public sealed class ComponentFolder
{
    const string ClassKey = "_class_name";
    static readonly string[] configNames = ["config.json", "scheduler_config.json", "tokenizer_config.json"];

    readonly string? indexClass;
    readonly Lazy<Config> config;

    internal ComponentFolder(string path, string? indexClass)
    {
        Path = path;
        this.indexClass = indexClass;
        config = new(() => Config.Open(FilePath(configNames.FirstOrDefault(Has) ?? configNames[0])));
    }

    /// <summary>The folder.</summary>
    public string Path { get; }

    /// <summary>config.json; of a scheduler scheduler_config.json, of a tokenizer tokenizer_config.json. Read when first asked for.</summary>
    /// <exception cref="WeightsException">There is none, or it is no JSON.</exception>
    public Config Config => config.Value;

    /// <summary>
    /// The class that the component is of: what its own configuration says, else model_index.json (transformers'
    /// configurations say "architectures": ["CLIPTextModel"]).
    /// </summary>
    /// <exception cref="WeightsException">Neither says it.</exception>
    public string Class =>
        Config.StringOrNull(ClassKey) ?? indexClass ?? Config.Strings("architectures", []).FirstOrDefault() ?? Config.String(ClassKey);

    /// <summary>Opens a folder that is a component by itself, such as a UNet or a tiny autoencoder that was fetched alone.</summary>
    /// <exception cref="WeightsException">There is no such folder.</exception>
    public static ComponentFolder Open(string path) => Directory.Exists(path)
        ? new ComponentFolder(path, null)
        : throw new WeightsException(path, "there is no such folder", "check the name");

    /// <summary>Refuses a component of a class that the caller does not run.</summary>
    /// <param name="supported">The classes that it runs; none for any class.</param>
    /// <exception cref="WeightsException">It is none of them.</exception>
    public void RequireClass(params ReadOnlySpan<string> supported)
    {
        if (supported.Length > 0 && !supported.Contains(Class))
            throw new WeightsException(Path, $"it is of the class {Class}, which is not supported yet", $"this version runs {string.Join(", ", supported!)} there");
    }

    /// <summary>True where the folder has that file.</summary>
    public bool Has(string fileName) => File.Exists(System.IO.Path.Combine(Path, fileName));

    /// <summary>The path of a file that the folder must have, such as a tokenizer's vocab.json.</summary>
    /// <exception cref="WeightsException">It is missing.</exception>
    public string FilePath(string fileName) => Has(fileName)
        ? System.IO.Path.Combine(Path, fileName)
        : throw new WeightsException(Path, $"it has no {fileName}", "fetch the whole model folder");

    /// <summary>
    /// Opens the weights. Whatever age the file is of, they go by diffusers' current names; a text encoder's with the
    /// prefix text_model.
    /// </summary>
    /// <param name="otherFile">A safetensors file to take in place of the folder's own; null for the folder's own.</param>
    /// <exception cref="WeightsException">There are none, or they are damaged.</exception>
    public WeightFiles OpenWeights(string? otherFile = null)
    {
        string baseName = Config.Has(ClassKey) ? "diffusion_pytorch_model" : "model";
        var weights = otherFile == null ? WeightFiles.Open(Path, baseName) : WeightFiles.OpenFile(otherFile);
        try
        {
            return Class switch
            {
                "AutoencoderKL" => weights.Renamed(VaeNames.Current),
                "CLIPTextModel" or "CLIPTextModelWithProjection" => weights.Renamed(TextEncoderNames.Current),
                _ => weights,
            };
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }
}
