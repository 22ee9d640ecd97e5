using PureLcm.Model;

namespace PureLcm.Tools.Output;

/// <summary>Folders that are made for a command's results, and go again where it leaves none.</summary>
static class NewFolders
{
    /// <summary>Makes a folder and those above it, where they are missing. Disposing of the result removes those of them that are empty then.</summary>
    /// <exception cref="ModelException">It can't be made.</exception>
    public static IDisposable Make(string path)
    {
        var missing = new List<string>(); // the innermost first
        for (string? folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)); folder is not null && !Directory.Exists(folder); folder = Path.GetDirectoryName(folder))
            missing.Add(folder);
        var made = Ledger.Begin(() =>
        {
            // One that has something in it stays, and with it those above: that ends the loop with an IOException.
            foreach (string folder in missing) Directory.Delete(folder);
        });
        try
        {
            Directory.CreateDirectory(path);
            return made;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            made.Dispose();
            throw new ModelException($"{path}: the folder can't be made ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}); name one in a place that you may write to", e);
        }
    }
}
