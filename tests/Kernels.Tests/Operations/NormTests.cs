namespace PureLcm.Kernels.Tests.Operations;

public class NormTests
{
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void GroupNorm(string backend)
    {
        for (int seed = 0; seed < 40; seed++)
        {
            var draw = new Draw(seed);
            using var pair = new Pair(backend);
            int groups = draw.Of(1, 2, 4, 8), channels = groups * draw.Of(1, 2, 3, 8, 10, 17);
            var shape = Shape.Image(draw.Int(1, 3), draw.Of(1, 2, 9, 20), draw.Of(1, 3, 16, 21), channels);
            if (shape.T * channels / groups == 1) continue; // one value is its own mean: all rounding error
            var (scale, shift) = (pair.Pack(WeightKind.Vector, draw.Source(draw.Type(), channels)), pair.Pack(WeightKind.Vector, draw.Source(draw.Type(), channels)));
            // A mean of 1000 at a variance of about 1 leaves 4 digits in fp32's own values; the sums must not lose more.
            float mean = draw.Of(0f, 0f, 1000f);
            var x = pair.Tensor(shape, draw.Values(shape.Count, 1, mean), draw.Of(0, 3));
            bool inPlace = draw.Chance(0.3);
            Both y = inPlace ? x : pair.Tensor(shape, gap: draw.Of(0, 3)), tap = pair.Tensor(shape, gap: draw.Of(0, 2));
            var activation = draw.Of(Activation.None, Activation.Silu, Activation.Silu, Activation.Gelu);
            bool watched = draw.Chance(0.5);
            float epsilon = draw.Of(1e-5f, 1e-6f);
            pair.Backend.GroupNorm(x.Ours, scale.Ours, shift.Ours, y.Ours, groups, epsilon, activation, watched ? tap.Ours : null);
            pair.Reference.GroupNorm(x.Theirs, scale.Theirs, shift.Theirs, y.Theirs, groups, epsilon, activation, watched ? tap.Theirs : null);
            string what = $"{shape} in {groups}, {activation}, mean {mean}, in place {inPlace}, watched {watched}";
            double tolerance = mean == 0 ? 2e-6 : 3e-4; // y = factor x + offset: both terms are 1000 times y's size
            pair.AssertNear(y, draw, what, tolerance);
            if (watched) pair.AssertNear(tap, draw, what + ", tap", tolerance);
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void LayerNorm(string backend)
    {
        for (int seed = 0; seed < 30; seed++)
        {
            var draw = new Draw(seed);
            using var pair = new Pair(backend);
            int channels = draw.Of(2, 3, 15, 16, 17, 40, 320);
            var shape = Shape.Tokens(draw.Int(1, 2), draw.Of(1, 7, 300), channels);
            var (scale, shift) = (pair.Pack(WeightKind.Vector, draw.Source(draw.Type(), channels)), pair.Pack(WeightKind.Vector, draw.Source(draw.Type(), channels)));
            var x = pair.Tensor(shape, draw.Values(shape.Count), draw.Of(0, 3));
            var y = draw.Chance(0.3) ? x : pair.Tensor(shape, gap: draw.Of(0, 3));
            pair.Backend.LayerNorm(x.Ours, scale.Ours, shift.Ours, y.Ours, 1e-5f);
            pair.Reference.LayerNorm(x.Theirs, scale.Theirs, shift.Theirs, y.Theirs, 1e-5f);
            pair.AssertNear(y, draw, $"{shape}", channels < 4 ? 2e-5 : 2e-6); // two nearly equal values: their difference has few digits
        }
    }
}
