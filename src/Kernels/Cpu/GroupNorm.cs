using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void GroupNormCore(Tensor x, Weight scale, Weight shift, Tensor y, int groups, float epsilon, Activation activation, Tensor? tap)
    {
        switch (width)
        {
            case 512: Run<V512>(); break;
            case 256: Run<V256>(); break;
            default: Run<V128>(); break;
        }

        void Run<V>() where V : struct, IVec<V>
        {
            int n = x.Shape.N, c = x.Shape.C, blocks = ChannelMoments<V>.Blocks(x.Shape);
            // Scratch of the size of the channels, not of the picture.
            float* moments = (float*)NativeMemory.AlignedAlloc(((nuint)n * (nuint)blocks * 3 + (nuint)n * 2) * (nuint)c * sizeof(float), 64);
            try
            {
                float* factors = moments + (nint)n * blocks * 3 * c, offsets = factors + (nint)n * c;
                Threads.Run(new ChannelMoments<V>(x, moments, blocks), n * blocks, threads);
                for (int i = 0; i < n; i++)
                    GroupFactors(moments + (nint)i * blocks * 3 * c, blocks, x.Shape, groups, epsilon, Packed(scale).Floats, Packed(shift).Floats, factors + (nint)i * c, offsets + (nint)i * c);
                ForBlocks(new Affine<V>(x, y, tap, factors, offsets, activation), x.Shape.Rows, c);
            }
            finally
            {
                NativeMemory.AlignedFree(moments);
            }
        }
    }

    /// <summary>
    /// From the blocks' moments of one picture's channels to y = factor x + offset for each. Sets of values are joined by their
    /// counts, means and squared deviations, in double and in a fixed order: Chan, Golub and LeVeque 1979.
    /// </summary>
    static void GroupFactors(float* moments, int blocks, Shape shape, int groups, float epsilon, float* scale, float* shift, float* factors, float* offsets)
    {
        int c = shape.C, perGroup = c / groups;
        for (int group = 0; group < groups; group++)
        {
            double count = 0, mean = 0, squares = 0;
            for (int block = 0; block < blocks; block++)
            {
                double k = ChannelMoments<V128>.BlockPixels(shape, block);
                float* pivots = moments + (nint)block * 3 * c, sums = pivots + c, squareSums = sums + c;
                for (int i = group * perGroup; i < (group + 1) * perGroup; i++)
                {
                    // Relative to the channel's pivot p: mean = p + s/k, squared deviations = q - s s/k.
                    double itsMean = pivots[i] + sums[i] / k, itsSquares = squareSums[i] - (double)sums[i] * sums[i] / k, delta = itsMean - mean;
                    squares += itsSquares + delta * delta * count * k / (count + k);
                    mean += delta * k / (count + k);
                    count += k;
                }
            }
            double inverse = 1 / Math.Sqrt(Math.Max(squares, 0) / count + epsilon);
            for (int i = group * perGroup; i < (group + 1) * perGroup; i++)
            {
                factors[i] = (float)(inverse * scale[i]);
                offsets[i] = (float)(shift[i] - mean * inverse * scale[i]);
            }
        }
    }
}

/// <summary>
/// Sums and sums of squares of each channel over a block of pixels, relative to the channel's first value there, so that a
/// large mean costs no digits. [block][pivot, sum, squares][C]
/// </summary>
sealed unsafe class ChannelMoments<V>(Tensor x, float* moments, int blocks) : IWork where V : struct, IVec<V>
{
    const int Pixels = 256;

    public static int Blocks(Shape shape) => (shape.T + Pixels - 1) / Pixels;

    public static int BlockPixels(Shape shape, int block) => Math.Min(Pixels, shape.T - block * Pixels);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Do(int task, Scratch scratch)
    {
        int n = task / blocks, block = task % blocks, count = BlockPixels(x.Shape, block), channels = x.Shape.C, i = 0;
        float* from = HostBackend.Pointer(x) + ((nint)n * x.Shape.T + (nint)block * Pixels) * x.Pitch;
        float* pivots = moments + (nint)task * 3 * channels, sums = pivots + channels, squares = sums + channels;
        for (; i <= channels - 2 * V.Count; i += 2 * V.Count)
        {
            float* p = from + i;
            V pivot0 = V.Load(p), pivot1 = V.Load(p + V.Count), s0 = V.Zero, s1 = V.Zero, q0 = V.Zero, q1 = V.Zero;
            for (int t = 0; t < count; t++, p += x.Pitch)
            {
                V a = V.Load(p) - pivot0, b = V.Load(p + V.Count) - pivot1;
                s0 += a;
                s1 += b;
                q0 = V.MulAdd(a, a, q0);
                q1 = V.MulAdd(b, b, q1);
            }
            V.Store(pivot0, pivots + i);
            V.Store(pivot1, pivots + i + V.Count);
            V.Store(s0, sums + i);
            V.Store(s1, sums + i + V.Count);
            V.Store(q0, squares + i);
            V.Store(q1, squares + i + V.Count);
        }
        for (; i < channels; i++)
        {
            float* p = from + i;
            float pivot = *p, s = 0, q = 0;
            for (int t = 0; t < count; t++, p += x.Pitch)
            {
                float a = *p - pivot;
                s += a;
                q += a * a;
            }
            (pivots[i], sums[i], squares[i]) = (pivot, s, q);
        }
    }
}

/// <summary>y = activation(factor x + offset), with a factor and an offset a picture and channel.</summary>
sealed unsafe class Affine<V>(Tensor x, Tensor y, Tensor? tap, float* factors, float* offsets, Activation activation) : RowBlocks where V : struct, IVec<V>
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Do(nint first, int count)
    {
        int channels = x.Shape.C;
        for (nint row = first; row < first + count; row++)
        {
            float* from = HostBackend.Pointer(x) + row * x.Pitch, to = HostBackend.Pointer(y) + row * y.Pitch;
            nint picture = row / x.Shape.T;
            float* factor = factors + picture * channels, offset = offsets + picture * channels;
            float* t = tap is null ? null : HostBackend.Pointer(tap) + row * tap.Pitch;
            int i = 0;
            if (activation == Activation.Silu && t == null) // what nearly all group norms of a model do, without a store between
                for (; i <= channels - V.Count; i += V.Count)
                    V.Store(VectorMath<V>.Swish(V.MulAdd(V.Load(from + i), V.Load(factor + i), V.Load(offset + i)), 1), to + i);
            int rest = i;
            for (; i <= channels - V.Count; i += V.Count) V.Store(V.MulAdd(V.Load(from + i), V.Load(factor + i), V.Load(offset + i)), to + i);
            for (; i < channels; i++) to[i] = float.MultiplyAddEstimate(from[i], factor[i], offset[i]);
            if (t != null) Unsafe.CopyBlock(t + rest, to + rest, (uint)(channels - rest) * sizeof(float));
            if (activation != Activation.None) VectorMath<V>.Apply(activation, to + rest, to + rest, channels - rest);
        }
    }
}
