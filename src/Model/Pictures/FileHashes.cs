using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using PureLcm.Weights;

namespace PureLcm.Model.Pictures;

/// <summary>Short hashes that say in a picture's text which files made it, in place of where they lay.</summary>
public static class FileHashes
{
    const int Digits = 12, Piece = 64 << 10;

    /// <summary>
    /// A LoRA file's hash as A1111 has it in "Lora hashes" (Civitai: AutoV3): the first 12 digits of the SHA-256 of what follows
    /// a safetensors file's header, so that metadata don't count; of the whole file where it is none.
    /// </summary>
    /// <exception cref="WeightsException">The file can't be read.</exception>
    public static string Lora(string path) => Read(path, stream =>
    {
        Span<byte> start = stackalloc byte[8];
        ulong header = stream.ReadAtLeast(start, 8, throwOnEndOfStream: false) == 8 ? BinaryPrimitives.ReadUInt64LittleEndian(start) : 0;
        stream.Position = header <= (ulong)stream.Length && stream.Length >= 8 + (long)header ? 8 + (long)header : 0;
        return Short(SHA256.HashData(stream));
    });

    /// <summary>
    /// A model's fingerprint: the first 12 digits of the SHA-256 over its files of weights (those of its components' folders, and
    /// the LCM-LoRA of its own; a ControlNet's folder has them itself), of each its name, its length and 64 KiB from its start, its middle and its end. Cheap, a few
    /// milliseconds for gigabytes, and still different for any two that were trained; model_index.json counts whole.
    /// </summary>
    /// <param name="path">A model's folder, a ControlNet's, or a single file.</param>
    /// <exception cref="WeightsException">A file can't be read.</exception>
    public static string Model(string path)
    {
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string file in Files(path))
        {
            Read(file, stream =>
            {
                string name = Directory.Exists(path) ? Path.GetRelativePath(path, file).Replace('\\', '/') : "";
                sum.AppendData(Encoding.UTF8.GetBytes($"{name}\n{stream.Length}\n"));
                foreach (long at in (long[])[0, stream.Length / 2, Math.Max(0, stream.Length - Piece)])
                {
                    var piece = new byte[Piece];
                    stream.Position = at;
                    sum.AppendData(piece, 0, stream.ReadAtLeast(piece, Piece, throwOnEndOfStream: false));
                }
                return 0;
            });
        }
        return Short(sum.GetHashAndReset());
    }

    /// <summary>Whether two hashes are of the same file: programs keep 8 to 64 digits.</summary>
    public static bool Same(string one, string other)
    {
        int common = Math.Min(one.Length, other.Length);
        return common >= 8 && one.AsSpan(0, common).Equals(other.AsSpan(0, common), StringComparison.OrdinalIgnoreCase);
    }

    static IEnumerable<string> Files(string path)
    {
        if (!Directory.Exists(path)) return [path];
        string index = Path.Combine(path, "model_index.json"), lcm = Path.Combine(path, "loras", "lcm.safetensors");
        string[] folders = File.Exists(index) ? Directory.GetDirectories(path) : [path];
        var weights = from folder in folders
                      where Path.GetFileName(folder) != "loras"
                      from file in Directory.EnumerateFiles(folder)
                      where Path.GetExtension(file) is ".safetensors" or ".bin" or ".ckpt" or ".pt"
                      select file;
        return [.. new[] { index, lcm }.Where(File.Exists), .. weights.Order(StringComparer.Ordinal)];
    }

    static T Read<T>(string path, Func<FileStream, T> read)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return read(stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new WeightsException(
                path, $"reading failed ({e.Message.ReplaceLineEndings(" ")})", "check the name and its permissions", e);
        }
    }

    static string Short(byte[] hash) => Convert.ToHexStringLower(hash)[..Digits];
}
