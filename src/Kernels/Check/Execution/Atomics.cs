using System.Numerics;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>Changes of memory in one piece, by the names of <see cref="Ir.Op"/>'s atomics. Each returns the value before it.</summary>
static class Atomics
{
    public static int Add(ref int target, int value) => Interlocked.Add(ref target, value) - value;
    public static long Add(ref long target, long value) => Interlocked.Add(ref target, value) - value;
    public static uint Add(ref uint target, uint value) => Interlocked.Add(ref target, value) - value;
    public static ulong Add(ref ulong target, ulong value) => Interlocked.Add(ref target, value) - value;
    public static float Add(ref float target, float value) => Change(ref target, value, static (old, value) => old + value);
    public static double Add(ref double target, double value) => Change(ref target, value, static (old, value) => old + value);

    public static int Max(ref int target, int value) => Change(ref target, value, KernelMath.Max);
    public static long Max(ref long target, long value) => Change(ref target, value, KernelMath.Max);
    public static uint Max(ref uint target, uint value) => Change(ref target, value, KernelMath.Max);
    public static ulong Max(ref ulong target, ulong value) => Change(ref target, value, KernelMath.Max);
    public static float Max(ref float target, float value) => Change(ref target, value, KernelMath.Max);
    public static double Max(ref double target, double value) => Change(ref target, value, KernelMath.Max);

    public static int Min(ref int target, int value) => Change(ref target, value, KernelMath.Min);
    public static long Min(ref long target, long value) => Change(ref target, value, KernelMath.Min);
    public static uint Min(ref uint target, uint value) => Change(ref target, value, KernelMath.Min);
    public static ulong Min(ref ulong target, ulong value) => Change(ref target, value, KernelMath.Min);
    public static float Min(ref float target, float value) => Change(ref target, value, KernelMath.Min);
    public static double Min(ref double target, double value) => Change(ref target, value, KernelMath.Min);

    public static int And(ref int target, int value) => Interlocked.And(ref target, value);
    public static long And(ref long target, long value) => Interlocked.And(ref target, value);
    public static uint And(ref uint target, uint value) => Interlocked.And(ref target, value);
    public static ulong And(ref ulong target, ulong value) => Interlocked.And(ref target, value);

    public static int Or(ref int target, int value) => Interlocked.Or(ref target, value);
    public static long Or(ref long target, long value) => Interlocked.Or(ref target, value);
    public static uint Or(ref uint target, uint value) => Interlocked.Or(ref target, value);
    public static ulong Or(ref ulong target, ulong value) => Interlocked.Or(ref target, value);

    public static int Exchange(ref int target, int value) => Interlocked.Exchange(ref target, value);
    public static long Exchange(ref long target, long value) => Interlocked.Exchange(ref target, value);
    public static uint Exchange(ref uint target, uint value) => Interlocked.Exchange(ref target, value);
    public static ulong Exchange(ref ulong target, ulong value) => Interlocked.Exchange(ref target, value);
    public static float Exchange(ref float target, float value) => Interlocked.Exchange(ref target, value);
    public static double Exchange(ref double target, double value) => Interlocked.Exchange(ref target, value);

    public static int CompareExchange(ref int target, int compare, int value) => Interlocked.CompareExchange(ref target, value, compare);
    public static long CompareExchange(ref long target, long compare, long value) => Interlocked.CompareExchange(ref target, value, compare);
    public static uint CompareExchange(ref uint target, uint compare, uint value) => Interlocked.CompareExchange(ref target, value, compare);
    public static ulong CompareExchange(ref ulong target, ulong compare, ulong value) => Interlocked.CompareExchange(ref target, value, compare);

    static T Change<T>(ref T target, T value, Func<T, T, T> function) where T : unmanaged, INumber<T>
    {
        for (T old = target; ;)
        {
            T seen = Interlocked.CompareExchange(ref target, function(old, value), old);
            if (EqualityComparer<T>.Default.Equals(seen, old)) return old; // so that NaN equals itself
            old = seen;
        }
    }
}
