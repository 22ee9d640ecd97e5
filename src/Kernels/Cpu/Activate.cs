namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void ActivateCore(Tensor x, Tensor y, Activation activation)
    {
        switch (width)
        {
            case 512: ForBlocks(new ActivatedRows<V512>(x, y, activation), x.Shape.Rows, x.Shape.C); break;
            case 256: ForBlocks(new ActivatedRows<V256>(x, y, activation), x.Shape.Rows, x.Shape.C); break;
            default: ForBlocks(new ActivatedRows<V128>(x, y, activation), x.Shape.Rows, x.Shape.C); break;
        }
    }
}

/// <summary>y = activation(x), row by row.</summary>
sealed unsafe class ActivatedRows<V>(Tensor x, Tensor y, Activation activation) : RowBlocks where V : struct, IVec<V>
{
    protected override void Do(nint first, int count)
    {
        for (nint row = first; row < first + count; row++)
            VectorMath<V>.Apply(activation, HostBackend.Pointer(x) + row * x.Pitch, HostBackend.Pointer(y) + row * y.Pitch, x.Shape.C);
    }
}
