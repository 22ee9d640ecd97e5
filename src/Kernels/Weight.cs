namespace PureLcm.Kernels;

/// <summary>How values lie in a file.</summary>
public enum ElementType
{
    /// <summary>IEEE 754 single precision.</summary>
    Float32,
    /// <summary>IEEE 754 half precision.</summary>
    Float16,
    /// <summary>The upper half of a single: 8 bits of exponent, 7 of fraction.</summary>
    BFloat16,
}

/// <summary>Reads <paramref name="destination"/>.Length bytes of a tensor, from a byte offset relative to its first value.</summary>
public delegate void WeightReader(long offset, Span<byte> destination);

/// <summary>Where a weight's values come from: a tensor of a file, or one made in memory. Row-major, in torch's order.</summary>
/// <param name="Name">The tensor's name, as errors and traces say it.</param>
/// <param name="File">The file it lies in, as errors say it; empty when it was made in memory.</param>
/// <param name="Type">The type of its values.</param>
/// <param name="Sides">Its shape in torch's order: [out,in], [out,in,kh,kw], [C], [count,width].</param>
/// <param name="Read">Reads a range of its bytes.</param>
public sealed record WeightSource(string Name, string File, ElementType Type, int[] Sides, WeightReader Read)
{
    /// <summary>Values altogether.</summary>
    public long Count { get; } = Sides.Aggregate(1L, (product, side) => checked(product * side));

    /// <summary>Bytes of one value.</summary>
    public int ElementSize => Type == ElementType.Float32 ? 4 : 2;

    /// <summary>Reads values <paramref name="start"/> onwards, widened to fp32.</summary>
    public void ReadFloats(long start, Span<float> destination)
    {
        const int chunk = 16 * 1024;
        Span<byte> bytes = stackalloc byte[Math.Min(chunk, destination.Length) * ElementSize];
        for (int done = 0; done < destination.Length;)
        {
            int n = Math.Min(chunk, destination.Length - done);
            var part = bytes[..(n * ElementSize)];
            Read((start + done) * ElementSize, part);
            Widen(part, Type, destination.Slice(done, n));
            done += n;
        }
    }

    static void Widen(ReadOnlySpan<byte> bytes, ElementType type, Span<float> floats)
    {
        switch (type)
        {
            case ElementType.Float32:
                System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(bytes).CopyTo(floats);
                break;
            case ElementType.Float16:
                var halves = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, Half>(bytes);
                for (int i = 0; i < floats.Length; i++) floats[i] = (float)halves[i];
                break;
            default:
                var upper = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < floats.Length; i++) floats[i] = BitConverter.UInt32BitsToSingle((uint)upper[i] << 16);
                break;
        }
    }
}

/// <summary>What a weight is for, which decides how a backend lays it out.</summary>
public enum WeightKind
{
    /// <summary>[C]: a bias, or the scale or shift of a norm.</summary>
    Vector,
    /// <summary>[out,in]: a linear layer, or [out,in,1,1]: a 1x1 convolution, which is the same thing.</summary>
    Matrix,
    /// <summary>[2 half,in]: a linear layer whose product is read as values and gates, half of the rows each (GEGLU).</summary>
    Gated,
    /// <summary>[out,in,kh,kw]: a convolution.</summary>
    Convolution,
    /// <summary>[count,width]: a table to look rows up in.</summary>
    Table,
}

/// <summary>
/// A weight in the layout that one backend wants. Opaque: Winograd forms, half-precision panels and tensor-core layouts
/// are the backend's business. It remembers where its values came from, so that it can be packed again. Immutable once
/// packed: any number of models and runs share it.
/// Several sources are stacked along their first side (q, k and v as one product).
/// </summary>
public abstract class Weight : IDisposable
{
    /// <summary>Called by backends.</summary>
    protected Weight(WeightKind kind, ReadOnlySpan<WeightSource> sources)
    {
        Kind = kind;
        Sources = sources.ToArray();
        Rows = sources.Length == 0 ? 0 : Sources.Sum(source => source.Sides[0]);
        var sides = Sources[0].Sides;
        Columns = kind == WeightKind.Vector ? 1 : sides[1];
        KernelH = kind == WeightKind.Convolution ? sides[2] : 1;
        KernelW = kind == WeightKind.Convolution ? sides[3] : 1;
    }

    /// <summary>What it is for.</summary>
    public WeightKind Kind { get; }

    /// <summary>Where its values came from.</summary>
    public IReadOnlyList<WeightSource> Sources { get; }

    /// <summary>Output channels, or entries of a table, or the length of a vector.</summary>
    public int Rows { get; }

    /// <summary>Input channels, or the width of a table's entries.</summary>
    public int Columns { get; }

    /// <summary>Height of a convolution's kernel; 1 otherwise.</summary>
    public int KernelH { get; }

    /// <summary>Width of a convolution's kernel; 1 otherwise.</summary>
    public int KernelW { get; }

    /// <summary>Bytes that the packed form takes.</summary>
    public abstract long Bytes { get; }

    /// <summary>The name of its (first) source.</summary>
    public string Name => Sources[0].Name;

    /// <summary>Frees the packed form.</summary>
    public abstract void Dispose();
}

/// <summary>
/// The two factors of a low-rank change to a weight, W' = W + scale B A: a product with them adds
/// y[first row ..] += scale * up(down(x)). Hu et al. 2021, arXiv:2106.09685, equation 3.
/// For a convolution, down has the base weight's kernel, stride and padding, and up is 1x1.
/// </summary>
/// <param name="Down">A of the paper: [rank,in] or [rank,in,kh,kw].</param>
/// <param name="Up">B of the paper: [out,rank], a <see cref="WeightKind.Matrix"/>.</param>
/// <param name="FirstRow">The first row of the base weight that it adds to (q, k and v may be packed as one).</param>
public sealed record Adapter(Weight Down, Weight Up, int FirstRow = 0)
{
    /// <summary>The rank r.</summary>
    public int Rank => Down.Rows;
}

/// <summary>
/// An adapter and how strongly it acts in one product. It is an argument of the call (<see cref="Epilogue.LowRank"/>) and not
/// a property of the weight: so two runs on one model can use different LoRAs, and a change of scale costs nothing.
/// </summary>
/// <param name="Adapter">The factors.</param>
/// <param name="Scale">alpha / rank times the weight that the user gave; 0 switches the term off.</param>
public readonly record struct LowRankTerm(Adapter Adapter, float Scale);
