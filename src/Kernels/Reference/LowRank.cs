namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>
    /// y[first row + o] += scale * sum over k of B[o,k] t[k], where t = A x, [rank], is made as the base weight's own product is
    /// made: by a matrix in Linear.cs, by windows in Conv2d.cs. Hu et al. 2021, arXiv:2106.09685, equation 3.
    /// </summary>
    static void AddLowRank(Adapter adapter, float scale, double[] t, double[] product)
    {
        var up = Values(adapter.Up); // [out][rank]
        for (int o = 0; o < adapter.Up.Rows; o++)
        {
            double sum = 0;
            for (int k = 0; k < adapter.Rank; k++) sum += up[o * adapter.Rank + k] * t[k];
            product[adapter.FirstRow + o] += scale * sum;
        }
    }
}
