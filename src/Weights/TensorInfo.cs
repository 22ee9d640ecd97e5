namespace PureLcm.Weights;

/// <summary>A tensor as it lies in a file: what is known from the header, and the way to its bytes.</summary>
public sealed class TensorInfo
{
    internal TensorInfo(SafetensorsFile file, string name, DType dtype, int[] sides, long offset, long bytes)
    {
        (File, Name, DType, Sides, Offset, Bytes) = (file, name, dtype, sides, offset, bytes);
    }

    /// <summary>The file that it lies in.</summary>
    public SafetensorsFile File { get; }

    /// <summary>Its name in the file.</summary>
    public string Name { get; }

    /// <summary>The type of its values.</summary>
    public DType DType { get; }

    /// <summary>Its shape in torch's order, row-major. Empty for a single number; a side may be 0.</summary>
    public int[] Sides { get; }

    /// <summary>Where its first byte is, counted from the beginning of the file. Not aligned to anything.</summary>
    public long Offset { get; }

    /// <summary>How many bytes it takes.</summary>
    public long Bytes { get; }

    /// <summary>How many values it has.</summary>
    public long Count => Bytes / DType.Size();

    /// <summary>The shape as text: [320,4,3,3].</summary>
    public string Shape => $"[{string.Join(',', Sides)}]";

    /// <summary>Reads <paramref name="destination"/>.Length bytes from byte <paramref name="offset"/> of the tensor on.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the tensor.</exception>
    /// <exception cref="WeightsException">The file can't be read any more.</exception>
    public void Read(long offset, Span<byte> destination) => File.Read(this, offset, destination);

    /// <summary>Reads the whole tensor, widened (or, from F64 and I64, rounded) to fp32.</summary>
    /// <exception cref="WeightsException">The file can't be read any more, or an array can't hold the tensor.</exception>
    public float[] ReadFloats()
    {
        var floats = NewArray<float>();
        ReadFloats(0, floats);
        return floats;
    }

    /// <summary>Reads values from <paramref name="start"/> on, widened (or, from F64 and I64, rounded) to fp32.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range is not inside the tensor.</exception>
    /// <exception cref="WeightsException">The file can't be read any more.</exception>
    public void ReadFloats(long start, Span<float> destination)
    {
        const int chunk = 16 * 1024;
        Span<byte> bytes = stackalloc byte[chunk];
        int perChunk = chunk / DType.Size();
        for (int done = 0; done < destination.Length; done += perChunk)
        {
            int n = Math.Min(perChunk, destination.Length - done);
            var part = bytes[..(n * DType.Size())];
            Read((start + done) * DType.Size(), part);
            Widening.ToFloats(part, DType, destination.Slice(done, n));
        }
    }

    /// <summary>Reads the whole tensor as it lies in the file.</summary>
    /// <exception cref="WeightsException">The file can't be read any more, or an array can't hold the tensor.</exception>
    public byte[] ReadBytes()
    {
        if (Bytes > Array.MaxLength) throw TooLarge();
        var bytes = new byte[Bytes];
        Read(0, bytes);
        return bytes;
    }

    /// <summary>Reads the whole of an integer tensor.</summary>
    /// <exception cref="InvalidOperationException">Its values are no integers.</exception>
    /// <exception cref="WeightsException">The file can't be read any more, or an array can't hold the tensor.</exception>
    public long[] ReadLongs()
    {
        var longs = NewArray<long>();
        Widening.ToLongs(ReadBytes(), DType, longs);
        return longs;
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {DType} {Shape}";

    T[] NewArray<T>() => Count > Array.MaxLength ? throw TooLarge() : new T[Count];

    WeightsException TooLarge() =>
        new(File.Path, $"tensor {WeightsException.Quote(Name)} has {Count} values, more than an array holds", "read it in parts");
}
