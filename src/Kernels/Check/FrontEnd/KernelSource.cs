using System.Reflection;
using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>A kernel method and the values it is specialised for: what a translation is made from, and found again by.</summary>
sealed class KernelSource(MethodInfo method, long[] specialized) : IEquatable<KernelSource>
{
    public MethodInfo Method { get; } = method;

    /// <summary>The bits of its <c>SpecializedValue</c> parameters, in order; see <see cref="SpecializedBits"/>.</summary>
    public long[] Specialized { get; } = specialized;

    /// <summary>Runs the front end.</summary>
    /// <exception cref="NotSupportedException">The kernel does what kernels can't; the message names method and construct.</exception>
    public KernelMethod Translate() => Translator.Translate(Method, Specialized);

    /// <summary>A specialised value as an operand's bits: integers sign-extended, floats as their IEEE form.</summary>
    public static long SpecializedBits<T>(T value) where T : unmanaged => value switch
    {
        int x => x,
        long x => x,
        uint x => (int)x,
        bool x => x ? 1 : 0,
        byte x => x,
        short x => x,
        ushort x => x,
        float x => BitConverter.SingleToInt32Bits(x),
        double x => BitConverter.DoubleToInt64Bits(x),
        _ => throw new NotSupportedException($"a SpecializedValue of {typeof(T).Name}: it is a number"),
    };

    public bool Equals(KernelSource? other) =>
        other is not null && Method == other.Method && Specialized.AsSpan().SequenceEqual(other.Specialized);

    public override bool Equals(object? other) => Equals(other as KernelSource);

    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Method);
        foreach (long bits in Specialized) hash.Add(bits);
        return hash.ToHashCode();
    }
}
