namespace PureLcm.Kernels.Tests.Operations;

public class AttentionTests
{
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void AnyShape(string backend)
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var draw = new Draw(seed);
            using var pair = new Pair(backend);
            int d = draw.Of(1, 3, 8, 17, 32, 40, 64, 80, 300), heads = draw.Of(1, 2, 5), n = draw.Int(1, 2);
            bool causal = draw.Chance(0.3);
            int queries = draw.Of(1, 2, 5, 77, 200, 300), keys = causal ? queries : draw.Of(1, 3, 77, 256, 257, 600);
            Shape q = Shape.Tokens(n, queries, heads * d), k = Shape.Tokens(n, keys, heads * d);
            float scale = draw.Of(0.5f, 2f, 20f);
            Both query = pair.Tensor(q, draw.Values(q.Count, scale), draw.Of(0, 7)), key = pair.Tensor(k, draw.Values(k.Count), draw.Of(0, 7)), value = pair.Tensor(k, draw.Values(k.Count), draw.Of(0, 7));
            var y = pair.Tensor(q, gap: draw.Of(0, 7));
            pair.Backend.Attention(query.Ours, key.Ours, value.Ours, y.Ours, heads, causal);
            pair.Reference.Attention(query.Theirs, key.Theirs, value.Theirs, y.Theirs, heads, causal);
            // Scores reach 20 sqrt(d) here, where fp32 has an absolute error of 1e-5, and e^score a relative one of as much.
            pair.AssertNear(y, draw, $"{q} to {k}, {heads} heads, causal {causal}, scale {scale}", scale > 10 ? 3e-5 : 4e-6);
        }
    }

    /// <summary>Every number of queries up to a few tiles: what is left of a tile must not spill into what is done.</summary>
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void AnyNumberOfQueries(string backend)
    {
        using var pair = new Pair(backend);
        foreach (int queries in Backends.Seeds(backend, 1, 26))
        {
            var draw = new Draw(queries);
            Shape q = Shape.Tokens(1, queries, 20), k = Shape.Tokens(1, 270, 20);
            Both query = pair.Tensor(q, draw.Values(q.Count)), key = pair.Tensor(k, draw.Values(k.Count)), value = pair.Tensor(k, draw.Values(k.Count)), y = pair.Tensor(q);
            pair.Backend.Attention(query.Ours, key.Ours, value.Ours, y.Ours, 1);
            pair.Reference.Attention(query.Theirs, key.Theirs, value.Theirs, y.Theirs, 1);
            pair.AssertNear(y, draw, $"{queries} queries", 4e-6);
        }
    }

    /// <summary>Attention in two halves, for those who look between them: each half, and both together, are what the whole is.</summary>
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void InTwoHalves(string backend)
    {
        foreach (int seed in Backends.Seeds(backend, 400, 16))
        {
            var draw = new Draw(seed);
            using var pair = new Pair(backend);
            int d = draw.Of(1, 3, 8, 17, 40, 64), heads = draw.Of(1, 2, 5), n = draw.Int(1, 2);
            bool causal = draw.Chance(0.3);
            int queries = draw.Of(1, 2, 5, 77), keys = causal ? queries : draw.Of(1, 3, 77, 130);
            Shape q = Shape.Tokens(n, queries, heads * d), k = Shape.Tokens(n, keys, heads * d), p = Shape.Tokens(n, heads * queries, keys);
            float scale = draw.Of(0.5f, 2f);
            Both query = pair.Tensor(q, draw.Values(q.Count, scale), draw.Of(0, 7)), key = pair.Tensor(k, draw.Values(k.Count), draw.Of(0, 7)), value = pair.Tensor(k, draw.Values(k.Count), draw.Of(0, 7));
            Both probabilities = pair.Tensor(p, gap: draw.Of(0, 3)), y = pair.Tensor(q, gap: draw.Of(0, 7)), whole = pair.Tensor(q);
            pair.Backend.AttentionProbabilities(query.Ours, key.Ours, probabilities.Ours, heads, causal);
            pair.Reference.AttentionProbabilities(query.Theirs, key.Theirs, probabilities.Theirs, heads, causal);
            string what = $"{q} to {k}, {heads} heads, causal {causal}";
            pair.AssertNear(probabilities, draw, what + ", probabilities", 4e-6);
            pair.Backend.AttentionSums(probabilities.Ours, value.Ours, y.Ours, heads);
            pair.Reference.AttentionSums(probabilities.Theirs, value.Theirs, y.Theirs, heads);
            pair.AssertNear(y, draw, what + ", sums", 4e-6);
            pair.Reference.Attention(query.Theirs, key.Theirs, value.Theirs, whole.Theirs, heads, causal);
            pair.AssertNear(y with { Theirs = whole.Theirs }, draw, what + ", both", 4e-6);
        }
    }
}
