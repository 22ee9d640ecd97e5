using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace PureLcm.Weights;

/// <summary>
/// A safetensors file: 8 bytes of header length (little-endian), the header as JSON, then the tensors' bytes.
/// Opening reads and checks the header only; tensors are read by offset when they are asked for. The file is not mapped
/// into memory: mapped pages count as resident, and a file truncated underneath would kill the process.
/// Reading is safe from several threads.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    const int LengthBytes = 8;

    readonly SafeFileHandle handle;

    SafetensorsFile(string path, SafeFileHandle handle, long size)
    {
        Path = path;
        this.handle = handle;
        (Tensors, Metadata) = ReadHeader(size);
    }

    /// <summary>The file's name, as it was given.</summary>
    public string Path { get; }

    /// <summary>Everything in the file, by name.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>The header's __metadata__; empty where there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Opens a file and checks its header against its size.</summary>
    /// <exception cref="WeightsException">It is missing, damaged, cut off, or of another format.</exception>
    public static SafetensorsFile Open(string path)
    {
        if (Directory.Exists(path))
            throw new WeightsException(path, "this is a folder, not a safetensors file", "name a file inside it");
        var (handle, size) = OpenHandle(path);
        try
        {
            return new SafetensorsFile(path, handle, size);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads <paramref name="destination"/>.Length bytes of a tensor, from its byte <paramref name="byteOffset"/> on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the tensor.</exception>
    /// <exception cref="WeightsException">The disk failed, or the file became shorter since it was opened.</exception>
    public void Read(TensorInfo tensor, long byteOffset, Span<byte> destination)
    {
        if (tensor.File != this) throw new ArgumentException($"{tensor.Name} lies in {tensor.File.Path}", nameof(tensor));
        if (byteOffset < 0 || byteOffset > tensor.Bytes - destination.Length)
            throw new ArgumentOutOfRangeException(nameof(byteOffset), $"bytes {byteOffset} to {byteOffset + destination.Length} of {tensor.Name}, which has {tensor.Bytes}");
        ReadAt(tensor.Offset + byteOffset, destination);
    }

    /// <summary>Reads a whole tensor, widened to fp32.</summary>
    /// <exception cref="WeightsException">There is no such tensor, or it can't be read.</exception>
    public float[] ReadFloats(string name) => Find(name).ReadFloats();

    /// <summary>The tensor of that name.</summary>
    /// <exception cref="WeightsException">There is none.</exception>
    public TensorInfo Find(string name) => Tensors.TryGetValue(name, out var tensor)
        ? tensor
        : throw WeightsException.NoTensor(Path, name, [.. Tensors.Keys]);

    /// <summary>Closes the file. Its tensors can't be read afterwards.</summary>
    public void Dispose() => handle.Dispose();

    static (SafeFileHandle, long Size) OpenHandle(string path)
    {
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, FileOptions.RandomAccess);
            return (handle, RandomAccess.GetLength(handle));
        }
        catch (Exception e) when (WeightsException.IsFileError(e))
        {
            handle?.Dispose();
            throw WeightsException.Unreadable(path, e);
        }
    }

    (IReadOnlyDictionary<string, TensorInfo>, IReadOnlyDictionary<string, string>) ReadHeader(long size)
    {
        Span<byte> beginning = stackalloc byte[(int)Math.Min(size, ForeignFormat.BytesToTell)];
        ReadAt(0, beginning);
        ulong length = beginning.Length < LengthBytes ? ulong.MaxValue : BinaryPrimitives.ReadUInt64LittleEndian(beginning);

        // Nothing is allocated for a header before its length is known to fit and it begins like one.
        bool begins = beginning.Length > LengthBytes && beginning[LengthBytes] == '{';
        if (length <= SafetensorsHeader.Longest && begins && length > (ulong)(size - LengthBytes))
            throw new WeightsException(Path, $"its header has {length} bytes, but the file ends after {size - LengthBytes} of them",
                "it is probably a download that broke off: fetch it again");
        if (length > SafetensorsHeader.Longest || length < 2 || !begins)
            throw ForeignFormat.Explain(Path, beginning);

        var json = new byte[length];
        ReadAt(LengthBytes, json);
        long dataStart = LengthBytes + (long)length;
        return new SafetensorsHeader(this, dataStart, size - dataStart).Parse(json);
    }

    void ReadAt(long offset, Span<byte> destination)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                int read = RandomAccess.Read(handle, destination, offset);
                if (read == 0)
                    throw new WeightsException(Path, "the file was cut off while it was open", "fetch it again, and leave it alone while it is in use");
                destination = destination[read..];
                offset += read;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw WeightsException.Unreadable(Path, e);
        }
    }
}
