namespace PureLcm.Kernels.Tests.Operations;

public class ElementwiseTests
{
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Activations(string backend)
    {
        foreach (var activation in Enum.GetValues<Activation>())
            for (int seed = 0; seed < 6; seed++)
            {
                var draw = new Draw(seed);
                using var pair = new Pair(backend);
                var shape = Shape.Tokens(1, draw.Of(1, 40), draw.Of(1, 5, 16, 33, 100));
                float[] values = draw.Values(shape.Count, draw.Of(0.01f, 3f, 12f));
                var x = pair.Tensor(shape, values, draw.Of(0, 3));
                var y = draw.Chance(0.5) ? x : pair.Tensor(shape, gap: draw.Of(0, 3));
                pair.Backend.Activate(x.Ours, y.Ours, activation);
                pair.Reference.Activate(x.Theirs, y.Theirs, activation);
                pair.AssertNear(y, draw, $"{activation} of {shape}");
            }
    }

    /// <summary>Far out, the functions are lines and constants, and nothing overflows on the way.</summary>
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void ActivationsOfExtremes(string backend)
    {
        float[] extremes = [0, -0f, 1e-30f, -1e-30f, 20, -20, 87, -87, 88.5f, -88.5f, 100, -100, 1e4f, -1e4f, 1e30f, -1e30f];
        foreach (var activation in Enum.GetValues<Activation>())
        {
            using var pair = new Pair(backend);
            var x = pair.Tensor(Shape.Vectors(1, extremes.Length), extremes);
            pair.Backend.Activate(x.Ours, x.Ours, activation);
            pair.Reference.Activate(x.Theirs, x.Theirs, activation);
            float[] ours = new float[extremes.Length], theirs = new float[extremes.Length];
            pair.Backend.Download(x.Ours, ours);
            pair.Reference.Download(x.Theirs, theirs);
            for (int i = 0; i < ours.Length; i++)
                Assert.True(Math.Abs(ours[i] - theirs[i]) <= 1e-6 * Math.Max(1, Math.Abs(theirs[i])), $"{backend}: {activation}({extremes[i]}) = {ours[i]}, not {theirs[i]}");
        }
    }

    /// <summary>A value that is no number must not be hidden on its way to the picture, where it is looked for.</summary>
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void WhatIsNoNumberStaysNone(string backend)
    {
        foreach (var activation in Enum.GetValues<Activation>())
        {
            using var pair = new Pair(backend);
            var x = pair.Tensor(Shape.Vectors(1, 33), [.. Enumerable.Repeat(float.NaN, 33)]);
            pair.Backend.Activate(x.Ours, x.Ours, activation);
            float[] values = new float[33];
            pair.Backend.Download(x.Ours, values);
            Assert.True(values.All(float.IsNaN), $"{backend}: {activation}(NaN) = {string.Join(' ', values.Distinct())}");
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Combinations(string backend)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var draw = new Draw(seed);
            using var pair = new Pair(backend);
            var shape = Shape.Image(draw.Int(1, 2), draw.Int(1, 9), draw.Of(1, 4, 50), draw.Of(1, 4, 16, 19, 64));
            int count = draw.Int(1, 4);
            var terms = Enumerable.Range(0, count).Select(_ => (Factor: draw.Of(1f, -2f, 0.3f), Tensor: pair.Tensor(shape, draw.Values(shape.Count), draw.Of(0, 3)))).ToArray();
            var y = draw.Chance(0.4) ? terms[draw.Int(0, count - 1)].Tensor : pair.Tensor(shape, gap: draw.Of(0, 3));
            pair.Backend.Combine(y.Ours, [.. terms.Select(term => new Term(term.Factor, term.Tensor.Ours))]);
            pair.Reference.Combine(y.Theirs, [.. terms.Select(term => new Term(term.Factor, term.Tensor.Theirs))]);
            pair.AssertNear(y, draw, $"{count} terms of {shape}");
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void UpsampleEmbedAndSinusoids(string backend)
    {
        for (int seed = 0; seed < 12; seed++)
        {
            var draw = new Draw(seed);
            using var pair = new Pair(backend);
            int h = draw.Int(1, 6), w = draw.Int(1, 6), c = draw.Of(1, 3, 17);
            var shape = Shape.Image(draw.Int(1, 2), h, w, c);
            var x = pair.Tensor(shape, draw.Values(shape.Count), draw.Of(0, 2));
            var y = pair.Tensor(Shape.Image(shape.N, 2 * h - draw.Int(0, 1), 2 * w - draw.Int(0, 1), c), gap: draw.Of(0, 2));
            pair.Backend.Upsample(x.Ours, y.Ours);
            pair.Reference.Upsample(x.Theirs, y.Theirs);
            pair.AssertNear(y, draw, "upsample", 0);

            var table = pair.Pack(WeightKind.Table, draw.Source(draw.Type(), 11, 19));
            var rows = pair.Tensor(Shape.Tokens(1, 4, 19), gap: draw.Of(0, 2));
            pair.Backend.Embed(table.Ours, [0, 10, 3, 3], rows.Ours);
            pair.Reference.Embed(table.Theirs, [0, 10, 3, 3], rows.Theirs);
            pair.AssertNear(rows, draw, "embed", 0);

            var waves = pair.Tensor(Shape.Vectors(2, draw.Of(2, 32, 320)));
            float[] timesteps = [draw.Of(0f, 999f, 7500f), draw.Of(499.5f, 1f)];
            bool cosFirst = draw.Chance(0.5);
            float shift = draw.Of(0f, 1f);
            if (waves.Ours.Shape.C == 2 && shift == 1) continue; // half - shift is 0
            pair.Backend.TimestepEmbedding(timesteps, waves.Ours, cosFirst, shift);
            pair.Reference.TimestepEmbedding(timesteps, waves.Theirs, cosFirst, shift);
            pair.AssertNear(waves, draw, "sinusoids", 1e-6);
        }
    }

    /// <summary>One bad value is found wherever it is, and only in the tensor's own channels.</summary>
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void AllFinite(string backend)
    {
        using var pair = new Pair(backend);
        foreach (int channels in (int[])[1, 5, 16, 37])
            foreach (float bad in (float[])[float.NaN, float.PositiveInfinity, float.NegativeInfinity])
                for (int at = -1; at < 3 * channels; at++)
                {
                    var values = new float[3 * channels];
                    values.AsSpan().Fill(3e38f);
                    if (at >= 0) values[at] = bad;
                    var x = pair.Tensor(Shape.Tokens(1, 3, channels), values, gap: 2);
                    Assert.Equal(at < 0, pair.Backend.AllFinite(x.Ours));
                    Assert.Equal(at < 0, pair.Reference.AllFinite(x.Theirs));
                }
    }

    /// <summary>What a gated product ends in, by itself.</summary>
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Gates(string backend)
    {
        foreach (int seed in Backends.Seeds(backend, 500, 8))
        {
            var draw = new Draw(seed);
            using var pair = new Pair(backend);
            int half = draw.Of(1, 3, 15, 16, 33, 70);
            var shape = Shape.Tokens(draw.Int(1, 2), draw.Of(1, 5, 77), 2 * half);
            Both x = pair.Tensor(shape, draw.Values(shape.Count, 2), draw.Of(0, 3)), y = pair.Tensor(shape.WithChannels(half), gap: draw.Of(0, 3));
            pair.Backend.Gate(x.Ours, y.Ours);
            pair.Reference.Gate(x.Theirs, y.Theirs);
            pair.AssertNear(y, draw, $"gate {shape}", 4e-6);
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Blends(string backend)
    {
        foreach (int seed in Backends.Seeds(backend, 700, 8))
        {
            var draw = new Draw(seed);
            using var pair = new Pair(backend);
            var shape = Shape.Image(draw.Int(1, 2), draw.Int(1, 9), draw.Of(1, 8, 33), draw.Of(1, 4, 19));
            var mask = pair.Tensor(shape.WithChannels(1), draw.Values(shape.Rows), draw.Of(0, 3));
            Both a = pair.Tensor(shape, draw.Values(shape.Count), draw.Of(0, 3)), b = pair.Tensor(shape, draw.Values(shape.Count), draw.Of(0, 3));
            var y = draw.Of(a, b, pair.Tensor(shape, gap: draw.Of(0, 3)));
            pair.Backend.Blend(mask.Ours, a.Ours, b.Ours, y.Ours);
            pair.Reference.Blend(mask.Theirs, a.Theirs, b.Theirs, y.Theirs);
            pair.AssertNear(y, draw, $"blend {shape}");
        }
    }

    /// <summary>A mask of zeros and ones chooses, and computes nothing: what is left alone stays the same to the last bit.</summary>
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void AMaskOfZerosAndOnesChooses(string backend)
    {
        using var pair = new Pair(backend);
        var draw = new Draw(710);
        var shape = Shape.Image(1, 5, 7, 4);
        float[] inside = draw.Values(shape.Count), outside = draw.Values(shape.Count), chosen = new float[inside.Length];
        float[] mask = [.. Enumerable.Range(0, inside.Length / 4).Select(i => (float)(i * i % 3 % 2))];
        Both m = pair.Tensor(shape.WithChannels(1), mask), a = pair.Tensor(shape, inside), b = pair.Tensor(shape, outside);
        pair.Backend.Blend(m.Ours, a.Ours, b.Ours, a.Ours);
        pair.Backend.Download(a.Ours, chosen);
        Assert.Equal(inside.Select((value, i) => mask[i / 4] == 1 ? value : outside[i]), chosen);
        Assert.Throws<ArgumentException>(() => pair.Backend.Blend(b.Ours, a.Ours, b.Ours, a.Ours));
    }

    /// <summary>One row at every place of a larger shape, as a term of a combination.</summary>
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void ARowIsSpreadOverAPicture(string backend)
    {
        var draw = new Draw(600);
        using var pair = new Pair(backend);
        Shape shape = Shape.Image(1, 5, 7, 19), row = Shape.Vectors(1, 19);
        Both x = pair.Tensor(shape, draw.Values(shape.Count)), v = pair.Tensor(row, draw.Values(19)), y = pair.Tensor(shape);
        pair.Backend.Combine(y.Ours, new(2, x.Ours), new(-0.5f, v.Ours.Spread(shape)));
        pair.Reference.Combine(y.Theirs, new(2, x.Theirs), new(-0.5f, v.Theirs.Spread(shape)));
        pair.AssertNear(y, draw, "spread");
        float[] all = new float[shape.Count], single = new float[19];
        pair.Reference.Download(x.Theirs, all);
        pair.Reference.Download(v.Theirs, single);
        for (int i = 0; i < all.Length; i++) all[i] = 2 * all[i] - 0.5f * single[i % 19];
        var ours = new float[all.Length];
        pair.Reference.Download(y.Theirs, ours);
        Assert.All(all.Zip(ours), pair => Assert.Equal(pair.First, pair.Second, 1e-5f));
        Assert.Throws<ArgumentException>(() => x.Ours.Spread(shape));
    }
}
