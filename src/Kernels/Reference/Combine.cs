namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>y = f_1 x_1 + f_2 x_2 + …, value by value, in the terms' order. y may be one of the x.</summary>
    protected override void CombineCore(Tensor y, ReadOnlySpan<Term> terms)
    {
        for (nint row = 0; row < y.Shape.Rows; row++)
            for (int c = 0; c < y.Shape.C; c++)
            {
                double sum = 0;
                foreach (var (factor, x) in terms) sum += (double)factor * Row(x, row)[c];
                Put(y, row, c, sum);
            }
    }
}
