namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>
    /// p_ij = exp(s_ij) / sum over j of exp(s_ij), s_ij = q_i . k_j / sqrt(d), for each head, whose channels are h d to (h+1) d; 0
    /// for keys that a causal query doesn't see. Row h T + i of p is query i of head h.
    /// </summary>
    protected override void AttentionProbabilitiesCore(Tensor q, Tensor k, Tensor p, int heads, bool causal)
    {
        int d = q.Shape.C / heads, queries = q.Shape.T, keys = k.Shape.T;
        var row = new double[keys];
        for (int n = 0; n < q.Shape.N; n++)
            for (int h = 0; h < heads; h++)
                for (int i = 0; i < queries; i++)
                {
                    float* query = Row(q, (nint)n * queries + i) + h * d;
                    int seen = causal ? Math.Min(i + 1, keys) : keys;
                    double largest = double.NegativeInfinity, sum = 0;
                    for (int j = 0; j < seen; j++)
                    {
                        float* key = Row(k, (nint)n * keys + j) + h * d;
                        double dot = 0;
                        for (int c = 0; c < d; c++) dot += (double)query[c] * key[c];
                        row[j] = dot / Math.Sqrt(d);
                        largest = Math.Max(largest, row[j]);
                    }
                    for (int j = 0; j < seen; j++) sum += row[j] = Math.Exp(row[j] - largest);
                    for (int j = 0; j < keys; j++) Put(p, ((nint)n * heads + h) * queries + i, j, j < seen ? row[j] / sum : 0);
                }
    }

    /// <summary>y_i = sum over j of p_ij v_j, for each head.</summary>
    protected override void AttentionSumsCore(Tensor p, Tensor v, Tensor y, int heads)
    {
        int d = v.Shape.C / heads, queries = y.Shape.T, keys = v.Shape.T;
        for (int n = 0; n < y.Shape.N; n++)
            for (int h = 0; h < heads; h++)
                for (int i = 0; i < queries; i++)
                {
                    float* weights = Row(p, ((nint)n * heads + h) * queries + i);
                    for (int c = 0; c < d; c++)
                    {
                        double sum = 0;
                        for (int j = 0; j < keys; j++) sum += (double)weights[j] * Row(v, (nint)n * keys + j)[h * d + c];
                        Put(y, (nint)n * queries + i, h * d + c, sum);
                    }
                }
    }
}
