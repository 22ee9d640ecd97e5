using System.Runtime.InteropServices;
using System.Text;

namespace PureLcm.Weights.Tests;

/// <summary>A folder of its own for a test, gone afterwards.</summary>
sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("purelcm-weights-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public string WriteText(string name, string text) => WriteBytes(name, Encoding.UTF8.GetBytes(text));

    public string WriteBytes(string name, byte[] bytes)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(this[name])!);
        File.WriteAllBytes(this[name], bytes);
        return this[name];
    }

    /// <summary>A safetensors file by hand: any text as header, any bytes as data.</summary>
    public string WriteRaw(string name, string header, byte[] data) => WriteBytes(name, Raw(header, data));

    /// <summary>A safetensors file of fp32 vectors.</summary>
    public string Write(string name, params (string Name, float[] Values)[] tensors)
    {
        long end = 0;
        var entries = tensors.Select(t => $"\"{t.Name}\":{{\"dtype\":\"F32\",\"shape\":[{t.Values.Length}],\"data_offsets\":[{end},{end += 4 * t.Values.Length}]}}").ToArray();
        return WriteRaw(name, $"{{{string.Join(',', entries)}}}", [.. tensors.SelectMany(t => MemoryMarshal.AsBytes<float>(t.Values).ToArray())]);
    }

    public static byte[] Raw(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((long)json.Length), .. json, .. data];
    }

    /// <summary>Sets a mode that the system enforces, or skips the test where it doesn't.</summary>
    public static void SetMode(string path, UnixFileMode mode)
    {
        if (Environment.IsPrivilegedProcess) Assert.Skip("An administrator may read and write everything.");
        if (OperatingSystem.IsWindows()) Assert.Skip("Windows has no modes of files.");
        else File.SetUnixFileMode(path, mode);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
