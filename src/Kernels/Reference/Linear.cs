namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>
    /// y[r,o] = sum over c of x[r,c] W[o,c], with low-rank terms (LowRank.cs) and an epilogue, for each row r and each output
    /// channel o.
    /// </summary>
    protected override void LinearCore(Tensor x, Weight weight, Tensor y, in Epilogue epilogue)
    {
        var then = epilogue; // a lambda can't hold an `in` argument
        Parallel.For(0, (long)x.Shape.Rows, r =>
        {
            var product = Product(x, (nint)r, weight); // [cIn] -> [cOut]
            foreach (var (adapter, scale) in then.LowRank ?? [])
                AddLowRank(adapter, scale, Product(x, (nint)r, adapter.Down), product);
            Finish(product, weight, y, (nint)r, then);
        });
    }

    /// <summary>W x[r]: one row of x by every row of a matrix.</summary>
    static double[] Product(Tensor x, nint r, Weight weight)
    {
        int cIn = weight.Columns;
        var w = Values(weight); // [cOut][cIn]
        float* row = Row(x, r);
        var product = new double[weight.Rows];
        for (int o = 0; o < weight.Rows; o++)
        {
            double sum = 0;
            for (int c = 0; c < cIn; c++) sum += (double)row[c] * w[o * cIn + c];
            product[o] = sum;
        }
        return product;
    }
}
