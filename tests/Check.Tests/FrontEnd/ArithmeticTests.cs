namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>Every type of number: operators, conversions and functions.</summary>
public class ArithmeticTests
{
    static readonly int[] Ints = [int.MinValue, -70000, -129, -1, 0, 1, 2, 7, 31, 33, 255, 40000, 65537, int.MaxValue];
    static readonly float[] Floats = [float.NaN, float.NegativeInfinity, -1e20f, -2.5f, -0.5f, -0f, 0, 1e-40f, 0.5f, 1, 1.5f, 2.5f, 300.7f, 3e9f, float.PositiveInfinity];

    [Fact]
    public void SignedIntegers() => Kernels.Check<Signed, int, int>(Ints);

    struct Signed : IFunction<int, int>
    {
        public static int Of(int a, int b)
        {
            int y = a + b * 3 - (a & b) + (a | 5) - (a ^ b) + ~a - -b + (a << b) + (a >> b) + (a >>> b);
            if (b != 0 && b != -1) y += a / b + a % b;
            return y + (a < b ? 1 : 0) + (a <= b ? 2 : 0) + (a > b ? 4 : 0) + (a >= b ? 8 : 0) + (a == b ? 16 : 0) + Math.Min(a, b) + Math.Max(a, b);
        }
    }

    [Fact]
    public void UnsignedIntegers() => Kernels.Check<Unsigned, int, uint>(Ints);

    struct Unsigned : IFunction<int, uint>
    {
        public static uint Of(int x, int y)
        {
            uint a = (uint)x, b = (uint)y;
            uint z = b == 0 ? a : a / b + a % b;
            return z + (a >> y) + (a < b ? 1u : 0) + (a <= b ? 2u : 0) + (a > b ? 4u : 0) + (a >= b ? 8u : 0) + Math.Min(a, b);
        }
    }

    [Fact]
    public void LongIntegers() => Kernels.Check<Long, int, long>(Ints);

    struct Long : IFunction<int, long>
    {
        public static long Of(int x, int y)
        {
            long a = x * 0x1_0001_0001L, b = (uint)y;
            ulong c = (ulong)a, d = (ulong)(long)y;
            long z = a * b - (a >> y) + (a << x) + (long)(c >> y) + (a < b ? 1 : 0) + (c < d ? 2 : 0) + (c >= d ? 4 : 0) + ~b;
            if (d != 0) z += (long)(c / d) + (long)(c % d);
            if (b != 0) z += a / b;
            return a != 0 ? z : -z;
        }
    }

    [Fact]
    public void SmallIntegers() => Kernels.Check<Small, int, int>(Ints);

    struct Small : IFunction<int, int>
    {
        public static int Of(int a, int b)
        {
            sbyte s = (sbyte)a;
            byte u = (byte)b;
            short t = (short)(a + b);
            ushort v = (ushort)(a - b);
            u += 3;
            s--;
            bool flag = u > 4;
            flag ^= s < 0;
            return s * 2 + u * 3 + t * 5 + v * 7 + (flag ? 1 : 0) + (char)a;
        }
    }

    [Fact]
    public void FloatComparisons() => Kernels.Check<Comparison, float, int>(Floats);

    struct Comparison : IFunction<float, int>
    {
        public static int Of(float a, float b)
        {
            int y = 0;
            if (a < b) y |= 1;
            if (a <= b) y |= 2;
            if (a > b) y |= 4;
            if (a >= b) y |= 8;
            if (a == b) y |= 16;
            if (a != b) y |= 32;
            if (!(a < b)) y |= 64;
            if (!(a >= b)) y |= 128;
            bool less = a < b, notMore = !(a > b), lessOrEqual = a <= b, notEqual = a != b;
            y |= (less ? 256 : 0) | (notMore ? 512 : 0) | (lessOrEqual ? 1024 : 0) | (notEqual ? 2048 : 0);
            y |= (float.IsNaN(a) ? 4096 : 0) | (float.IsFinite(a) ? 8192 : 0) | (float.IsInfinity(b) ? 16384 : 0);
            while (a < b && y < 100000) y += 50000;
            return y;
        }
    }

    [Fact]
    public void FloatArithmetic() => Kernels.Check<FloatSum, float, float>(Floats);

    struct FloatSum : IFunction<float, float>
    {
        public static float Of(float a, float b) => a * b + a / (b + 3) - -a + a % 7 + MathF.Sqrt(MathF.Abs(b)) + MathF.Floor(a) - MathF.Ceiling(b) + MathF.Round(a);
    }

    [Fact]
    public void DoubleArithmetic() => Kernels.Check<DoubleSum, float, double>(Floats);

    struct DoubleSum : IFunction<float, double>
    {
        public static double Of(float a, float b)
        {
            double x = a, y = b * 0.1;
            return x * y + (x < y ? Math.Sqrt(Math.Abs(y)) : 3.5) - (float)y + Math.Floor(x) + (double.IsNaN(x) ? 1 : 0);
        }
    }

    [Fact]
    public void Conversions() => Kernels.Check<Conversion, int, double>(Ints);

    struct Conversion : IFunction<int, double>
    {
        public static double Of(int a, int b)
        {
            float f = a, u = (uint)a, l = (long)a * b, ul = (ulong)((long)a * b);
            double d = b, v = (uint)b, w = (ulong)(long)b;
            return f + u + l + ul + d * 3 + v + w + (int)(a * 0.3f) + (uint)(b * 0.2) + (long)(a * 1e5f) + (byte)(b & 200) + (short)(a / 3.0f % 1000);
        }
    }

    [Fact]
    public void Bits() => Kernels.Check<Bit, float, int>(Floats);

    struct Bit : IFunction<float, int>
    {
        public static int Of(float a, float b)
        {
            int x = BitConverter.SingleToInt32Bits(a) ^ (int)(ILGPU.Interop.FloatAsInt(b) >> 3);
            float half = ILGPU.Interop.IntAsFloat((uint)x & 0x7f7fffff);
            return BitConverter.SingleToInt32Bits(half) + (int)BitConverter.DoubleToInt64Bits(BitConverter.UInt32BitsToSingle(12345));
        }
    }

    [Fact]
    public void Functions() => Kernels.Check<Function, float, float>([-3, -0.7f, 0.1f, 0.5f, 1, 2.2f, 9]);

    struct Function : IFunction<float, float>
    {
        public static float Of(float a, float b)
        {
            float y = ILGPU.Algorithms.XMath.Exp(a) + MathF.Tanh(b) + MathF.Sin(a) * MathF.Cos(b) + ILGPU.Algorithms.XMath.Log(b * b) + ILGPU.Algorithms.XMath.Clamp(a, -1, b * b);
            return y + ILGPU.Algorithms.XMath.Rsqrt(b * b + 1) + ILGPU.Algorithms.XMath.Rcp(a) + MathF.Pow(b * b, a) + Math.Clamp((int)a, -1, 5) + Math.Min(a, b) + MathF.Max(a, b);
        }
    }
}
