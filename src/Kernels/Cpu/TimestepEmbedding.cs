namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void TimestepEmbeddingCore(ReadOnlySpan<float> timesteps, Tensor y, bool cosFirst, float shift)
    {
        int half = y.Shape.C / 2;
        for (int n = 0; n < timesteps.Length; n++)
        {
            float* first = Pointer(y) + (nint)n * y.Pitch, second = first + half;
            for (int i = 0; i < half; i++)
            {
                // In torch's order of fp32 roundings: phases reach thousands, where another order moves the result by 1e-5.
                float exponent = -9.210340371976184f * i / (half - shift), phase = (float)Math.Exp(exponent) * timesteps[n];
                (double sin, double cos) = Math.SinCos(phase);
                first[i] = (float)(cosFirst ? cos : sin);
                second[i] = (float)(cosFirst ? sin : cos);
            }
        }
    }
}
