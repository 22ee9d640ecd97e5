using ILGPU.Algorithms;

namespace PureLcm.Kernels.Gpu;

/// <summary>The formulas of <see cref="Activation"/> and of the sinusoids, as kernels call them.</summary>
static class Functions
{
    /// <summary>An activation; which one is a constant of the compiled kernel, so that one branch is left.</summary>
    public static float Apply(int activation, float x)
    {
        if (activation == (int)Activation.Silu) return x / (1 + XMath.Exp(-x));
        if (activation == (int)Activation.Gelu) return Gelu(x);
        if (activation == (int)Activation.QuickGelu) return x / (1 + XMath.Exp(-1.702f * x));
        if (activation == (int)Activation.Relu) return x < 0 ? 0 : x; // what is no number stays none
        if (activation == (int)Activation.Tanh) return Tanh(x);
        return x;
    }

    /// <summary>
    /// x Phi(x), with Phi(-|x|) = erfc(z) / 2 and z = |x| / sqrt 2: no digits cancel where Phi is near 0.
    /// erfc(z) = exp(-z^2) t p(t), t = 1 / (1 + 0.4 z): p is the polynomial of degree 8 through the function's values at the
    /// Chebyshev points of 0 &lt;= z &lt;= 13.5, with a relative error of 1.2e-7.
    /// </summary>
    public static float Gelu(float x)
    {
        float z = XMath.Abs(x) * 0.70710678f, t = 1 / (1 + 0.4f * z);
        float p = 0.04371801529f;
        p = p * t - 0.1528948203f;
        p = p * t + 0.1111971313f;
        p = p * t + 0.05546782908f;
        p = p * t + 0.1030943248f;
        p = p * t + 0.1831165328f;
        p = p * t + 0.204585507f;
        p = p * t + 0.226058601f;
        p = p * t + 0.2256569358f;
        float tail = 0.5f * t * p * XMath.Exp(-z * z);
        return x * (x > 0 ? 1 - tail : tail);
    }

    /// <summary>(1 - e) / (1 + e) with e = exp(-2 |x|); near 0, where that loses its digits to the 1, its Taylor polynomial.</summary>
    static float Tanh(float x)
    {
        float e = XMath.Exp(-2 * XMath.Abs(x)), far = (1 - e) / (1 + e), square = x * x;
        float p = -1382f / 155925;
        p = p * square + 62f / 2835;
        p = p * square - 17f / 315;
        p = p * square + 2f / 15;
        p = p * square - 1f / 3;
        float near = x + x * (square * p);
        return XMath.Abs(x) < 0.3f ? near : x < 0 ? -far : far;
    }

    /// <summary>
    /// sin(x), or cos(x) where <paramref name="quarters"/> is 1: sin(x + quarters pi/2), for |x| up to 10000. Drivers' own sines
    /// lose their digits with large arguments. x less its nearest multiple n of pi/2, in three parts whose products with n are
    /// exact (Cody and Waite 1980), then Taylor polynomials.
    /// </summary>
    public static float Sine(float x, int quarters)
    {
        float n = XMath.Floor(x * 0.63661977f + 0.5f);
        float r = ((x - n * 1.5703125f) - n * 4.837512969970703e-4f) - n * 7.54978995e-8f;
        float square = r * r;
        float sine = r + r * (square * (-1f / 6 + square * (1f / 120 + square * (-1f / 5040 + square * (1f / 362880)))));
        float cosine = 1 - 0.5f * square + square * square * (1f / 24 + square * (-1f / 720 + square * (1f / 40320)));
        int quadrant = ((int)n + quarters) & 3;
        float value = (quadrant & 1) == 0 ? sine : cosine;
        return quadrant < 2 ? value : -value;
    }
}
