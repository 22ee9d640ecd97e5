namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>
    /// For each head, whose channels are h d to (h+1) d: y_i = sum over j of p_ij v_j, p_ij = exp(s_ij) / sum over j of exp(s_ij),
    /// s_ij = q_i . k_j / sqrt(d). Causal: j goes to i only. Vaswani et al. 2017, arXiv:1706.03762, equation 1.
    /// </summary>
    protected override void AttentionCore(Tensor q, Tensor k, Tensor v, Tensor y, int heads, bool causal)
    {
        int d = q.Shape.C / heads, queries = q.Shape.T, keys = k.Shape.T; // [N,T,C] -> [N,heads,T,d]
        var p = new double[keys];
        for (int n = 0; n < q.Shape.N; n++)
            for (int h = 0; h < heads; h++)
                for (int i = 0; i < queries; i++)
                {
                    float* query = Row(q, (nint)n * queries + i) + h * d;
                    int seen = causal ? Math.Min(i + 1, keys) : keys;

                    double largest = double.NegativeInfinity;
                    for (int j = 0; j < seen; j++)
                    {
                        float* key = Row(k, (nint)n * keys + j) + h * d;
                        double dot = 0;
                        for (int c = 0; c < d; c++) dot += (double)query[c] * key[c];
                        p[j] = dot / Math.Sqrt(d);
                        largest = Math.Max(largest, p[j]);
                    }

                    // Less the largest score, which cancels in the quotient, so that no exponential overflows.
                    double sum = 0;
                    for (int j = 0; j < seen; j++) sum += p[j] = Math.Exp(p[j] - largest);

                    for (int c = 0; c < d; c++)
                    {
                        double value = 0;
                        for (int j = 0; j < seen; j++) value += p[j] * Row(v, (nint)n * keys + j)[h * d + c];
                        Put(y, (nint)n * queries + i, h * d + c, value / sum);
                    }
                }
    }
}
