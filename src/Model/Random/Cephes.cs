namespace PureLcm.Model.Random;

/// <summary>
/// Logarithm, sine and cosine in single precision as torch's vectorised randn computes them: the polynomials of Moshier's
/// Cephes library, with products and sums fused as torch's AVX2 build fuses them. With these the noise of a seed is
/// torch's to the last bit; with exact functions one value in six would differ in it.
/// </summary>
static class Cephes
{
    /// <summary>ln x of a normal number above 0: x = m 2^e with m in [sqrt(1/2), sqrt(2)), ln x = e ln 2 + ln m.</summary>
    public static float Log(float x)
    {
        const int exponentBits = 0x7F800000, half = 0x3F000000, bias = 126;
        int bits = BitConverter.SingleToInt32Bits(x);
        float e = (bits >> 23) - bias;
        float m = BitConverter.Int32BitsToSingle(bits & ~exponentBits | half); // in [1/2, 1)
        if (m < 0.707106781186547524f)
        {
            e--;
            m += m;
        }
        m -= 1;
        float square = m * m;
        float y = Polynomial(m, [7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
            -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f]) * m;
        // ln 2 comes in two parts, 0.693359375 with few bits, so that e times it is exact, and the rest.
        y = MathF.FusedMultiplyAdd(y, square, e * -2.12194440e-4f);
        y = MathF.FusedMultiplyAdd(square, -0.5f, y);
        return MathF.FusedMultiplyAdd(e, 0.693359375f, m + y);
    }

    /// <summary>sin x and cos x of x from 0 to a few thousand: x less a whole number of quarter turns, in [-pi/4, pi/4].</summary>
    public static (float Sin, float Cos) SinCos(float x)
    {
        int octant = ((int)(x * (4 / MathF.PI)) + 1) & ~1;
        float turns = octant;
        x = MathF.FusedMultiplyAdd(turns, -0.78515625f, x); // pi/4 in three parts, to subtract it without rounding
        x = MathF.FusedMultiplyAdd(turns, -2.4187564849853515625e-4f, x);
        x = MathF.FusedMultiplyAdd(turns, -3.77489497744594108e-8f, x);
        float square = x * x;
        float cos = Polynomial(square, [2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f]) * square;
        cos = MathF.FusedMultiplyAdd(cos, square, square * -0.5f) + 1;
        float sin = Polynomial(square, [-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f]) * square;
        sin = MathF.FusedMultiplyAdd(sin, x, x);
        return (octant & 6) switch
        {
            0 => (sin, cos),
            2 => (cos, -sin),
            4 => (-sin, -cos),
            _ => (-cos, sin),
        };
    }

    /// <summary>Horner's rule, the highest power's coefficient first.</summary>
    static float Polynomial(float x, ReadOnlySpan<float> coefficients)
    {
        float y = coefficients[0];
        foreach (float c in coefficients[1..]) y = MathF.FusedMultiplyAdd(y, x, c);
        return y;
    }
}
