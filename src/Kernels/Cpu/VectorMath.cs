using System.Runtime.CompilerServices;

namespace PureLcm.Kernels.Cpu;

/// <summary>Functions of vectors.</summary>
static unsafe class VectorMath<V> where V : struct, IVec<V>
{
    /// <summary>
    /// e^x = 2^n e^r with n = round(x / ln 2): r is within ln 2 / 2 of zero, reduced with ln 2 in two parts (Cody and Waite 1980),
    /// and its Taylor polynomial of degree 7 is exact to fp32. 0 below -87, finite above 88.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp(V x)
    {
        V clamped = V.Min(V.Of(88.3f), V.Max(V.Of(-87.3f), x)); // in this order what is no number stays none
        V n = V.Round(clamped * V.Of(1.44269504f));
        V r = V.MulAdd(n, V.Of(-0.693359375f), clamped);
        r = V.MulAdd(n, V.Of(2.12194440e-4f), r);
        V p = V.Of(1f / 5040);
        p = V.MulAdd(p, r, V.Of(1f / 720));
        p = V.MulAdd(p, r, V.Of(1f / 120));
        p = V.MulAdd(p, r, V.Of(1f / 24));
        p = V.MulAdd(p, r, V.Of(1f / 6));
        p = V.MulAdd(p, r, V.Of(0.5f));
        p = V.MulAdd(p, r, V.Of(1));
        p = V.MulAdd(p, r, V.Of(1));
        return V.IfLess(x, V.Of(-87.3f), V.Zero, p * V.PowerOfTwo(n));
    }

    /// <summary>x sigmoid(scale x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Swish(V x, float scale) => x / (V.Of(1) + Exp(x * V.Of(-scale)));

    /// <summary>Abramowitz and Stegun 1964, 7.1.26: absolute error 1.5e-7 by itself, 5e-7 with the roundings of fp32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Erf(V x)
    {
        V z = V.Abs(x), t = V.Of(1) / V.MulAdd(V.Of(0.3275911f), z, V.Of(1));
        V p = V.MulAdd(V.Of(1.061405429f), t, V.Of(-1.453152027f));
        p = V.MulAdd(p, t, V.Of(1.421413741f));
        p = V.MulAdd(p, t, V.Of(-0.284496736f));
        p = V.MulAdd(p, t, V.Of(0.254829592f));
        return V.CopySign(V.Of(1) - p * t * Exp(V.Zero - z * z), x);
    }

    /// <summary>x Phi(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Gelu(V x) => V.Of(0.5f) * x * (V.Of(1) + Erf(x * V.Of(0.70710678f)));

    /// <summary>
    /// 1 - 2 / (e^2x + 1). Near 0 that loses its digits to the 1, and there the Taylor polynomial of degree 11 is exact to fp32. Relative error 6e-7.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh(V x)
    {
        V far = V.Of(1) - V.Of(2) / (Exp(x + x) + V.Of(1)), square = x * x;
        V p = V.Of(-1382f / 155925);
        p = V.MulAdd(p, square, V.Of(62f / 2835));
        p = V.MulAdd(p, square, V.Of(-17f / 315));
        p = V.MulAdd(p, square, V.Of(2f / 15));
        p = V.MulAdd(p, square, V.Of(-1f / 3));
        return V.IfLess(V.Abs(x), V.Of(0.3f), V.MulAdd(p * square, x, x), far);
    }

    /// <summary>An activation of one vector.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply(Activation activation, V x) => activation switch
    {
        Activation.Silu => Swish(x, 1),
        Activation.Gelu => Gelu(x),
        Activation.QuickGelu => Swish(x, 1.702f),
        Activation.Relu => V.Max(V.Zero, x),
        Activation.Tanh => Tanh(x),
        _ => x,
    };

    /// <summary>An activation of a row; the last, partial vector goes through memory of its own.</summary>
    public static void Apply(Activation activation, float* from, float* to, int count)
    {
        int i = 0;
        for (; i <= count - V.Count; i += V.Count) V.Store(Apply(activation, V.Load(from + i)), to + i);
        if (i == count) return;
        float* rest = stackalloc float[16];
        for (int j = i; j < count; j++) rest[j - i] = from[j];
        V.Store(Apply(activation, V.Load(rest)), rest);
        for (int j = i; j < count; j++) to[j] = rest[j - i];
    }
}
