namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>y = m a + (1 - m) b, where all channels of a pixel share one m.</summary>
    protected override void BlendCore(Tensor mask, Tensor a, Tensor b, Tensor y)
    {
        for (nint row = 0; row < y.Shape.Rows; row++)
        {
            double m = Row(mask, row)[0];
            for (int c = 0; c < y.Shape.C; c++) Put(y, row, c, m * Row(a, row)[c] + (1 - m) * Row(b, row)[c]);
        }
    }
}
