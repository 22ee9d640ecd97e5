using PureLcm.Kernels.Cpu;

namespace PureLcm.Kernels.Tests.Cpu;

public class CpuBackendTests
{
    /// <summary>Work is cut by shape: every operation gives the same bits with any number of threads.</summary>
    [Fact]
    public void TheNumberOfThreadsChangesNoBit()
    {
        float[] first = Everything(1);
        foreach (int threads in (int[])[2, 3, 5])
            Assert.True(first.AsSpan().SequenceEqual(Everything(threads)), $"{threads} threads give other bits than one");
    }

    /// <summary>The outputs of a chain that every operation is in, at sizes that make several tasks of each.</summary>
    static float[] Everything(int threads)
    {
        var draw = new Draw(1);
        using var backend = new CpuBackend(threads);
        Tensor x = Upload(Shape.Image(2, 30, 31, 48)), y = backend.Allocate(x.Shape), mixed = backend.Allocate(x.Shape), wide = backend.Allocate(Shape.Image(2, 60, 62, 48)), small = backend.Allocate(Shape.Image(2, 15, 16, 96));
        var convolution = backend.Pack(WeightKind.Convolution, draw.Source(ElementType.Float16, 48, 48, 3, 3));
        var adapter = new Adapter(backend.Pack(WeightKind.Convolution, draw.Source(ElementType.Float16, 8, 48, 3, 3)), backend.Pack(WeightKind.Matrix, draw.Source(ElementType.Float16, 48, 8)));
        Weight scale = backend.Pack(WeightKind.Vector, draw.Source(ElementType.Float32, 48)), gated = backend.Pack(WeightKind.Gated, draw.Source(ElementType.BFloat16, 96, 48));
        backend.Conv2d(x, convolution, y, new(1, 1, 1), new() { LowRank = [new(adapter, 1)], Bias = scale, Residual = x });
        backend.GroupNorm(y, scale, scale, y, 8, 1e-5f, Activation.Silu);
        backend.LayerNorm(y, scale, scale, y, 1e-5f);
        backend.Linear(y, gated, x);
        backend.Attention(x.As(x.Shape.AsTokens()), y.As(y.Shape.AsTokens()), x.As(x.Shape.AsTokens()), mixed.As(y.Shape.AsTokens()), 3);
        backend.Combine(y, new(0.5f, mixed), new(2, y));
        backend.Activate(y, y, Activation.Tanh);
        backend.Upsample(y, wide);
        var down = backend.Pack(WeightKind.Convolution, draw.Source(ElementType.Float32, 96, 48, 3, 3));
        backend.Conv2d(x, down, small, new(2, 1, 1));
        float[] values = new float[wide.Shape.Count + small.Shape.Count];
        backend.Download(wide, values.AsSpan(0, (int)wide.Shape.Count));
        backend.Download(small, values.AsSpan((int)wide.Shape.Count));
        return values;

        Tensor Upload(Shape shape)
        {
            var tensor = backend.Allocate(shape);
            backend.Upload(draw.Values(shape.Count), tensor);
            return tensor;
        }
    }

    /// <summary>After the first time, operations take what they need from the pool and the managed heap gets no arrays.</summary>
    [Fact]
    public void ASecondRoundAllocatesNoArrays()
    {
        var draw = new Draw(2);
        using var backend = new CpuBackend(2);
        var matrix = backend.Pack(WeightKind.Matrix, draw.Source(ElementType.Float16, 64, 64));
        LowRankTerm[] lowRank = [new(new(backend.Pack(WeightKind.Matrix, draw.Source(ElementType.Float16, 4, 64)), backend.Pack(WeightKind.Matrix, draw.Source(ElementType.Float16, 64, 4))), 1)];
        var vector = backend.Pack(WeightKind.Vector, draw.Source(ElementType.Float16, 64));
        Round();
        Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        Round();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        // Tensors and work items are small objects: well under a kilobyte an operation, where any tensor's array would be 256.
        Assert.InRange(allocated, 0, 6 * 1024);
        Assert.Equal(0, backend.BytesInUse);

        void Round()
        {
            using Tensor x = backend.Allocate(Shape.Image(1, 32, 32, 64)), y = backend.Allocate(x.Shape);
            backend.Fill(x, 1);
            backend.Linear(x, matrix, y, new() { LowRank = lowRank, Bias = vector, Residual = x });
            backend.GroupNorm(y, vector, vector, y, 8, 1e-5f, Activation.Silu);
            backend.LayerNorm(y, vector, vector, y, 1e-5f);
            backend.Attention(x, x, x, y, 4);
            backend.Combine(y, new(1, x), new(2, y));
            backend.Activate(y, y, Activation.Silu);
        }
    }

    [Fact]
    public void PeakAndUseAreCounted()
    {
        using var backend = new CpuBackend(1);
        var a = backend.Allocate(Shape.Vectors(1, 1024));
        using (backend.Allocate(Shape.Vectors(1, 2048))) { }
        Assert.Equal(4096, backend.BytesInUse);
        Assert.Equal(3 * 4096, backend.PeakBytes);
        a.Dispose();
        a.Dispose(); // a second time does nothing
        backend.ResetPeak();
        Assert.Equal((0, 0), (backend.BytesInUse, backend.PeakBytes));
    }

    [Fact]
    public void AnImpossibleWidthIsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuBackend(1, 64));
        Assert.Throws<ArgumentOutOfRangeException>(() => new CpuBackend(-1));
    }
}
