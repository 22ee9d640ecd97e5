using System.Text.Json.Nodes;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.Pipelines;

namespace PureLcm.Model.Tests.Pipelines;

/// <summary>A copy of a reference model whose files a test may change.</summary>
sealed class ModelCopy : IDisposable
{
    public ModelCopy(string model = "sd15") : this(new DirectoryInfo(System.IO.Path.Combine(Repository.Golden, "models", model))) { }

    public ModelCopy(DirectoryInfo original)
    {
        foreach (var file in original.EnumerateFiles("*", SearchOption.AllDirectories))
        {
            string copy = this[System.IO.Path.GetRelativePath(original.FullName, file.FullName)];
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            file.CopyTo(copy);
        }
    }

    public string Path { get; } = Directory.CreateTempSubdirectory("lcm-model").FullName;

    public string this[string file] => System.IO.Path.Combine(Path, file);

    /// <summary>Changes one field of a JSON file; the value is JSON.</summary>
    public ModelCopy Set(string file, string key, string json)
    {
        var root = JsonNode.Parse(File.ReadAllText(this[file]))!;
        root[key] = JsonNode.Parse(json);
        File.WriteAllText(this[file], root.ToJsonString());
        return this;
    }

    public ModelCopy Write(string file, string text)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[file])!);
        File.WriteAllText(this[file], text);
        return this;
    }

    /// <summary>What loading says.</summary>
    public IReadOnlyList<string> Notices()
    {
        using var backend = new CpuBackend(threads: 1);
        using var pipeline = TextToImage.Load(Path, null, backend, cancellationToken: TestContext.Current.CancellationToken);
        return pipeline.Notices;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
