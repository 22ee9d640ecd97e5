using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PureLcm.Kernels.Cpu;

/// <summary>4 lanes of 128 bits.</summary>
readonly unsafe struct V128(Vector128<float> v) : IVec<V128>
{
    readonly Vector128<float> v = v;

    public static int Count => 4;
    public static V128 Zero { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new(Vector128<float>.Zero); }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 Of(float value) => new(Vector128.Create(value));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 Load(float* p) => new(Vector128.Load(p));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(V128 x, float* p) => x.v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 operator +(V128 a, V128 b) => new(a.v + b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 operator -(V128 a, V128 b) => new(a.v - b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 operator *(V128 a, V128 b) => new(a.v * b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 operator /(V128 a, V128 b) => new(a.v / b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 MulAdd(V128 a, V128 b, V128 c) => new(Vector128.MultiplyAddEstimate(a.v, b.v, c.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 Min(V128 a, V128 b) => new(Vector128.MinNative(a.v, b.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 Max(V128 a, V128 b) => new(Vector128.MaxNative(a.v, b.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 Abs(V128 a) => new(Vector128.Abs(a.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 Sqrt(V128 a) => new(Vector128.Sqrt(a.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 Round(V128 a) => new(Vector128.Round(a.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 PowerOfTwo(V128 n) => new(((Vector128.ConvertToInt32Native(n.v) + Vector128.Create(127)) << 23).AsSingle());
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 CopySign(V128 a, V128 b) => new(Vector128.CopySign(a.v, b.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V128 IfLess(V128 a, V128 b, V128 yes, V128 no) => new(Vector128.ConditionalSelect(Vector128.LessThan(a.v, b.v), yes.v, no.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Sum(V128 a) => Vector128.Sum(a.v);

    public static float Largest(V128 a)
    {
        float largest = a.v[0];
        for (int i = 1; i < 4; i++) largest = MathF.Max(largest, a.v[i]);
        return largest;
    }

    /// <summary>
    /// Shift exponent and fraction to their places, then scale by 2^112 to correct the exponent's bias: subnormals come out
    /// right by themselves, infinities and NaN need the exponent's top set.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadHalf(ushort* p)
    {
        var bits = Widen128(p);
        var sign = (bits & Vector128.Create(0x8000u)) << 16;
        var magnitude = (bits & Vector128.Create(0x7FFFu)) << 13;
        var scaled = (magnitude.AsSingle() * Vector128.Create(5.192296858534828e33f)).AsUInt32();
        var special = Vector128.GreaterThanOrEqual(magnitude, Vector128.Create(0x7C00u << 13)) & (magnitude | Vector128.Create(0x7F800000u));
        return new((sign | scaled | special).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V128 LoadBFloat(ushort* p) => new((Widen128(p) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector128<uint> Widen128(ushort* p) => Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)p).AsUInt16());
}

/// <summary>8 lanes of 256 bits.</summary>
readonly unsafe struct V256(Vector256<float> v) : IVec<V256>
{
    readonly Vector256<float> v = v;

    public static int Count => 8;
    public static V256 Zero { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new(Vector256<float>.Zero); }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 Of(float value) => new(Vector256.Create(value));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 Load(float* p) => new(Vector256.Load(p));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(V256 x, float* p) => x.v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 operator +(V256 a, V256 b) => new(a.v + b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 operator -(V256 a, V256 b) => new(a.v - b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 operator *(V256 a, V256 b) => new(a.v * b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 operator /(V256 a, V256 b) => new(a.v / b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 MulAdd(V256 a, V256 b, V256 c) => new(Vector256.MultiplyAddEstimate(a.v, b.v, c.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 Min(V256 a, V256 b) => new(Vector256.MinNative(a.v, b.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 Max(V256 a, V256 b) => new(Vector256.MaxNative(a.v, b.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 Abs(V256 a) => new(Vector256.Abs(a.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 Sqrt(V256 a) => new(Vector256.Sqrt(a.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 Round(V256 a) => new(Vector256.Round(a.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 PowerOfTwo(V256 n) => new(((Vector256.ConvertToInt32Native(n.v) + Vector256.Create(127)) << 23).AsSingle());
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 CopySign(V256 a, V256 b) => new(Vector256.CopySign(a.v, b.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V256 IfLess(V256 a, V256 b, V256 yes, V256 no) => new(Vector256.ConditionalSelect(Vector256.LessThan(a.v, b.v), yes.v, no.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Sum(V256 a) => Vector256.Sum(a.v);

    public static float Largest(V256 a)
    {
        float largest = a.v[0];
        for (int i = 1; i < 8; i++) largest = MathF.Max(largest, a.v[i]);
        return largest;
    }

    /// <summary>
    /// Shift exponent and fraction to their places, then scale by 2^112 to correct the exponent's bias: subnormals come out
    /// right by themselves, infinities and NaN need the exponent's top set.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadHalf(ushort* p)
    {
        var bits = Widen256(p);
        var sign = (bits & Vector256.Create(0x8000u)) << 16;
        var magnitude = (bits & Vector256.Create(0x7FFFu)) << 13;
        var scaled = (magnitude.AsSingle() * Vector256.Create(5.192296858534828e33f)).AsUInt32();
        var special = Vector256.GreaterThanOrEqual(magnitude, Vector256.Create(0x7C00u << 13)) & (magnitude | Vector256.Create(0x7F800000u));
        return new((sign | scaled | special).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V256 LoadBFloat(ushort* p) => new((Widen256(p) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<uint> Widen256(ushort* p) => Vector256.Create(Vector128.WidenLower(Vector128.Load(p)), Vector128.WidenUpper(Vector128.Load(p)));
}

/// <summary>16 lanes of 512 bits.</summary>
readonly unsafe struct V512(Vector512<float> v) : IVec<V512>
{
    readonly Vector512<float> v = v;

    public static int Count => 16;
    public static V512 Zero { [MethodImpl(MethodImplOptions.AggressiveInlining)] get => new(Vector512<float>.Zero); }
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 Of(float value) => new(Vector512.Create(value));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 Load(float* p) => new(Vector512.Load(p));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static void Store(V512 x, float* p) => x.v.Store(p);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 operator +(V512 a, V512 b) => new(a.v + b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 operator -(V512 a, V512 b) => new(a.v - b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 operator *(V512 a, V512 b) => new(a.v * b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 operator /(V512 a, V512 b) => new(a.v / b.v);
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 MulAdd(V512 a, V512 b, V512 c) => new(Vector512.MultiplyAddEstimate(a.v, b.v, c.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 Min(V512 a, V512 b) => new(Vector512.MinNative(a.v, b.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 Max(V512 a, V512 b) => new(Vector512.MaxNative(a.v, b.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 Abs(V512 a) => new(Vector512.Abs(a.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 Sqrt(V512 a) => new(Vector512.Sqrt(a.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 Round(V512 a) => new(Vector512.Round(a.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 PowerOfTwo(V512 n) => new(((Vector512.ConvertToInt32Native(n.v) + Vector512.Create(127)) << 23).AsSingle());
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 CopySign(V512 a, V512 b) => new(Vector512.CopySign(a.v, b.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static V512 IfLess(V512 a, V512 b, V512 yes, V512 no) => new(Vector512.ConditionalSelect(Vector512.LessThan(a.v, b.v), yes.v, no.v));
    [MethodImpl(MethodImplOptions.AggressiveInlining)] public static float Sum(V512 a) => Vector512.Sum(a.v);

    public static float Largest(V512 a)
    {
        float largest = a.v[0];
        for (int i = 1; i < 16; i++) largest = MathF.Max(largest, a.v[i]);
        return largest;
    }

    /// <summary>
    /// Shift exponent and fraction to their places, then scale by 2^112 to correct the exponent's bias: subnormals come out
    /// right by themselves, infinities and NaN need the exponent's top set.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadHalf(ushort* p)
    {
        var bits = Widen512(p);
        var sign = (bits & Vector512.Create(0x8000u)) << 16;
        var magnitude = (bits & Vector512.Create(0x7FFFu)) << 13;
        var scaled = (magnitude.AsSingle() * Vector512.Create(5.192296858534828e33f)).AsUInt32();
        var special = Vector512.GreaterThanOrEqual(magnitude, Vector512.Create(0x7C00u << 13)) & (magnitude | Vector512.Create(0x7F800000u));
        return new((sign | scaled | special).AsSingle());
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V512 LoadBFloat(ushort* p) => new((Widen512(p) << 16).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector512<uint> Widen512(ushort* p) => Vector512.Create(Vector256.WidenLower(Vector256.Load(p)), Vector256.WidenUpper(Vector256.Load(p)));
}

