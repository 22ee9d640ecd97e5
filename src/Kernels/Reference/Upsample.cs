namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>y[n,i,j,c] = x[n, i/2, j/2, c], halves rounded down: each pixel becomes a square of four.</summary>
    protected override void UpsampleCore(Tensor x, Tensor y)
    {
        for (int n = 0; n < y.Shape.N; n++)
            for (int i = 0; i < y.Shape.H; i++)
                for (int j = 0; j < y.Shape.W; j++)
                {
                    float* from = Row(x, ((nint)n * x.Shape.H + i / 2) * x.Shape.W + j / 2);
                    for (int c = 0; c < y.Shape.C; c++) Put(y, ((nint)n * y.Shape.H + i) * y.Shape.W + j, c, from[c]);
                }
    }
}
