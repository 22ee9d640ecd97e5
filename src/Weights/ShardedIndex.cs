using System.Text.Json;

namespace PureLcm.Weights;

/// <summary>
/// Finds the weights of a component, and opens those that are cut into shards: an index file
/// {"weight_map": {"conv_in.weight": "….-00001-of-00002.safetensors", …}} and the files that it names.
/// </summary>
static class ShardedIndex
{
    static readonly string[] pickled = [".bin", ".pt", ".pth", ".ckpt", ".bin.index.json"];

    /// <summary>The names that weights are published under, the plain one first, then half precision, old spellings last.</summary>
    public static IEnumerable<string> Candidates(string baseName) =>
    [
        $"{baseName}.safetensors",
        $"{baseName}.safetensors.index.json",
        $"{baseName}.fp16.safetensors",
        $"{baseName}.safetensors.index.fp16.json",
        $"{baseName}.safetensors.fp16.index.json",
    ];

    /// <summary>Opens all shards, and checks that each tensor is where the index says, and none elsewhere.</summary>
    public static WeightFiles Open(string indexPath)
    {
        var map = ReadMap(indexPath);
        string folder = Path.GetDirectoryName(indexPath)!;
        var files = new Dictionary<string, SafetensorsFile>();
        try
        {
            var tensors = new Dictionary<string, TensorInfo>();
            foreach (var (name, shard) in map)
            {
                if (!files.TryGetValue(shard, out var file)) files[shard] = file = OpenShard(indexPath, folder, shard);
                if (!file.Tensors.TryGetValue(name, out var tensor))
                    throw new WeightsException(indexPath, $"it says that tensor {WeightsException.Quote(name)} is in {shard}, which does not have it", "index and shards are of different models: fetch all again");
                tensors[name] = tensor;
            }
            foreach (var (shard, file) in files)
            {
                if (file.Tensors.Keys.FirstOrDefault(name => map.GetValueOrDefault(name) != shard) is { } stray)
                    throw new WeightsException(indexPath, $"{shard} has tensor {WeightsException.Quote(stray)}, but the index does not place it there", "index and shards are of different models: fetch all again");
            }
            return new WeightFiles(indexPath, [.. files.Values], tensors);
        }
        catch
        {
            foreach (var file in files.Values) file.Dispose();
            throw;
        }
    }

    /// <summary>Why a folder has nothing to open: perhaps it has the weights as pickles only.</summary>
    public static WeightsException NothingToOpen(string folder, string baseName)
    {
        if (!Directory.Exists(folder)) return new WeightsException(folder, "there is no such folder", "check the name");
        string? pickle = Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)
            .FirstOrDefault(name => pickled.Any(ending => name.EndsWith(ending, StringComparison.OrdinalIgnoreCase)));
        return pickle != null
            ? new WeightsException(folder, $"its weights are there as {pickle} only", Pickle.WayOut)
            : new WeightsException(folder, $"it has no weights ({baseName}.safetensors, .fp16.safetensors, or shards with {baseName}.safetensors.index.json)", "fetch the whole model folder");
    }

    /// <summary>What the index says: the shard of each tensor.</summary>
    public static Dictionary<string, string> ReadMap(string indexPath)
    {
        const string fetchAgain = "fetch the index again";
        if (!JsonText.ReadObject(indexPath).TryGetProperty("weight_map", out var entries) || entries.ValueKind != JsonValueKind.Object)
            throw new WeightsException(indexPath, "it has no weight_map", fetchAgain);

        var map = new Dictionary<string, string>();
        foreach (var entry in entries.EnumerateObject())
        {
            if (entry.Value.ValueKind != JsonValueKind.String)
                throw new WeightsException(indexPath, $"its entry {WeightsException.Quote(entry.Name)} is no file name", fetchAgain);
            map[entry.Name] = entry.Value.GetString()!;
        }
        return map;
    }

    static SafetensorsFile OpenShard(string indexPath, string folder, string shard)
    {
        // An index is untrusted: it may only name files beside it.
        if (shard.AsSpan().IndexOfAny("/\\:\0") >= 0 || shard is "" or "." or "..")
            throw new WeightsException(indexPath, $"it names {WeightsException.Quote(shard)}, which is not a file beside it", "fetch the index again, from a source that you trust");
        if (!shard.EndsWith(".safetensors", StringComparison.Ordinal))
            throw new WeightsException(indexPath, $"it names {WeightsException.Quote(shard)}, which is not a .safetensors file", Pickle.WayOut);
        string path = Path.Combine(folder, shard);
        return File.Exists(path)
            ? SafetensorsFile.Open(path)
            : throw new WeightsException(indexPath, $"it names {shard}, which is not there", "fetch that file too, into the same folder");
    }
}
