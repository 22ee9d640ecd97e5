namespace ILGPU.Algorithms;

/// <summary>Functions of floats that every back end has. There is no error function and no fused multiply-add in the real one.</summary>
public static class XMath
{
    /// <summary>e^x</summary>
    public static float Exp(float x) => MathF.Exp(x);

    /// <summary>2^x</summary>
    public static float Exp2(float x) => MathF.Pow(2, x);

    /// <summary>ln x</summary>
    public static float Log(float x) => MathF.Log(x);

    /// <summary>log2 x</summary>
    public static float Log2(float x) => MathF.Log2(x);

    /// <summary>Square root.</summary>
    public static float Sqrt(float x) => MathF.Sqrt(x);

    /// <summary>1 / sqrt(x)</summary>
    public static float Rsqrt(float x) => 1 / MathF.Sqrt(x);

    /// <summary>1 / x</summary>
    public static float Rcp(float x) => 1 / x;

    /// <summary>Sine.</summary>
    public static float Sin(float x) => MathF.Sin(x);

    /// <summary>Cosine.</summary>
    public static float Cos(float x) => MathF.Cos(x);

    /// <summary>Hyperbolic tangent.</summary>
    public static float Tanh(float x) => MathF.Tanh(x);

    /// <summary>x^y</summary>
    public static float Pow(float x, float y) => MathF.Pow(x, y);

    /// <summary>Magnitude.</summary>
    public static float Abs(float x) => MathF.Abs(x);

    /// <summary>The smaller.</summary>
    public static float Min(float x, float y) => MathF.Min(x, y);

    /// <summary>The larger.</summary>
    public static float Max(float x, float y) => MathF.Max(x, y);

    /// <summary>The smaller.</summary>
    public static int Min(int x, int y) => Math.Min(x, y);

    /// <summary>The larger.</summary>
    public static int Max(int x, int y) => Math.Max(x, y);

    /// <summary>x, but not below min or above max.</summary>
    public static float Clamp(float x, float min, float max) => Max(Min(x, max), min);

    /// <summary>x, but not below min or above max.</summary>
    public static int Clamp(int x, int min, int max) => Max(Min(x, max), min);

    /// <summary>Rounded down.</summary>
    public static float Floor(float x) => MathF.Floor(x);

    /// <summary>Rounded up.</summary>
    public static float Ceiling(float x) => MathF.Ceiling(x);
}
