using PureLcm.Model;

namespace PureLcm.Tools.Output;

/// <summary>Folders that appear whole or not at all.</summary>
static class WholeFolder
{
    const int Tries = 20;

    /// <summary>
    /// Fills a folder of another name beside it, and renames that when everything is in it. An empty folder that is there already
    /// (it may be a disk of its own) is filled from a folder inside it instead.
    /// </summary>
    /// <param name="path">A folder that is missing or empty.</param>
    /// <param name="fill">Is given the folder to write into.</param>
    /// <exception cref="UsageException">There is something of that name.</exception>
    /// <exception cref="ModelException">Nothing can be written there.</exception>
    public static void Write(string path, Action<string> fill)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        if (File.Exists(full)) throw new UsageException($"{path} is a file; name a new folder");
        bool isThere = Directory.Exists(full);
        if (isThere && Directory.EnumerateFileSystemEntries(full).Any()) throw new UsageException($"{path} is not empty; name a new folder");
        string parent = isThere ? full : Path.GetDirectoryName(full) ?? full;
        using var made = NewFolders.Make(parent);
        string partial = Path.Combine(parent, PartialName.New());
        using var undo = Ledger.Begin(() => Remove(partial));
        try
        {
            Directory.CreateDirectory(partial);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Destination.Refused(path, e);
        }
        fill(partial);
        Ledger.Finish(() =>
        {
            if (isThere) MoveContents(partial, full);
            else Directory.Move(partial, full);
            return $"{path} was written";
        });
    }

    /// <summary>Files after folders: model_index.json, the one file of a model's folder, makes it one that opens.</summary>
    static void MoveContents(string from, string to)
    {
        foreach (string folder in Directory.GetDirectories(from)) Directory.Move(folder, Path.Combine(to, Path.GetFileName(folder)));
        foreach (string file in Directory.GetFiles(from)) File.Move(file, Path.Combine(to, Path.GetFileName(file)));
    }

    static void Remove(string folder)
    {
        for (int i = 1; Directory.Exists(folder); i++)
        {
            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (IOException) when (i < Tries)
            {
                // Where the process ends in the middle, another thread may just have made one more file in it.
                Thread.Sleep(5);
            }
        }
    }
}
