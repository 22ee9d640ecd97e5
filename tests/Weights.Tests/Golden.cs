namespace PureLcm.Weights.Tests;

/// <summary>Finds the reference cases of the repository.</summary>
static class Golden
{
    public static string Root { get; } = FindRoot();

    public static string Model(string path) => Path.Combine(Root, "tests", "golden", "models", path);

    static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "PureLcm.sln"))) return folder.FullName;
        throw new InvalidOperationException($"no PureLcm.sln above {AppContext.BaseDirectory}");
    }
}
