using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Compat.OpenCL;
using ILGPU.Runtime;

namespace CompatTests.OpenCL;

/// <summary>Kernels in C#, through the front end, the text and the driver.</summary>
public class EndToEndTests
{
    struct Shape
    {
        public int Rows, Columns, Depth;
        public float Scale;
    }

    static void Gemm(ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, Shape shape)
    {
        var ta = SharedMemory.Allocate<float>(256);
        var tb = SharedMemory.Allocate<float>(256);
        int x = Group.IdxX, y = Group.IdxY, column = Grid.IdxX * 16 + x, row = Grid.IdxY * 16 + y;
        float sum = 0;
        for (int k = 0; k < shape.Depth; k += 16)
        {
            ta[y * 16 + x] = row < shape.Rows && k + x < shape.Depth ? a[row * shape.Depth + k + x] : 0;
            tb[y * 16 + x] = k + y < shape.Depth && column < shape.Columns ? b[(k + y) * shape.Columns + column] : 0;
            Group.Barrier();
            for (int i = 0; i < 16; i++) sum += ta[y * 16 + i] * tb[i * 16 + x];
            Group.Barrier();
        }
        if (row < shape.Rows && column < shape.Columns) c[row * shape.Columns + column] = shape.Scale * sum;
    }

    [Fact]
    public void A_product_with_shared_memory_and_ragged_edges()
    {
        using var cl = new ClTest();
        var shape = new Shape { Rows = 37, Columns = 50, Depth = 29, Scale = 0.5f };
        var random = new Random(7);
        float[] a = [.. Enumerable.Range(0, 37 * 29).Select(_ => random.NextSingle() - 0.5f)], b = [.. Enumerable.Range(0, 29 * 50).Select(_ => random.NextSingle() - 0.5f)];
        using var da = cl.Accelerator.Allocate1D(a);
        using var db = cl.Accelerator.Allocate1D(b);
        using var dc = cl.Accelerator.Allocate1D<float>(37 * 50);
        var gemm = cl.Accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, Shape>(Gemm);
        gemm(new KernelConfig(new Index2D(4, 3), new Index2D(16, 16)), da.View, db.View, dc.View, shape);
        var c = dc.View.BaseView.GetAsArray();
        for (int i = 0; i < 37; i++)
        {
            for (int j = 0; j < 50; j++)
            {
                double sum = 0;
                for (int k = 0; k < 29; k++) sum += (double)a[i * 29 + k] * b[k * 50 + j];
                Assert.Equal(0.5 * sum, c[i * 50 + j], 1e-5);
            }
        }
    }

    /// <summary>The sum of a group's elements, and the softmax of each.</summary>
    static void Softmax(ArrayView<float> x, ArrayView<float> y, SpecializedValue<int> size)
    {
        var partial = SharedMemory.Allocate<float>(64);
        int lane = Group.IdxX, row = Grid.IdxX * size.Value;
        float most = float.NegativeInfinity;
        for (int i = lane; i < size.Value; i += 64) most = XMath.Max(most, x[row + i]);
        partial[lane] = most;
        Group.Barrier();
        for (int half = 32; half > 0; half /= 2)
        {
            if (lane < half) partial[lane] = XMath.Max(partial[lane], partial[lane + half]);
            Group.Barrier();
        }
        most = partial[0];
        Group.Barrier();
        float sum = 0;
        for (int i = lane; i < size.Value; i += 64) sum += XMath.Exp(x[row + i] - most);
        partial[lane] = sum;
        Group.Barrier();
        for (int half = 32; half > 0; half /= 2)
        {
            if (lane < half) partial[lane] += partial[lane + half];
            Group.Barrier();
        }
        for (int i = lane; i < size.Value; i += 64) y[row + i] = XMath.Exp(x[row + i] - most) / partial[0];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(100)]
    public void Reductions_with_divergence_and_a_specialised_size(int size)
    {
        using var cl = new ClTest();
        float[] x = [.. Enumerable.Range(0, 3 * size).Select(i => MathF.Sin(i) * 5)];
        using var dx = cl.Accelerator.Allocate1D(x);
        using var dy = cl.Accelerator.Allocate1D<float>(3 * size);
        cl.Accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, SpecializedValue<int>>(Softmax)((3, 64), dx.View, dy.View, SpecializedValue.New(size));
        var y = dy.View.BaseView.GetAsArray();
        for (int row = 0; row < 3; row++)
        {
            double most = x.AsSpan(row * size, size).ToArray().Max(), sum = x.AsSpan(row * size, size).ToArray().Sum(v => Math.Exp(v - most));
            for (int i = 0; i < size; i++) Assert.Equal(Math.Exp(x[row * size + i] - most) / sum, y[row * size + i], 1e-6);
        }
    }

    /// <summary>bfloat16 as ushort, a hash of uint, memory of its own, a loop that ends early.</summary>
    static void Mixed(ArrayView<ushort> halves, ArrayView<uint> hashes, ArrayView<float> y)
    {
        var own = LocalMemory.Allocate<float>(4);
        int i = Grid.IdxX * Group.DimX + Group.IdxX;
        if (i >= y.Length) return;
        uint hash = (uint)i * 0x9E3779B9;
        hash ^= hash >> 15;
        hash *= 0x85EBCA6B;
        hashes[i] = hash;
        for (int j = 0; j < 4; j++) own[j] = Interop.IntAsFloat((uint)halves[i] << 16) + j;
        float sum = 0;
        for (int j = 0; ; j++)
        {
            if (j == (int)(hash & 3)) break;
            sum += own[j];
        }
        y[i] = sum;
    }

    [Fact]
    public void Bits_hashes_own_memory_and_early_ends()
    {
        using var cl = new ClTest();
        ushort[] halves = [.. Enumerable.Range(0, 100).Select(i => (ushort)(BitConverter.SingleToUInt32Bits(i) >> 16))];
        using var dh = cl.Accelerator.Allocate1D(halves);
        using var du = cl.Accelerator.Allocate1D<uint>(100);
        using var dy = cl.Accelerator.Allocate1D<float>(100);
        cl.Accelerator.LoadStreamKernel<ArrayView<ushort>, ArrayView<uint>, ArrayView<float>>(Mixed)((2, 64), dh.View, du.View, dy.View);
        var (hashes, y) = (du.View.BaseView.GetAsArray(), dy.View.BaseView.GetAsArray());
        for (int i = 0; i < 100; i++)
        {
            uint hash = (uint)i * 0x9E3779B9;
            hash ^= hash >> 15;
            hash *= 0x85EBCA6B;
            Assert.Equal(hash, hashes[i]);
            float value = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16), sum = 0;
            for (int j = 0; j < (int)(hash & 3); j++) sum += value + j;
            Assert.Equal(sum, y[i]);
        }
    }

    [Fact]
    public void A_warm_start_translates_nothing_and_damaged_files_are_made_anew()
    {
        using var cl = new ClTest();
        using var first = cl.Open();
        Assert.Equal(1, Launch(first));
        string file = Assert.Single(Directory.GetFiles(cl.CacheFolder, "*.cl"));
        string text = File.ReadAllText(file);

        using var second = cl.Open();
        Assert.Equal(0, Launch(second));

        File.WriteAllText(file, text[..(text.Length / 2)]);
        using var third = cl.Open();
        Assert.Equal(1, Launch(third));
        Assert.Equal(text, File.ReadAllText(file));

        int Launch(ILGPU.Runtime.OpenCL.CLAccelerator accelerator)
        {
            using var x = accelerator.Allocate1D([1f, 2f]);
            using var y = accelerator.Allocate1D<float>(2);
            var softmax = accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, SpecializedValue<int>>(Softmax);
            for (int i = 0; i < 3; i++) softmax((1, 64), x.View, y.View, SpecializedValue.New(2));
            // Another loader of the same method finds what the first one made.
            accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, SpecializedValue<int>>(Softmax)((1, 64), x.View, y.View, SpecializedValue.New(2));
            Assert.Equal(1, y.View.BaseView.GetAsArray().Sum(), 1e-6);
            return accelerator.Translations;
        }
    }
}
