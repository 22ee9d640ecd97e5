using PureLcm.Model.Pictures;

namespace PureLcm.Lcm.Tests;

/// <summary>A folder of a test's own.</summary>
sealed class TestFolder : IDisposable
{
    /// <summary>Where it is.</summary>
    public string Path { get; } = Directory.CreateTempSubdirectory("lcm-tests-").FullName;

    /// <summary>The path of a name in it.</summary>
    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>All names in it, hidden ones too, in order.</summary>
    public string[] Names(string folder = "") => [.. Directory.EnumerateFileSystemEntries(this[folder]).Select(path => System.IO.Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    /// <summary>What a picture's file says it was made with.</summary>
    public string Parameters(string name) => Picture.Load(this[name]).Texts["parameters"];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
