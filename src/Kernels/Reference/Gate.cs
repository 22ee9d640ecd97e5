namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>y = v gelu(g), value by value, where a row of x is [v, g].</summary>
    protected override void GateCore(Tensor x, Tensor y)
    {
        int c = y.Shape.C;
        for (nint row = 0; row < y.Shape.Rows; row++)
            for (int i = 0; i < c; i++) Put(y, row, i, Row(x, row)[i] * Apply(Activation.Gelu, Row(x, row)[c + i]));
    }
}
