namespace PureLcm.Weights;

/// <summary>Files that appear whole or not at all.</summary>
public static class WholeFile
{
    /// <summary>
    /// Writes under another name in the same folder, and renames when everything is on the disk. Whatever goes wrong
    /// before (a full disk, a cancellation), the file of that name stays as it was and nothing else is left behind.
    /// </summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="size">Its size in bytes, asked of the disk beforehand, so that a full one is known at once; 0 if unknown.</param>
    /// <param name="write">Writes the contents.</param>
    /// <exception cref="WeightsException">The folder is missing or read-only, or the disk is full.</exception>
    public static void Write(string path, long size, Action<Stream> write)
    {
        if (Directory.Exists(path)) throw new WeightsException(path, "a folder of that name is in the way", "name a file");
        string partial = $"{path}.{Path.GetRandomFileName()}.partial";
        bool moved = false;
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, PreallocationSize = size, BufferSize = 1 << 20 };
            using (var stream = new FileStream(partial, options))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(partial, path, overwrite: true);
            moved = true;
        }
        catch (DirectoryNotFoundException e)
        {
            throw new WeightsException(path, "there is no such folder to write it into", "make the folder first", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new WeightsException(path, "this user may not write there", "choose another folder, or change its permissions", e);
        }
        catch (IOException e)
        {
            throw new WeightsException(path, $"writing failed ({WeightsException.OneLine(e.Message)})", "make room on the disk, or choose another folder", e);
        }
        finally
        {
            if (!moved) TryDelete(partial);
        }
    }

    static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The error that led here says more than this one would.
        }
    }
}
