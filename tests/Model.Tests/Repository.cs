namespace PureLcm.Model.Tests;

/// <summary>Where the repository's files are, seen from a test that runs somewhere below it.</summary>
static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Golden => Path.Combine(Root, "tests", "golden");

    public static string Picturebook => Path.Combine(Root, "models", "picturebook");

    static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "PureLcm.sln"))) return folder.FullName;
        throw new InvalidOperationException($"no PureLcm.sln above {AppContext.BaseDirectory}");
    }
}
