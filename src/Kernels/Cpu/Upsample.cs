using System.Runtime.CompilerServices;

namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void UpsampleCore(Tensor x, Tensor y) => ForBlocks(new UpsampledRows(x, y), y.Shape.Rows, y.Shape.C);
}

/// <summary>y[i,j] = x[i/2,j/2].</summary>
sealed unsafe class UpsampledRows(Tensor x, Tensor y) : RowBlocks
{
    protected override void Do(nint first, int count)
    {
        for (nint row = first; row < first + count; row++)
        {
            nint line = row / y.Shape.W, n = line / y.Shape.H, i = (line - n * y.Shape.H) / 2, j = (row - line * y.Shape.W) / 2;
            Unsafe.CopyBlock(HostBackend.Pointer(y) + row * y.Pitch, HostBackend.Pointer(x) + ((n * x.Shape.H + i) * x.Shape.W + j) * x.Pitch,
                (uint)y.Shape.C * sizeof(float));
        }
    }
}
