namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void GateCore(Tensor x, Tensor y)
    {
        switch (width)
        {
            case 512: ForBlocks(new GatedRows<V512>(x, y), y.Shape.Rows, y.Shape.C); break;
            case 256: ForBlocks(new GatedRows<V256>(x, y), y.Shape.Rows, y.Shape.C); break;
            default: ForBlocks(new GatedRows<V128>(x, y), y.Shape.Rows, y.Shape.C); break;
        }
    }
}

/// <summary>y = v gelu(g), row by row.</summary>
sealed unsafe class GatedRows<V>(Tensor x, Tensor y) : RowBlocks where V : struct, IVec<V>
{
    protected override void Do(nint first, int count)
    {
        int c = y.Shape.C;
        for (nint row = first; row < first + count; row++)
        {
            float* values = HostBackend.Pointer(x) + row * x.Pitch, to = HostBackend.Pointer(y) + row * y.Pitch;
            VectorMath<V>.Apply(Activation.Gelu, values + c, to, c);
            for (int i = 0; i < c; i++) to[i] *= values[i];
        }
    }
}
