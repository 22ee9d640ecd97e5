namespace PureLcm.Weights;

/// <summary>
/// The tensors of one model, by name, whether they lie in one file or in several shards. Names can be changed on the
/// way (<see cref="Renamed"/>), so that a network asks for each weight by one name only.
/// </summary>
public sealed class WeightFiles : IDisposable
{
    readonly Dictionary<string, TensorInfo> tensors;

    internal WeightFiles(string path, IReadOnlyList<SafetensorsFile> files, Dictionary<string, TensorInfo> tensors)
    {
        (Path, Files, this.tensors) = (path, files, tensors);
    }

    /// <summary>The file, or the index of the shards, as errors name it.</summary>
    public string Path { get; }

    /// <summary>The files that the tensors lie in.</summary>
    public IReadOnlyList<SafetensorsFile> Files { get; }

    /// <summary>Every tensor, by its (new) name.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors => tensors;

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="WeightsException">There is none.</exception>
    public TensorInfo this[string name] => tensors.TryGetValue(name, out var tensor)
        ? tensor
        : throw WeightsException.NoTensor(Path, name, tensors.Keys);

    /// <summary>True where there is a tensor of that name.</summary>
    public bool Contains(string name) => tensors.ContainsKey(name);

    /// <summary>
    /// Opens the weights of a folder: BASENAME.safetensors, or its shards; where the folder has only the half-precision
    /// variant, that (BASENAME.fp16.safetensors, or its shards).
    /// </summary>
    /// <param name="folder">A component's folder, such as …/unet.</param>
    /// <param name="baseName">"diffusion_pytorch_model" for networks of diffusers, "model" for those of transformers.</param>
    /// <exception cref="WeightsException">There are none, they are damaged, or the index names what is not there.</exception>
    public static WeightFiles Open(string folder, string baseName)
    {
        foreach (string candidate in ShardedIndex.Candidates(baseName))
        {
            string path = System.IO.Path.Combine(folder, candidate);
            if (File.Exists(path)) return candidate.EndsWith(".json", StringComparison.Ordinal) ? ShardedIndex.Open(path) : OpenFile(path);
        }
        throw ShardedIndex.NothingToOpen(folder, baseName);
    }

    /// <summary>Opens one safetensors file.</summary>
    /// <exception cref="WeightsException">It is missing, damaged, cut off, or of another format.</exception>
    public static WeightFiles OpenFile(string path)
    {
        var file = SafetensorsFile.Open(path);
        return new WeightFiles(path, [file], new(file.Tensors));
    }

    /// <summary>The same open files under other names; disposing of either closes them.</summary>
    /// <param name="rename">Gives each name in the file the name that it is asked for by.</param>
    /// <exception cref="WeightsException">Two tensors would get the same name.</exception>
    public WeightFiles Renamed(Func<string, string> rename)
    {
        var renamed = new Dictionary<string, TensorInfo>(tensors.Count);
        foreach (var (name, tensor) in tensors)
        {
            if (!renamed.TryAdd(rename(name), tensor))
                throw new WeightsException(Path, $"tensors {WeightsException.Quote(renamed[rename(name)].Name)} and {WeightsException.Quote(name)} are old and new names of the same weight",
                    "fetch the model again");
        }
        return new WeightFiles(Path, Files, renamed);
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (var file in Files) file.Dispose();
    }
}
