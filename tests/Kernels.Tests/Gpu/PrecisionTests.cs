using PureLcm.Kernels.Gpu;
using PureLcm.Kernels.Reference;

namespace PureLcm.Kernels.Tests.Gpu;

/// <summary>
/// Every operation on tensors of 16 bits against the reference on the same rounded inputs: sums are in fp32, so what is left is
/// the rounding of the result.
/// </summary>
public class PrecisionTests
{
    public static TheoryData<string, ElementType> All
    {
        get
        {
            var data = new TheoryData<string, ElementType>();
            foreach (string name in Accelerators.Names)
            {
                foreach (var type in (ElementType[])[ElementType.Float16, ElementType.BFloat16])
                {
                    var row = new TheoryDataRow<string, ElementType>(name, type);
                    data.Add(Accelerators.IsOpenCl(name) ? row.WithTrait("Needs", "OpenCL") : row);
                }
            }
            return data;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Products(string name, ElementType type)
    {
        using var pair = new RoundedPair(name, type);
        var draw = new Draw(1);
        var x = pair.Tensor(Shape.Image(2, 5, 7, 33), draw, gap: 3);
        var (ours, theirs) = pair.Pack(WeightKind.Convolution, draw.Source(ElementType.Float16, 40, 33, 3, 3));
        var (bias, itsBias) = pair.Pack(WeightKind.Vector, draw.Source(ElementType.Float32, 40));
        var (a, itsA) = pair.Pack(WeightKind.Convolution, draw.Source(ElementType.BFloat16, 5, 33, 3, 3));
        var (b, itsB) = pair.Pack(WeightKind.Matrix, draw.Source(ElementType.Float32, 30, 5));
        Shape shape = Shape.Image(2, 5, 7, 40);
        Both perImage = pair.Tensor(Shape.Vectors(2, 40), draw), residual = pair.Tensor(shape, draw), y = pair.Tensor(shape, draw, gap: 1), tap = pair.Tensor(shape, draw);
        pair.Gpu.Conv2d(x.Ours, ours, y.Ours, new(1, 1, 1), new() { LowRank = [new(new(a, b, 8), 1)], Bias = bias, PerImage = perImage.Ours, Residual = residual.Ours, Activation = Activation.Silu, Tap = tap.Ours });
        pair.Reference.Conv2d(x.Theirs, theirs, y.Theirs, new(1, 1, 1), new() { LowRank = [new(new(itsA, itsB, 8), 1)], Bias = itsBias, PerImage = perImage.Theirs, Residual = residual.Theirs, Activation = Activation.Silu, Tap = tap.Theirs });
        pair.AssertNear(y, "convolution");
        pair.AssertNear(tap, "convolution's tap");

        var tokens = pair.Tensor(Shape.Tokens(2, 9, 33), draw);
        var (gated, itsGated) = pair.Pack(WeightKind.Gated, draw.Source(ElementType.BFloat16, 74, 33));
        var halves = pair.Tensor(Shape.Tokens(2, 9, 37), draw);
        pair.Gpu.Linear(tokens.Ours, gated, halves.Ours);
        pair.Reference.Linear(tokens.Theirs, itsGated, halves.Theirs);
        pair.AssertNear(halves, "gated");
    }

    [Theory]
    [MemberData(nameof(All))]
    public void OtherOperations(string name, ElementType type)
    {
        using var pair = new RoundedPair(name, type);
        var draw = new Draw(2);
        Shape shape = Shape.Tokens(2, 70, 40);
        Both x = pair.Tensor(shape, draw, gap: 2), y = pair.Tensor(shape, draw, gap: 5), z = pair.Tensor(shape, draw), tap = pair.Tensor(shape, draw);
        var (scale, itsScale) = pair.Pack(WeightKind.Vector, draw.Source(ElementType.Float16, 40));

        pair.Gpu.Attention(x.Ours, y.Ours, z.Ours, tap.Ours, 2);
        pair.Reference.Attention(x.Theirs, y.Theirs, z.Theirs, tap.Theirs, 2);
        pair.AssertNear(tap, "attention");

        pair.Gpu.GroupNorm(x.Ours, scale, scale, y.Ours, 4, 1e-5f, Activation.Silu, tap.Ours);
        pair.Reference.GroupNorm(x.Theirs, itsScale, itsScale, y.Theirs, 4, 1e-5f, Activation.Silu, tap.Theirs);
        pair.AssertNear(y, "group norm");
        pair.AssertNear(tap, "group norm's tap");

        pair.Gpu.LayerNorm(x.Ours, scale, scale, y.Ours, 1e-5f);
        pair.Reference.LayerNorm(x.Theirs, itsScale, itsScale, y.Theirs, 1e-5f);
        pair.AssertNear(y, "layer norm");

        pair.Gpu.Activate(x.Ours, y.Ours, Activation.Gelu);
        pair.Reference.Activate(x.Theirs, y.Theirs, Activation.Gelu);
        pair.AssertNear(y, "activation");

        Both small = pair.Tensor(Shape.Image(1, 3, 4, 5), draw), large = pair.Tensor(Shape.Image(1, 6, 8, 5), draw);
        pair.Gpu.Upsample(small.Ours, large.Ours);
        pair.Reference.Upsample(small.Theirs, large.Theirs);
        pair.AssertNear(large, "upsample");

        var waves = pair.Tensor(Shape.Vectors(2, 32), draw);
        pair.Gpu.TimestepEmbedding([999, 1.5f], waves.Ours, true, 0);
        pair.Reference.TimestepEmbedding([999, 1.5f], waves.Theirs, true, 0);
        pair.AssertNear(waves, "sinusoids");

        var (table, itsTable) = pair.Pack(WeightKind.Table, draw.Source(ElementType.Float32, 9, 5));
        var rows = pair.Tensor(Shape.Tokens(1, 3, 5), draw);
        pair.Gpu.Embed(table, [8, 0, 3], rows.Ours);
        pair.Reference.Embed(itsTable, [8, 0, 3], rows.Theirs);
        pair.AssertNear(rows, "embed");

        Assert.True(pair.Gpu.AllFinite(x.Ours));
        pair.Gpu.Fill(x.Ours.Channels(7, 1), float.NaN);
        Assert.False(pair.Gpu.AllFinite(x.Ours));
    }

    /// <summary>Latents stay in fp32 while the network is in 16 bits: a combination takes both.</summary>
    [Theory]
    [MemberData(nameof(All))]
    public void CombinationsOfTypes(string name, ElementType type)
    {
        using var pair = new RoundedPair(name, type);
        var draw = new Draw(3);
        Shape shape = Shape.Image(1, 3, 5, 4);
        var narrow = pair.Tensor(shape, draw, gap: 1);
        float[] values = draw.Values(shape.Count);
        using Tensor wide = pair.Gpu.Allocate(shape), sum = pair.Gpu.Allocate(shape);
        pair.Gpu.Upload(values, wide);
        using Tensor itsWide = pair.Reference.Allocate(shape), itsSum = pair.Reference.Allocate(shape);
        pair.Reference.Upload(values, itsWide);
        pair.Gpu.Combine(sum, new Term(0.3f, narrow.Ours), new Term(-2, wide), new Term(1, narrow.Ours));
        pair.Reference.Combine(itsSum, new Term(0.3f, narrow.Theirs), new Term(-2, itsWide), new Term(1, narrow.Theirs));
        pair.AssertNear(new(sum, itsSum), "into fp32", 2e-7);
        pair.Gpu.Combine(narrow.Ours, new Term(1, narrow.Ours), new Term(0.5f, sum));
        pair.Reference.Combine(narrow.Theirs, new Term(1, narrow.Theirs), new Term(0.5f, itsSum));
        pair.AssertNear(narrow, "into 16 bits");
    }

    /// <summary>A device with tensors of 16 bits beside the reference, whose inputs are rounded alike.</summary>
    sealed class RoundedPair(string name, ElementType type) : IDisposable
    {
        public GpuBackend Gpu { get; } = Accelerators.Backend(name);

        public ReferenceBackend Reference { get; } = new();

        public Both Tensor(Shape shape, Draw draw, int gap = 0)
        {
            var wide = Gpu.Allocate(shape.WithChannels(shape.C + 2 * gap), type);
            Gpu.Fill(wide, float.NaN);
            var both = new Both(wide.Channels(gap, shape.C), Reference.Allocate(shape));
            var values = draw.Values(shape.Count);
            Gpu.Upload(values, both.Ours);
            Gpu.Download(both.Ours, values);
            Reference.Upload(values, both.Theirs);
            return both;
        }

        public (Weight Ours, Weight Theirs) Pack(WeightKind kind, WeightSource source) => (Gpu.Pack(kind, source), Reference.Pack(kind, source));

        /// <summary>Results differ by half a unit of the last of 11 or 8 digits, or one where the sums straddle a middle.</summary>
        public void AssertNear(Both result, string what, double? tolerance = null)
        {
            float[] ours = new float[result.Ours.Shape.Count], theirs = new float[ours.Length];
            Gpu.Download(result.Ours, ours);
            Reference.Download(result.Theirs, theirs);
            double allowed = tolerance ?? (type == ElementType.Float16 ? 1.0 / 2048 : 1.0 / 256);
            for (int i = 0; i < ours.Length; i++)
                Assert.True(Math.Abs(ours[i] - theirs[i]) <= allowed * Math.Max(Math.Abs(theirs[i]), tolerance is null ? 0.01 : 1), $"{name}, {type}, {what}: {ours[i]} for {theirs[i]} at {i}");
        }

        public void Dispose()
        {
            Gpu.Dispose();
            Reference.Dispose();
        }
    }
}
