using System.Security.Cryptography;
using System.Text;

namespace ILGPU.Compat.OpenCL;

/// <summary>
/// What outlives the process: texts of kernels, so that the front end needs not run again, and the drivers' binaries. Anything
/// that goes wrong here costs time only: a file that can't be read, or was damaged, counts as absent.
/// </summary>
static class KernelCache
{
    /// <summary>The user's cache folder, or PURELCM_CACHE, and there purelcm/kernels. Tests set their own.</summary>
    public static string Folder { get; set; } = DefaultFolder();

    public static Translation? ReadTranslation(string key) => ReadBytes(key + ".cl") is { } bytes ? Translation.Parse(Encoding.UTF8.GetString(bytes)) : null;

    public static void WriteTranslation(string key, Translation translation) => WriteBytes(key + ".cl", Encoding.UTF8.GetBytes(translation.Serialize()));

    public static byte[]? ReadBinary(string key)
    {
        if (ReadBytes(key + ".bin") is not { Length: > SHA256.HashSizeInBytes } bytes) return null;
        var content = bytes.AsSpan(SHA256.HashSizeInBytes);
        return SHA256.HashData(content).AsSpan().SequenceEqual(bytes.AsSpan(0, SHA256.HashSizeInBytes)) ? content.ToArray() : null;
    }

    public static void WriteBinary(string key, byte[] content) => WriteBytes(key + ".bin", [.. SHA256.HashData(content), .. content]);

    public static void DeleteBinary(string key)
    {
        try
        {
            File.Delete(Path.Combine(Folder, key + ".bin"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { }
    }

    /// <summary>Keeps a text that a driver refused, to be looked at. Null where it can't be written.</summary>
    public static string? WriteRefused(string entryPoint, string text) =>
        WriteBytes($"refused-{entryPoint}.cl", Encoding.UTF8.GetBytes(text)) ? Path.Combine(Folder, $"refused-{entryPoint}.cl") : null;

    static byte[]? ReadBytes(string name)
    {
        try
        {
            string path = Path.Combine(Folder, name);
            return File.Exists(path) ? File.ReadAllBytes(path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    static bool WriteBytes(string name, byte[] bytes)
    {
        // Beside and moved: another process sees the whole file or none.
        string path = Path.Combine(Folder, name), beside = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(Folder);
            File.WriteAllBytes(beside, bytes);
            File.Move(beside, path, overwrite: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            try
            {
                File.Delete(beside);
            }
            catch (Exception again) when (again is IOException or UnauthorizedAccessException or NotSupportedException) { }
            return false;
        }
    }

    static string DefaultFolder()
    {
        if (Environment.GetEnvironmentVariable("PURELCM_CACHE") is { Length: > 0 } chosen) return Path.Combine(chosen, "kernels");
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        string cache = OperatingSystem.IsLinux()
            ? Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } xdg ? xdg : Path.Combine(home, ".cache")
            : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return Path.Combine(cache, "purelcm", "kernels");
    }
}
