namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>
    /// y[n,i,j,o] = sum over ky, kx, c of x[n, i stride - top + ky, j stride - left + kx, c] W[o,c,ky,kx], where x is zero
    /// outside the picture; with low-rank terms (LowRank.cs) and an epilogue. Where the input is enlarged first, its pixel
    /// [i,j] is x[i/2, j/2].
    /// </summary>
    protected override void Conv2dCore(Tensor x, Weight weight, Tensor y, in Convolution geometry, in Epilogue epilogue)
    {
        var (window, then) = (geometry, epilogue); // a lambda can't hold `in` arguments
        Parallel.For(0, (long)y.Shape.Rows, pixel =>
        {
            var product = Product(x, y.Shape, pixel, weight, window); // [kh,kw,cIn] -> [cOut]
            foreach (var (adapter, scale) in then.LowRank ?? [])
                AddLowRank(adapter, scale, Product(x, y.Shape, pixel, adapter.Down, window), product);
            Finish(product, weight, y, (nint)pixel, then);
        });
    }

    /// <summary>The window of x that belongs to a pixel of y, by every kernel of a weight.</summary>
    static double[] Product(Tensor x, Shape y, long pixel, Weight weight, Convolution geometry)
    {
        int n = (int)(pixel / y.T), i = (int)(pixel % y.T) / y.W, j = (int)(pixel % y.T) % y.W;
        int height = geometry.Upsample ? y.H : x.Shape.H, width = geometry.Upsample ? y.W : x.Shape.W;
        int cIn = weight.Columns, kh = weight.KernelH, kw = weight.KernelW;
        var w = Values(weight); // [cOut][cIn][kh][kw]
        var product = new double[weight.Rows];
        for (int ky = 0; ky < kh; ky++)
            for (int kx = 0; kx < kw; kx++)
            {
                int row = i * geometry.Stride - geometry.Top + ky, column = j * geometry.Stride - geometry.Left + kx;
                if (row < 0 || row >= height || column < 0 || column >= width) continue;
                if (geometry.Upsample) (row, column) = (row / 2, column / 2);
                float* from = Row(x, ((nint)n * x.Shape.H + row) * x.Shape.W + column);
                for (int o = 0; o < weight.Rows; o++)
                {
                    double sum = 0;
                    for (int c = 0; c < cIn; c++) sum += (double)from[c] * w[((o * cIn + c) * kh + ky) * kw + kx];
                    product[o] += sum;
                }
            }
        return product;
    }
}
