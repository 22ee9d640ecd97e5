using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace PureLcm.Weights;

/// <summary>A tensor for a file that is to be written. Its bytes are asked for when it is its turn, and may come in parts.</summary>
/// <param name="Name">Its name.</param>
/// <param name="DType">The type of its values.</param>
/// <param name="Sides">Its shape in torch's order; empty for a single number.</param>
/// <param name="Write">Writes exactly its bytes: row-major, little-endian.</param>
public sealed record TensorToWrite(string Name, DType DType, IReadOnlyList<int> Sides, Action<Stream> Write)
{
    /// <summary>A tensor whose bytes are at hand.</summary>
    public TensorToWrite(string name, DType dtype, IReadOnlyList<int> sides, byte[] bytes)
        : this(name, dtype, sides, stream => stream.Write(bytes)) { }

    /// <summary>How many bytes it takes.</summary>
    /// <exception cref="OverflowException">More than a file can have.</exception>
    public long Bytes => Sides.Aggregate((long)DType.Size(), (product, side) =>
        side >= 0 ? checked(product * side) : throw new ArgumentException($"{Name} has a negative side"));
}

/// <summary>
/// Writes safetensors files as streams: what does not fit into memory can be written. The same tensors give the same
/// bytes, in whatever order they come: wider types stand first, so that each value is aligned, then it goes by name.
/// </summary>
public static class SafetensorsWriter
{
    const int Alignment = 8;

    /// <summary>Writes a file, which appears whole or not at all: it grows under another name beside it.</summary>
    /// <param name="path">The file; one that is there is replaced.</param>
    /// <param name="tensors">The tensors, each of another name.</param>
    /// <param name="metadata">Texts for __metadata__; null for none.</param>
    /// <exception cref="WeightsException">The folder is missing or read-only, or the disk is full.</exception>
    /// <exception cref="ArgumentException">Two tensors have one name, or one's bytes don't fit its shape.</exception>
    public static void Write(string path, IEnumerable<TensorToWrite> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        TensorToWrite[] inOrder = [.. tensors.OrderByDescending(tensor => tensor.DType.Size()).ThenBy(tensor => tensor.Name, StringComparer.Ordinal)];
        byte[] header = Header(inOrder, metadata);
        long size = inOrder.Aggregate((long)header.Length, (sum, tensor) => checked(sum + tensor.Bytes));

        WholeFile.Write(path, size, stream =>
        {
            stream.Write(header);
            foreach (var tensor in inOrder)
            {
                long end = stream.Position + tensor.Bytes;
                tensor.Write(stream);
                if (stream.Position != end)
                    throw new ArgumentException($"tensor {tensor.Name} wrote {stream.Position - end + tensor.Bytes} bytes, its shape takes {tensor.Bytes}", nameof(tensors));
            }
        });
    }

    static byte[] Header(TensorToWrite[] tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var json = new MemoryStream();
        json.Write(stackalloc byte[sizeof(long)]); // the length, when it is known
        using (var writer = new Utf8JsonWriter(json, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            if (metadata != null) WriteMetadata(writer, metadata);
            WriteTensors(writer, tensors);
            writer.WriteEndObject();
        }
        while (json.Length % Alignment != 0) json.WriteByte((byte)' '); // so that the data begin aligned
        byte[] header = json.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - sizeof(long));
        return header.Length - sizeof(long) <= SafetensorsHeader.Longest
            ? header
            : throw new ArgumentException($"a header of {header.Length} bytes is longer than the format allows", nameof(tensors));
    }

    static void WriteMetadata(Utf8JsonWriter writer, IReadOnlyDictionary<string, string> metadata)
    {
        writer.WriteStartObject(SafetensorsHeader.MetadataKey);
        foreach (var (key, value) in metadata.OrderBy(entry => entry.Key, StringComparer.Ordinal)) writer.WriteString(key, value);
        writer.WriteEndObject();
    }

    static void WriteTensors(Utf8JsonWriter writer, TensorToWrite[] tensors)
    {
        var names = new HashSet<string> { SafetensorsHeader.MetadataKey };
        long begin = 0;
        foreach (var tensor in tensors)
        {
            if (!names.Add(tensor.Name)) throw new ArgumentException($"a file can't have two tensors {tensor.Name}", nameof(tensors));
            writer.WriteStartObject(tensor.Name);
            writer.WriteString("dtype", tensor.DType.ToString());
            writer.WriteStartArray("shape");
            foreach (int side in tensor.Sides) writer.WriteNumberValue(side);
            writer.WriteEndArray();
            writer.WriteStartArray("data_offsets");
            writer.WriteNumberValue(begin);
            writer.WriteNumberValue(begin = checked(begin + tensor.Bytes));
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
    }
}
