using System.Runtime.CompilerServices;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>
/// The operations of kernels that are no instruction of IL, each by the name of its <see cref="Ir.Op"/>. They compute what
/// ILGPU's CPU accelerator and .NET's functions do, so that a kernel gives the same bits there.
/// </summary>
static class KernelMath
{
    // The processor traps where the smallest integer is divided by -1; kernels wrap around.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Divide(int a, int b) => b == -1 ? -a : a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Divide(long a, long b) => b == -1 ? -a : a / b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Remainder(int a, int b) => b == -1 ? 0 : a % b;
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static long Remainder(long a, long b) => b == -1 ? 0 : a % b;

    public static bool EqualOrUnordered(double a, double b) => !(a < b || a > b);

    public static int BitCast(float a) => BitConverter.SingleToInt32Bits(a);
    public static float BitCast(int a) => BitConverter.Int32BitsToSingle(a);
    public static long BitCast(double a) => BitConverter.DoubleToInt64Bits(a);
    public static double BitCast(long a) => BitConverter.Int64BitsToDouble(a);

    public static int Abs(int a) => a < 0 ? -a : a;
    public static long Abs(long a) => a < 0 ? -a : a;
    public static float Abs(float a) => MathF.Abs(a);
    public static double Abs(double a) => Math.Abs(a);

    public static int Min(int a, int b) => Math.Min(a, b);
    public static uint Min(uint a, uint b) => Math.Min(a, b);
    public static long Min(long a, long b) => Math.Min(a, b);
    public static ulong Min(ulong a, ulong b) => Math.Min(a, b);
    public static float Min(float a, float b) => float.MinNumber(a, b);
    public static double Min(double a, double b) => double.MinNumber(a, b);

    public static int Max(int a, int b) => Math.Max(a, b);
    public static uint Max(uint a, uint b) => Math.Max(a, b);
    public static long Max(long a, long b) => Math.Max(a, b);
    public static ulong Max(ulong a, ulong b) => Math.Max(a, b);
    public static float Max(float a, float b) => float.MaxNumber(a, b);
    public static double Max(double a, double b) => double.MaxNumber(a, b);

    public static float Sqrt(float a) => MathF.Sqrt(a);
    public static double Sqrt(double a) => Math.Sqrt(a);
    public static float ReciprocalSqrt(float a) => 1 / MathF.Sqrt(a);
    public static double ReciprocalSqrt(double a) => 1 / Math.Sqrt(a);

    public static float Exp(float a) => MathF.Exp(a);
    public static double Exp(double a) => Math.Exp(a);
    public static float Exp2(float a) => MathF.Pow(2, a);
    public static double Exp2(double a) => Math.Pow(2, a);
    public static float Log(float a) => MathF.Log(a);
    public static double Log(double a) => Math.Log(a);
    public static float Log2(float a) => MathF.Log2(a);
    public static double Log2(double a) => Math.Log2(a);
    public static float Pow(float a, float b) => MathF.Pow(a, b);
    public static double Pow(double a, double b) => Math.Pow(a, b);

    public static float Sin(float a) => MathF.Sin(a);
    public static double Sin(double a) => Math.Sin(a);
    public static float Cos(float a) => MathF.Cos(a);
    public static double Cos(double a) => Math.Cos(a);
    public static float Tanh(float a) => MathF.Tanh(a);
    public static double Tanh(double a) => Math.Tanh(a);

    public static float Floor(float a) => MathF.Floor(a);
    public static double Floor(double a) => Math.Floor(a);
    public static float Ceiling(float a) => MathF.Ceiling(a);
    public static double Ceiling(double a) => Math.Ceiling(a);
    public static float Round(float a) => MathF.Round(a);
    public static double Round(double a) => Math.Round(a);
}
