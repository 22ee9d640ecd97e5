using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using PureLcm.Check.Tests.Execution;
using PureLcm.Kernels.Check;

namespace PureLcm.Check.Tests;

/// <summary>Launches as the host makes them: what arguments become, and which launches are refused.</summary>
public class CheckerTests
{
    struct Mixed
    {
        public byte Small;
        public float Number;
        public long Large;
    }

    static void Everything(ArrayView<double> y, Mixed mixed, bool flag,
        SpecializedValue<uint> chosen, uint number, SpecializedValue<float> factor)
    {
        y[0] = mixed.Small;
        y[1] = mixed.Number * factor;
        y[2] = mixed.Large;
        y[3] = flag ? 1 : 0;
        y[4] = chosen;
        y[5] = number;
    }

    [Fact]
    public void ArgumentsArrive()
    {
        ArrayView<double> y = Host.Empty<double>(8);
        var kernel = Checker.Load<Action<KernelConfig, ArrayView<double>, Mixed, bool, SpecializedValue<uint>, uint, SpecializedValue<float>>>(
            ((Delegate)Everything).Method);
        var mixed = new Mixed { Small = 200, Number = -3.75f, Large = 1L << 40 };
        kernel((1, 1), y, mixed, true, SpecializedValue.New(3_000_000_000), uint.MaxValue, SpecializedValue.New(2f));
        Assert.Equal([200, -7.5, 1L << 40, 1, 3_000_000_000, uint.MaxValue, 0, 0], y.Values());
        // A view begins where it says.
        kernel((1, 1), y.SubView(2, 6), mixed, false, SpecializedValue.New(5u), 7, SpecializedValue.New(-2f));
        Assert.Equal([200, -7.5, 200, 7.5, 1L << 40, 0, 5, 7], y.Values());
    }

    static void Count(ArrayView<int> y) => Atomic.Add(ref y[0], 1);

    static readonly Action<KernelConfig, ArrayView<int>> count = Load(Count);

    static Action<KernelConfig, ArrayView<int>> Load(Action<ArrayView<int>> kernel) =>
        Checker.Load<Action<KernelConfig, ArrayView<int>>>(kernel.Method);

    [Fact]
    public void EveryWorkItemRunsOnce()
    {
        ArrayView<int> y = Host.Empty<int>(1);
        count(new KernelConfig(new Index3D(5, 3, 2), new Index3D(4, 3, 2)), y);
        Assert.Equal(5 * 3 * 2 * 4 * 3 * 2, y.Values()[0]);
        count((0, 64), y); // no groups are nothing to do
        Assert.Equal(5 * 3 * 2 * 4 * 3 * 2, y.Values()[0]);
    }

    [Theory]
    [InlineData(1025, "kernel CheckerTests.Count: a group of 1025 x 1 x 1 work-items; 1 to 1024 are possible")]
    [InlineData(0, "a group of 0 x 1 x 1 work-items")]
    public void ALaunchThatNoCardTakes(int items, string expected) =>
        Assert.Contains(expected, Assert.Throws<KernelFaultException>(() => count((1, items), Host.Empty<int>(1))).Message);

    static void Hungry(ArrayView<int> y) => y[0] = SharedMemory.Allocate<int>(12_289).IntLength;

    [Fact]
    public void MoreSharedMemoryThanACardHas() => Assert.Contains("a group shares 49156 bytes; a graphics card has 49152",
        Assert.Throws<KernelFaultException>(() => Load(Hungry)((1, 1), Host.Empty<int>(1))).Message);

    [Fact]
    public void ABufferThatIsGone()
    {
        var buffer = Host.Memory.Allocate1D<int>(4);
        ArrayView<int> view = buffer.View;
        buffer.Dispose();
        Assert.Contains("disposed of", Assert.Throws<ArgumentException>(() => count((1, 1), view)).Message);
        var fault = Assert.Throws<KernelFaultException>(() => count((1, 1), default));
        Assert.Contains("view 'y', which is empty or was never set", fault.Message);
    }

    static void WideUnsigned(ArrayView<uint> y, ArrayView<double> d)
    {
        Atomic.Max(ref y[0], 3_000_000_000);
        Atomic.Min(ref y[1], 5);
        Atomic.And(ref y[2], 6);
        y[4] = Atomic.Exchange(ref y[3], 9);
        d[0] = XMath.Rcp(d[0]);
    }

    /// <summary>ILGPU has these of several types, and they differ.</summary>
    [Fact]
    public void FunctionsOfOtherTypes()
    {
        ArrayView<uint> y = Host.Upload<uint>(7, 4_000_000_000, 3, 8, 0);
        ArrayView<double> d = Host.Upload(3.0);
        Checker.Load<Action<KernelConfig, ArrayView<uint>, ArrayView<double>>>(((Delegate)WideUnsigned).Method)((1, 1), y, d);
        Assert.Equal([3_000_000_000, 5, 2, 9, 8], y.Values());
        Assert.Equal(1 / 3.0, d.Values()[0]);
    }
}
