using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Text;
using PureLcm.Kernels;
using PureLcm.Model;

namespace PureLcm.Verification.Synthetic;

/// <summary>
/// Weights that are a function of their names: real sizes without real files, the same in every implementation.
/// Value i of a tensor is u = 2^-23 (h >> 40) - 1 in [-1, 1), h = splitmix64(fnv1a64(name) + i), scaled so that
/// activations neither vanish nor explode, and rounded to fp16.
/// </summary>
public static class NamedWeights
{
    const int Chunk = 1024; // values on the stack at a time

    /// <summary>Makes values <paramref name="start"/> onwards of a tensor, row-major, as many as there is room for.</summary>
    /// <param name="name">Component and diffusers' name: <c>unet.conv_in.weight</c>.</param>
    /// <param name="sides">Its shape in torch's order; not empty.</param>
    /// <param name="start">The first value's place in the whole tensor.</param>
    /// <param name="destination">Receives them.</param>
    public static void Fill(string name, ReadOnlySpan<int> sides, long start, Span<Half> destination)
    {
        var (scale, shift) = Range(name, sides);
        ulong seed = unchecked(Fnv1a(name) + (ulong)start);
        Span<float> values = stackalloc float[Chunk];
        while (!destination.IsEmpty)
        {
            var part = values[..Math.Min(Chunk, destination.Length)];
            Uniform(seed, part);
            TensorPrimitives.Multiply(part, scale, part);
            if (shift != 0) TensorPrimitives.Add(part, shift, part); // a rounding of its own: no fused multiply-add
            TensorPrimitives.ConvertToHalf(part, destination);
            destination = destination[part.Length..];
            seed = unchecked(seed + (ulong)part.Length);
        }
    }

    /// <summary>A tensor to pack, made as it is read, any part of it by itself and on any thread.</summary>
    public static WeightSource Source(string name, int[] sides) =>
        new(name, "", ElementType.Float16, sides, (offset, bytes) =>
            Fill(name, sides, offset / sizeof(ushort), MemoryMarshal.Cast<byte, Half>(bytes)));

    /// <summary>Values lie between shift - scale and shift + scale.</summary>
    static (float Scale, float Shift) Range(string name, ReadOnlySpan<int> sides)
    {
        if (sides.Length <= 1) return name.EndsWith(".weight", StringComparison.Ordinal) ? (0.2f, 1) : (0.1f, 0); // norms; biases
        string[] parts = name.Split('.');
        if (parts.Length > 1 && parts[^2].Contains("embedding", StringComparison.Ordinal)) return (0.5f, 0); // tables of tokens and positions
        double fanIn = 1;
        foreach (int side in sides[1..]) fanIn *= side;
        return ((float)Math.Sqrt(3 / fanIn), 0); // keeps a sum over fanIn inputs at their variance
    }

    /// <summary>u for places seed, seed + 1, …; exact in fp32, since it has 24 bits.</summary>
    static void Uniform(ulong seed, Span<float> values)
    {
        int lanes = Vector<ulong>.Count, i = 0;
        var places = new Vector<ulong>(seed) + Vector<ulong>.Indices;
        for (; i + 2 * lanes <= values.Length; i += 2 * lanes)
        {
            var low = SplitMix(places) >>> 40;
            var high = SplitMix(places + new Vector<ulong>((ulong)lanes)) >>> 40;
            var bits = Vector.AsVectorInt32(Vector.Narrow(low, high)); // [lanes], [lanes] -> [2 lanes]
            (Vector.ConvertToSingle(bits) * (1f / (1 << 23)) - Vector<float>.One).CopyTo(values[i..]);
            places += new Vector<ulong>(2 * (ulong)lanes);
        }
        for (; i < values.Length; i++)
            values[i] = (SplitMix(unchecked(seed + (ulong)i)) >> 40) * (1f / (1 << 23)) - 1;
    }

    /// <summary>One output of Steele, Lea and Flood's generator (2014) whose state is x.</summary>
    static ulong SplitMix(ulong x)
    {
        ulong z = unchecked(x + 0x9E3779B97F4A7C15);
        z = unchecked((z ^ z >> 30) * 0xBF58476D1CE4E5B9);
        z = unchecked((z ^ z >> 27) * 0x94D049BB133111EB);
        return z ^ z >> 31;
    }

    static Vector<ulong> SplitMix(Vector<ulong> x)
    {
        var z = x + new Vector<ulong>(0x9E3779B97F4A7C15);
        z = (z ^ z >>> 30) * new Vector<ulong>(0xBF58476D1CE4E5B9);
        z = (z ^ z >>> 27) * new Vector<ulong>(0x94D049BB133111EB);
        return z ^ z >>> 31;
    }

    /// <summary>Fowler, Noll and Vo's hash, variant 1a, 64 bits, of the name's UTF-8.</summary>
    static ulong Fnv1a(string name)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name)) hash = unchecked((hash ^ b) * 0x100000001b3);
        return hash;
    }
}
