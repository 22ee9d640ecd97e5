namespace PureLcm.Weights;

/// <summary>Folders that the program writes into.</summary>
public static class OutputFolder
{
    /// <summary>Makes a folder, and those above it, where they are missing.</summary>
    /// <exception cref="WeightsException">It can't be made.</exception>
    public static void Make(string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WeightsException(path, $"the folder can't be made ({e.Message})", "name a folder in a place that you may write to", e);
        }
    }
}
