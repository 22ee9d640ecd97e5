using PureLcm.Kernels.Reference;

namespace PureLcm.Kernels.Tests.Reference;

/// <summary>The definition itself, against numbers worked out by hand: else ring 1 would only compare it with itself.</summary>
public class ReferenceTests : IDisposable
{
    readonly ReferenceBackend backend = new();

    public void Dispose() => backend.Dispose();

    [Fact]
    public void Linear()
    {
        // [1,2] by [[1,0],[0,1],[3,4]] is [1,2,11]; bias [10,20,30]; residual [1,1,1]; relu.
        var y = backend.Allocate(Shape.Vectors(1, 3));
        backend.Linear(Tensor(Shape.Vectors(1, 2), 1, 2), Weight(WeightKind.Matrix, [3, 2], 1, 0, 0, 1, 3, 4), y,
            new() { Bias = Weight(WeightKind.Vector, [3], 10, -20, 30), Residual = Tensor(Shape.Vectors(1, 3), 1, 1, 1), Activation = Activation.Relu });
        Assert.Equal([12, 0, 42], Values(y));
    }

    [Fact]
    public void LowRank()
    {
        // W x + 0.5 B (A x): x = [1,2], A = [[1,1]], so A x = 3; B = [[2],[4]] on rows 1 and 2.
        var weight = Weight(WeightKind.Matrix, [3, 2], 1, 0, 0, 1, 0, 0);
        var adapter = new Adapter(Weight(WeightKind.Matrix, [1, 2], 1, 1), Weight(WeightKind.Matrix, [2, 1], 2, 4), FirstRow: 1);
        var y = backend.Allocate(Shape.Vectors(1, 3));
        backend.Linear(Tensor(Shape.Vectors(1, 2), 1, 2), weight, y, new() { LowRank = [new(adapter, 0.5f)] });
        Assert.Equal([1, 5, 6], Values(y));
    }

    [Fact]
    public void Gated()
    {
        // v = 3, g = 1: 3 gelu(1) = 3 * 0.8413447460685429
        var y = backend.Allocate(Shape.Vectors(1, 1));
        backend.Linear(Tensor(Shape.Vectors(1, 1), 1), Weight(WeightKind.Gated, [2, 1], 3, 1), y);
        Assert.Equal(3 * 0.8413447460685429f, Values(y)[0], 1e-6f);
    }

    [Fact]
    public void Convolution()
    {
        // A 3x3 picture 1..9 and a kernel that takes the right and twice the lower neighbour, zeros around.
        var x = Tensor(Shape.Image(1, 3, 3, 1), 1, 2, 3, 4, 5, 6, 7, 8, 9);
        var weight = Weight(WeightKind.Convolution, [1, 1, 3, 3], 0, 0, 0, 0, 0, 1, 0, 2, 0);
        var y = backend.Allocate(x.Shape);
        backend.Conv2d(x, weight, y, new(1, 1, 1));
        Assert.Equal([2 + 8, 3 + 10, 0 + 12, 5 + 14, 6 + 16, 18, 8, 9, 0], Values(y));

        var halved = backend.Allocate(Shape.Image(1, 2, 2, 1));
        backend.Conv2d(x, weight, halved, new(2, 1, 1)); // every second window of the above
        Assert.Equal([10, 12, 8, 0], Values(halved));

        var doubled = backend.Allocate(Shape.Image(1, 5, 6, 1));
        backend.Conv2d(x, Weight(WeightKind.Convolution, [1, 1, 1, 1], 1), doubled, new(Upsample: true));
        Assert.Equal([1, 1, 2, 2, 3, 3, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9], Values(doubled));
    }

    [Fact]
    public void Attention()
    {
        // One head, d = 1: scores 0 and ln 3, weights 1/4 and 3/4 of the values 4 and 8.
        var y = backend.Allocate(Shape.Tokens(1, 1, 1));
        backend.Attention(Tensor(Shape.Tokens(1, 1, 1), 1), Tensor(Shape.Tokens(1, 2, 1), 0, MathF.Log(3)), Tensor(Shape.Tokens(1, 2, 1), 4, 8), y, 1);
        Assert.Equal(7, Values(y)[0], 1e-6f);

        // Causal: the first token sees itself alone.
        var both = backend.Allocate(Shape.Tokens(1, 2, 1));
        var k = Tensor(Shape.Tokens(1, 2, 1), 0, MathF.Log(3));
        backend.Attention(Tensor(Shape.Tokens(1, 2, 1), 1, 1), k, Tensor(Shape.Tokens(1, 2, 1), 4, 8), both, 1, causal: true);
        Assert.Equal([4f, 7f], Values(both).Select(value => MathF.Round(value, 5)));
    }

    [Fact]
    public void Norms()
    {
        // Two groups of one channel over two pixels: each -1, 1 about its mean.
        var y = backend.Allocate(Shape.Image(1, 1, 2, 2));
        backend.GroupNorm(Tensor(y.Shape, 1, 10, 3, 30), Weight(WeightKind.Vector, [2], 1, 2), Weight(WeightKind.Vector, [2], 0, 5), y, 2, 0);
        Assert.Equal([-1, 3, 1, 7], Values(y));
        // Over a row: mean 2, variance 1.
        var row = backend.Allocate(Shape.Tokens(1, 1, 2));
        backend.LayerNorm(Tensor(row.Shape, 1, 3), Weight(WeightKind.Vector, [2], 2, 2), Weight(WeightKind.Vector, [2], 0, 1), row, 0);
        Assert.Equal([-2, 3], Values(row));
    }

    [Theory]
    [InlineData(0.5, 0.5204998778130465)]
    [InlineData(1, 0.8427007929497149)]
    [InlineData(-2, -0.9953222650189527)]
    [InlineData(3.5, 0.9999992569016276)]
    public void Erf(double x, double expected) => Assert.Equal(expected, Kernels.Reference.Erf.Of(x), 1e-14);

    [Fact]
    public void Sinusoids()
    {
        var y = backend.Allocate(Shape.Vectors(1, 4));
        backend.TimestepEmbedding([2], y, cosFirst: true, shift: 0); // frequencies 1 and 1/100
        Assert.Equal([MathF.Cos(2), MathF.Cos(0.02f), MathF.Sin(2), MathF.Sin(0.02f)], Values(y), (a, b) => Math.Abs(a - b) < 1e-6);
    }

    Tensor Tensor(Shape shape, params float[] values)
    {
        var tensor = backend.Allocate(shape);
        backend.Upload(values, tensor);
        return tensor;
    }

    Weight Weight(WeightKind kind, int[] sides, params float[] values) => backend.Pack(kind, new WeightSource("w", "", ElementType.Float32, sides,
        (offset, bytes) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).Slice((int)offset, bytes.Length).CopyTo(bytes)));

    float[] Values(Tensor tensor)
    {
        var values = new float[tensor.Shape.Count];
        backend.Download(tensor, values);
        return values;
    }
}
