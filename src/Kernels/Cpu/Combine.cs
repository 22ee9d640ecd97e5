using System.Runtime.CompilerServices;

namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void CombineCore(Tensor y, ReadOnlySpan<Term> terms)
    {
        if (terms is [{ Factor: 1, Tensor: var only }])
        {
            ForBlocks(new CopiedRows(only, y), y.Shape.Rows, y.Shape.C);
            return;
        }
        switch (width)
        {
            case 512: ForBlocks(new CombinedRows<V512>(y, terms), y.Shape.Rows, y.Shape.C); break;
            case 256: ForBlocks(new CombinedRows<V256>(y, terms), y.Shape.Rows, y.Shape.C); break;
            default: ForBlocks(new CombinedRows<V128>(y, terms), y.Shape.Rows, y.Shape.C); break;
        }
    }
}

/// <summary>y = x, row by row.</summary>
sealed unsafe class CopiedRows(Tensor x, Tensor y) : RowBlocks
{
    protected override void Do(nint first, int count)
    {
        for (nint row = first; row < first + count; row++)
            Unsafe.CopyBlock(HostBackend.Pointer(y) + row * y.Pitch, HostBackend.Pointer(x) + row * x.Pitch, (uint)y.Shape.C * sizeof(float));
    }
}

/// <summary>y = sum of factor * tensor: the sums of a vector stay in a register over all terms, so y may be one of them.</summary>
sealed unsafe class CombinedRows<V> : RowBlocks where V : struct, IVec<V>
{
    readonly Tensor y;
    readonly Term first, second, third, fourth;
    readonly int count;

    public CombinedRows(Tensor y, ReadOnlySpan<Term> terms)
    {
        (this.y, count) = (y, terms.Length);
        // Fields and not an array: an operation of a step allocates none.
        first = terms[0];
        second = count > 1 ? terms[1] : first;
        third = count > 2 ? terms[2] : first;
        fourth = count > 3 ? terms[3] : first;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Do(nint firstRow, int rows)
    {
        int channels = y.Shape.C;
        for (nint row = firstRow; row < firstRow + rows; row++)
        {
            float* to = HostBackend.Pointer(y) + row * y.Pitch;
            float* a = At(first, row), b = At(second, row), c = At(third, row), d = At(fourth, row);
            int i = 0;
            for (; i <= channels - V.Count; i += V.Count)
            {
                V sum = V.Load(a + i) * V.Of(first.Factor);
                if (count > 1) sum = V.MulAdd(V.Load(b + i), V.Of(second.Factor), sum);
                if (count > 2) sum = V.MulAdd(V.Load(c + i), V.Of(third.Factor), sum);
                if (count > 3) sum = V.MulAdd(V.Load(d + i), V.Of(fourth.Factor), sum);
                V.Store(sum, to + i);
            }
            for (; i < channels; i++)
            {
                float sum = a[i] * first.Factor;
                if (count > 1) sum = float.MultiplyAddEstimate(b[i], second.Factor, sum);
                if (count > 2) sum = float.MultiplyAddEstimate(c[i], third.Factor, sum);
                if (count > 3) sum = float.MultiplyAddEstimate(d[i], fourth.Factor, sum);
                to[i] = sum;
            }
        }
    }

    static float* At(Term term, nint row) => HostBackend.Pointer(term.Tensor) + row * term.Tensor.Pitch;
}
