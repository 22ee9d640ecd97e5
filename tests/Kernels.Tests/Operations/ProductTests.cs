namespace PureLcm.Kernels.Tests.Operations;

/// <summary>Linear layers and convolutions with all that is fused into them, against the plain loops.</summary>
public class ProductTests
{
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Linear(string backend)
    {
        foreach (int seed in Backends.Seeds(backend, 0, 60))
        {
            var draw = new Draw(seed);
            using var pair = new Pair(backend);
            int cIn = draw.Of(1, 3, 4, 7, 16, 33, 64, 100, 257, 530), cOut = draw.Of(1, 2, 3, 4, 15, 16, 17, 31, 32, 33, 64, 95);
            var shape = Shape.Image(draw.Int(1, 3), draw.Int(1, 5), draw.Of(1, 2, 7, 13, 70), cIn);
            var (ours, theirs) = pair.Pack(WeightKind.Matrix, draw.Source(draw.Type(), cOut, cIn));
            var adapters = Adapters(pair, draw, ours, cOut, cIn, 1, 1);
            var x = pair.Tensor(shape, draw.Values(shape.Count), gap: draw.Of(0, 0, 5));
            RunBoth(pair, draw, $"linear {shape} -> {cOut}", shape.WithChannels(cOut), adapters, (epilogue, y, mine) =>
                (mine ? pair.Backend : (Backend)pair.Reference).Linear(mine ? x.Ours : x.Theirs, mine ? ours : theirs, y, epilogue));
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Convolutions(string backend)
    {
        foreach (int seed in Backends.Seeds(backend, 100, 70))
        {
            var draw = new Draw(seed);
            using var pair = new Pair(backend);
            int cIn = draw.Of(1, 3, 4, 8, 17, 32, 40, 130), cOut = draw.Of(1, 3, 4, 8, 16, 20, 33, 48);
            int kh = draw.Of(1, 3, 3, 3, 5), kw = draw.Chance(0.9) ? kh : draw.Of(1, 3), h = draw.Int(1, 11), w = draw.Int(1, 17);
            var input = Shape.Image(draw.Int(1, 2), h, w, cIn);
            var x = pair.Tensor(input, draw.Values(input.Count), gap: draw.Of(0, 0, 3));
            int kind = draw.Int(0, 3);
            var (geometry, oh, ow) = kind switch
            {
                0 => (new Convolution(1, kh / 2, kw / 2), h, w),
                1 => (new Convolution(2, kh / 2, kw / 2), (h + 1) / 2, (w + 1) / 2),
                2 => (new Convolution(2), Math.Max(h / 2, 1), Math.Max(w / 2, 1)), // zeros only below and on the right
                _ => (new Convolution(1, kh / 2, kw / 2, Upsample: true), 2 * h - draw.Int(0, 1), 2 * w - draw.Int(0, 1)),
            };
            var (ours, theirs) = pair.Pack(WeightKind.Convolution, draw.Source(draw.Type(), cOut, cIn, kh, kw));
            var adapters = Adapters(pair, draw, ours, cOut, cIn, kh, kw);
            RunBoth(pair, draw, $"convolution {input} {kh}x{kw} {geometry} -> {oh}x{ow}x{cOut}", Shape.Image(input.N, oh, ow, cOut), adapters, (epilogue, y, mine) =>
                (mine ? pair.Backend : (Backend)pair.Reference).Conv2d(mine ? x.Ours : x.Theirs, mine ? ours : theirs, y, geometry, epilogue));
        }
    }

    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void Gated(string backend)
    {
        foreach (int seed in Backends.Seeds(backend, 200, 30))
        {
            var draw = new Draw(seed);
            using var pair = new Pair(backend);
            int cIn = draw.Of(1, 5, 32, 260), half = draw.Of(1, 3, 15, 16, 17, 40, 64);
            var shape = Shape.Tokens(draw.Int(1, 2), draw.Of(1, 5, 77, 200), cIn);
            var (ours, theirs) = pair.Pack(WeightKind.Gated, draw.Source(draw.Type(), 2 * half, cIn));
            var adapters = Adapters(pair, draw, ours, 2 * half, cIn, 1, 1);
            var x = pair.Tensor(shape, draw.Values(shape.Count, 2), gap: draw.Of(0, 4));
            var bias = pair.Pack(WeightKind.Vector, draw.Source(ElementType.Float16, 2 * half));
            Both y = pair.Tensor(shape.WithChannels(half), gap: draw.Of(0, 3)), tap = pair.Tensor(shape.WithChannels(2 * half), gap: draw.Of(0, 3)), untapped = pair.Tensor(shape.WithChannels(half));
            pair.Backend.Linear(x.Ours, ours, y.Ours, new() { LowRank = adapters.Ours, Bias = bias.Ours, Tap = tap.Ours });
            pair.Reference.Linear(x.Theirs, theirs, y.Theirs, new() { LowRank = adapters.Theirs, Bias = bias.Theirs, Tap = tap.Theirs });
            pair.AssertNear(y, draw, $"gated {shape} -> {half}");
            pair.AssertNear(tap, draw, $"gated {shape} -> {half}, tap");
            pair.Backend.Linear(x.Ours, ours, untapped.Ours, new() { LowRank = adapters.Ours, Bias = bias.Ours });
            AssertSameBits(y.Ours, untapped.Ours, $"{backend}, seed {seed}: watching changed the result");
        }
    }

    /// <summary>q, k and v as one product: sources of several types and sizes stacked.</summary>
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void StackedSources(string backend)
    {
        var draw = new Draw(300);
        using var pair = new Pair(backend);
        var (ours, theirs) = pair.Pack(WeightKind.Matrix, draw.Source(ElementType.Float16, 20, 30), draw.Source(ElementType.Float32, 7, 30), draw.Source(ElementType.BFloat16, 33, 30));
        var x = pair.Tensor(Shape.Tokens(1, 9, 30), draw.Values(270));
        var y = pair.Tensor(Shape.Tokens(1, 9, 60));
        pair.Backend.Linear(x.Ours, ours, y.Ours);
        pair.Reference.Linear(x.Theirs, theirs, y.Theirs);
        pair.AssertNear(y, draw, "stacked");
    }

    /// <summary>Several adapters of any rank, some on a part of the rows, one switched off.</summary>
    static (LowRankTerm[] Ours, LowRankTerm[] Theirs) Adapters(Pair pair, Draw draw, Weight ours, int rows, int cIn, int kh, int kw)
    {
        List<LowRankTerm> mine = [], theirs = [];
        for (int count = draw.Of(0, 0, 1, 2, 3); count > 0; count--)
        {
            int rank = draw.Of(1, 4, 16, 33, 64, 300), first = draw.Chance(0.5) ? 0 : draw.Int(0, rows - 1), height = first == 0 && draw.Chance(0.5) ? rows : draw.Int(1, rows - first);
            int[] down = kh * kw == 1 && ours.Kind != WeightKind.Convolution ? [rank, cIn] : [rank, cIn, kh, kw];
            var a = pair.Pack(down.Length == 4 ? WeightKind.Convolution : WeightKind.Matrix, draw.Source(draw.Type(), down));
            var b = pair.Pack(WeightKind.Matrix, draw.Source(draw.Type(), height, rank));
            float scale = draw.Of(0f, 1f, -0.7f, 2.5f);
            mine.Add(new(new(a.Ours, b.Ours, first), scale));
            theirs.Add(new(new(a.Theirs, b.Theirs, first), scale));
        }
        return ([.. mine], [.. theirs]);
    }

    static void RunBoth(Pair pair, Draw draw, string what, Shape shape, (LowRankTerm[] Ours, LowRankTerm[] Theirs) adapters, Action<Epilogue, Tensor, bool> product)
    {
        int gap = draw.Of(0, 0, 6);
        var y = pair.Tensor(shape, draw.Values(shape.Count), gap);
        var bias = draw.Chance(0.6) ? pair.Pack(WeightKind.Vector, draw.Source(draw.Type(), shape.C)) : default;
        var perImage = draw.Chance(0.4) ? pair.Tensor(Shape.Vectors(shape.N, shape.C), draw.Values((long)shape.N * shape.C)) : default;
        // A residual may be the output itself.
        var residual = draw.Chance(0.3) ? y : draw.Chance(0.4) ? pair.Tensor(shape, draw.Values(shape.Count), draw.Of(0, 2)) : default;
        Both tap = pair.Tensor(shape, gap: draw.Of(0, 2)), untapped = pair.Tensor(shape, gap: gap);
        var activation = draw.Of(Enum.GetValues<Activation>());
        Epilogue Mine(bool mine, Tensor? watch) => new()
        {
            LowRank = mine ? adapters.Ours : adapters.Theirs,
            Bias = mine ? bias.Ours : bias.Theirs,
            PerImage = perImage.Ours is null ? null : mine ? perImage.Ours : perImage.Theirs,
            Residual = residual.Ours is null ? null : mine ? residual.Ours : residual.Theirs,
            Activation = activation,
            Tap = watch,
        };
        pair.Backend.Copy(y.Ours, untapped.Ours);
        product(Mine(true, null) with { Residual = residual.Ours == y.Ours && residual.Ours is not null ? untapped.Ours : Mine(true, null).Residual }, untapped.Ours, true);
        product(Mine(true, tap.Ours), y.Ours, true);
        product(Mine(false, tap.Theirs), y.Theirs, false);
        what += $", {activation}, bias {bias.Ours is not null}, per image {perImage.Ours is not null}, residual {residual.Ours is not null}, {adapters.Ours.Length} adapters";
        pair.AssertNear(y, draw, what, Tolerance(activation));
        pair.AssertNear(tap, draw, what + ", tap");
        AssertSameBits(y.Ours, untapped.Ours, $"{pair.Name}, seed {draw.Seed}, {what}: watching changed the result");
    }

    /// <summary>Where all that is left of a sum is cancelled digits (gelu of large negative values), those count for more.</summary>
    static double Tolerance(Activation activation) => activation is Activation.None or Activation.Relu ? 2e-6 : 4e-6;

    static void AssertSameBits(Tensor a, Tensor b, string message)
    {
        float[] first = new float[a.Shape.Count], second = new float[first.Length];
        a.Backend.Download(a, first);
        b.Backend.Download(b, second);
        Assert.True(first.AsSpan().SequenceEqual(second), message);
    }
}
