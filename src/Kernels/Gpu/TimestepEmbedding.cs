using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    readonly Dictionary<(int Half, float Shift), MemoryBuffer1D<byte, Stride1D.Dense>> frequencyTables = [];

    /// <inheritdoc/>
    protected override void TimestepEmbeddingCore(ReadOnlySpan<float> timesteps, Tensor y, bool cosFirst, float shift)
    {
        // A launch a picture, with its time as an argument: nothing is uploaded.
        for (int n = 0; n < timesteps.Length; n++)
            Run(typeof(TimestepEmbeddingKernel<>), (timesteps[n], Frequencies(y.Shape.C / 2, shift), y.Batch(n), cosFirst), Stored(y));
    }

    /// <summary>
    /// exp(-ln(10000) i / (half - shift)), made once for all steps, on the host: in torch's order of fp32 roundings, since phases
    /// reach thousands, where another order moves the result by 1e-5.
    /// </summary>
    ArrayView<float> Frequencies(int half, float shift)
    {
        if (!frequencyTables.TryGetValue((half, shift), out var table))
        {
            var frequencies = new float[half];
            for (int i = 0; i < half; i++)
            {
                float exponent = -9.210340371976184f * i / (half - shift);
                frequencies[i] = (float)Math.Exp(exponent);
            }
            frequencyTables[(half, shift)] = table = AllocateBytes(half * sizeof(float));
            CopyFromHost<float>(frequencies, table.View.BaseView.Cast<float>());
        }
        return table.View.BaseView.Cast<float>();
    }
}

/// <summary>y = [cos(t f_0), …, sin(t f_0), …], or sines first. A work-item a frequency.</summary>
sealed class TimestepEmbeddingKernel<T>(GpuBackend gpu) : GpuKernel<(float Timestep, ArrayView<float> Frequencies, Tensor Y, bool CosFirst)> where T : unmanaged, IStored<T>
{
    readonly Action<KernelConfig, float, ArrayView<float>, ArrayView<T>, int> kernel = gpu.LoadStreamKernel<float, ArrayView<float>, ArrayView<T>, int>(Kernel);

    public override void Launch(in (float Timestep, ArrayView<float> Frequencies, Tensor Y, bool CosFirst) arguments)
    {
        var (timestep, frequencies, y, cosFirst) = arguments;
        kernel(new KernelConfig(GpuBackend.Groups(frequencies.Length, gpu.GroupSize), gpu.GroupSize), timestep, frequencies, gpu.View<T>(y), cosFirst ? 1 : 0);
    }

    static void Kernel(float timestep, ArrayView<float> frequencies, ArrayView<T> y, int cosFirst)
    {
        int i = Grid.IdxX * Group.DimX + Group.IdxX, half = frequencies.IntLength;
        if (i >= half) return;
        float phase = frequencies[i] * timestep;
        y[i] = T.Store(Functions.Sine(phase, cosFirst));
        y[half + i] = T.Store(Functions.Sine(phase, 1 - cosFirst));
    }
}
