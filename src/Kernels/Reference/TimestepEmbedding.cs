namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>
    /// y[n] = [cos(t_n f_0), cos(t_n f_1), …, sin(t_n f_0), sin(t_n f_1), …], or sines first, with half = dim / 2 frequencies
    /// f_i = exp(-ln(10000) i / (half - shift)): clock hands, each slower than the one before it.
    /// Ho et al. 2020, arXiv:2006.11239, appendix B; Vaswani et al. 2017, arXiv:1706.03762, section 3.5.
    /// </summary>
    protected override void TimestepEmbeddingCore(ReadOnlySpan<float> timesteps, Tensor y, bool cosFirst, float shift)
    {
        int half = y.Shape.C / 2;
        for (int n = 0; n < timesteps.Length; n++)
            for (int i = 0; i < half; i++)
            {
                // Models were trained with phases rounded to fp32 at each step, and at t = 1000 such a rounding moves the
                // result by 3e-5: here the roundings are part of the definition.
                float exponent = -(float)Math.Log(10000) * i / (half - shift);
                float phase = (float)Math.Exp(exponent) * timesteps[n];
                Put(y, n, i, cosFirst ? Math.Cos(phase) : Math.Sin(phase));
                Put(y, n, half + i, cosFirst ? Math.Sin(phase) : Math.Cos(phase));
            }
    }
}
