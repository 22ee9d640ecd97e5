using ILGPU;
using ILGPU.Runtime;
using PureLcm.Kernels.Check;
using PureLcm.Kernels.Check.Execution;

namespace PureLcm.Check.Tests.Execution;

/// <summary>Whole kernels of C#: right, the same bits on ILGPU's own CPU accelerator, and reported where a barrier is missing.</summary>
public class GroupKernelTests
{
    static readonly Random random = new(5);

    [Theory]
    [InlineData(32, 16, 16)]
    [InlineData(33, 17, 1)]
    [InlineData(70, 50, 45)]
    public void GemmIsRight(int m, int n, int k)
    {
        float[] a = Numbers(m * k), b = Numbers(k * n);
        float[] c = Gemm(Host.Memory, a, b, m, n, k);
        for (int i = 0; i < m * n; i++)
        {
            float sum = 0;
            for (int j = 0; j < k; j++) sum += a[i / n * k + j] * b[j * n + i % n];
            Assert.Equal(sum / (1 + MathF.Exp(-sum)), c[i]); // in the kernel's order, so every bit
        }
        if (m * n * k <= 32 * 16 * 16) Assert.Equal(c, Gemm(Host.Ilgpu, a, b, m, n, k)); // a thread a work-item: slow
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(7)]
    public void ReduceIsRight(int count)
    {
        float[] x = Numbers(5 * count), sums = Reduce(Host.Memory, x, count);
        for (int i = 0; i < 5; i++) Assert.Equal(x.AsSpan(i * count, count).ToArray().Sum(value => (double)value), sums[i], 1e-4);
        Assert.Equal(sums, Reduce(Host.Ilgpu, x, count));
    }

    [Fact]
    public void ScanIsRight()
    {
        float[] x = [.. Numbers(300).Select(value => MathF.Round(8 * value))], y = Scan(Host.Memory, x);
        float sum = 0;
        for (int i = 0; i < x.Length; i++) Assert.Equal(sum = i % GroupKernels.Scanned == 0 ? x[i] : sum + x[i], y[i]);
        Assert.Equal(y, Scan(Host.Ilgpu, x));
    }

    public static TheoryData<int> BarriersOfGemm => [.. Enumerable.Range(1, GroupKernels.GemmBarriers)];

    public static TheoryData<int> BarriersOfReduce => [.. Enumerable.Range(1, GroupKernels.ReduceBarriers)];

    public static TheoryData<int> BarriersOfScan => [.. Enumerable.Range(1, GroupKernels.ScanBarriers)];

    [Theory, MemberData(nameof(BarriersOfGemm))]
    public void GemmNeedsEachBarrier(int without) =>
        Missing("GroupKernels.Gemm", () => Gemm(Host.Memory, Numbers(70 * 45), Numbers(45 * 50), 70, 50, 45, without));

    [Theory, MemberData(nameof(BarriersOfReduce))]
    public void ReduceNeedsEachBarrier(int without) =>
        Missing("GroupKernels.Reduce", () => Reduce(Host.Memory, Numbers(5000), 1000, without));

    [Theory, MemberData(nameof(BarriersOfScan))]
    public void ScanNeedsEachBarrier(int without) => Missing("GroupKernels.Scan", () => Scan(Host.Memory, Numbers(300), without));

    static void ManyBarriers(ArrayView<int> y, int count)
    {
        var shared = SharedMemory.Allocate<int>(2);
        shared[Group.IdxX] = Group.IdxX + 1;
        for (int i = 0; i < count; i++) Group.Barrier();
        y[2 * Grid.IdxX + Group.IdxX] = shared[1 - Group.IdxX];
    }

    /// <summary>Epochs are numbered with 20 bits; what was written before they begin anew was still written.</summary>
    [Fact]
    public void MoreBarriersThanEpochs()
    {
        ArrayView<int> y = Host.Empty<int>(6);
        Checker.Load<Action<KernelConfig, ArrayView<int>, int>>(((Delegate)ManyBarriers).Method)((3, 2), y, 1_100_000);
        Assert.Equal([2, 1, 2, 1, 2, 1], y.Values());
    }

    [Fact]
    public void KernelsAreCompiledOnceAProcess()
    {
        var source = new PureLcm.Kernels.Check.FrontEnd.KernelSource(typeof(GroupKernels).GetMethod(nameof(GroupKernels.Scan))!, [0]);
        Assert.Same(LockstepProgram.For(source), LockstepProgram.For(new(source.Method, [0])));
        Assert.NotSame(LockstepProgram.For(source), LockstepProgram.For(new(source.Method, [1])));
    }

    static void Missing(string kernel, Action launch)
    {
        var fault = Assert.Throws<KernelFaultException>(launch);
        Assert.Equal(kernel, fault.Kernel);
        Assert.Contains("a race: it", fault.Message);
        Assert.Contains("since the last barrier", fault.Message);
    }

    static float[] Gemm(Accelerator accelerator, float[] a, float[] b, int m, int n, int k, int without = 0)
    {
        using MemoryBuffer1D<float, Stride1D.Dense> left = accelerator.Allocate1D(a), right = accelerator.Allocate1D(b), product = accelerator.Allocate1D<float>(m * n);
        var kernel = accelerator == Host.Memory
            ? Checker.Load<Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int, int, SpecializedValue<int>>>(((Delegate)GroupKernels.Gemm).Method)
            : accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, int, int, int, SpecializedValue<int>>(GroupKernels.Gemm);
        Index2D grid = ((n + GroupKernels.Tile - 1) / GroupKernels.Tile, (m + GroupKernels.Rows * GroupKernels.Tile - 1) / (GroupKernels.Rows * GroupKernels.Tile));
        kernel((grid, new Index2D(GroupKernels.Threads, 1)), left.View, right.View, product.View, m, n, k, SpecializedValue.New(without));
        return product.View.BaseView.Values();
    }

    static float[] Reduce(Accelerator accelerator, float[] x, int count, int without = 0)
    {
        using MemoryBuffer1D<float, Stride1D.Dense> input = accelerator.Allocate1D(x), sums = accelerator.Allocate1D<float>(x.Length / count);
        var kernel = accelerator == Host.Memory
            ? Checker.Load<Action<KernelConfig, ArrayView<float>, ArrayView<float>, int, SpecializedValue<int>>>(((Delegate)GroupKernels.Reduce).Method)
            : accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, int, SpecializedValue<int>>(GroupKernels.Reduce);
        kernel((x.Length / count, 64), input.View, sums.View, count, SpecializedValue.New(without));
        return sums.View.BaseView.Values();
    }

    static float[] Scan(Accelerator accelerator, float[] x, int without = 0)
    {
        using MemoryBuffer1D<float, Stride1D.Dense> input = accelerator.Allocate1D(x), output = accelerator.Allocate1D<float>(x.Length);
        var kernel = accelerator == Host.Memory
            ? Checker.Load<Action<KernelConfig, ArrayView<float>, ArrayView<float>, SpecializedValue<int>>>(((Delegate)GroupKernels.Scan).Method)
            : accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>, SpecializedValue<int>>(GroupKernels.Scan);
        kernel(((x.Length + GroupKernels.Scanned - 1) / GroupKernels.Scanned, GroupKernels.Scanned), input.View, output.View, SpecializedValue.New(without));
        return output.View.BaseView.Values();
    }

    static float[] Numbers(int count) => [.. Enumerable.Range(0, count).Select(_ => 2 * random.NextSingle() - 1)];
}
