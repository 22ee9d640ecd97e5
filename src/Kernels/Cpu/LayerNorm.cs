using System.Runtime.CompilerServices;

namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void LayerNormCore(Tensor x, Weight scale, Weight shift, Tensor y, float epsilon)
    {
        switch (width)
        {
            case 512: ForBlocks(new LayerNormRows<V512>(x, Packed(scale).Floats, Packed(shift).Floats, y, epsilon), x.Shape.Rows, x.Shape.C); break;
            case 256: ForBlocks(new LayerNormRows<V256>(x, Packed(scale).Floats, Packed(shift).Floats, y, epsilon), x.Shape.Rows, x.Shape.C); break;
            default: ForBlocks(new LayerNormRows<V128>(x, Packed(scale).Floats, Packed(shift).Floats, y, epsilon), x.Shape.Rows, x.Shape.C); break;
        }
    }
}

/// <summary>A row is in the first-level cache after the mean, so the variance takes a pass of its own, about the mean.</summary>
sealed unsafe class LayerNormRows<V>(Tensor x, float* scale, float* shift, Tensor y, float epsilon) : RowBlocks where V : struct, IVec<V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Do(nint first, int count)
    {
        int channels = x.Shape.C;
        for (nint row = first; row < first + count; row++)
        {
            float* from = HostBackend.Pointer(x) + row * x.Pitch, to = HostBackend.Pointer(y) + row * y.Pitch;
            V sum = V.Zero;
            float rest = 0;
            int i = 0;
            for (; i <= channels - V.Count; i += V.Count) sum += V.Load(from + i);
            for (; i < channels; i++) rest += from[i];
            float mean = (V.Sum(sum) + rest) / channels;

            V m = V.Of(mean), squares = V.Zero;
            rest = 0;
            for (i = 0; i <= channels - V.Count; i += V.Count)
            {
                V a = V.Load(from + i) - m;
                squares = V.MulAdd(a, a, squares);
            }
            for (; i < channels; i++) rest += (from[i] - mean) * (from[i] - mean);
            float inverse = 1 / MathF.Sqrt((V.Sum(squares) + rest) / channels + epsilon);

            V factor = V.Of(inverse);
            for (i = 0; i <= channels - V.Count; i += V.Count)
                V.Store(V.MulAdd((V.Load(from + i) - m) * factor, V.Load(scale + i), V.Load(shift + i)), to + i);
            for (; i < channels; i++) to[i] = (from[i] - mean) * inverse * scale[i] + shift[i];
        }
    }
}
