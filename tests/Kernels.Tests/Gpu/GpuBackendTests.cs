using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using PureLcm.Kernels.Gpu;

namespace PureLcm.Kernels.Tests.Gpu;

/// <summary>What no other backend has: a device's memory, and adapters that are stacked in it.</summary>
public class GpuBackendTests
{
    /// <summary>Adapters come and go, and change their scales, between products.</summary>
    [Theory]
    [MemberData(nameof(Accelerators.All), MemberType = typeof(Accelerators))]
    public void AdaptersChange(string name)
    {
        var draw = new Draw(1);
        using var pair = new Pair(name);
        var (ours, theirs) = pair.Pack(WeightKind.Matrix, draw.Source(ElementType.Float16, 50, 20));
        var x = pair.Tensor(Shape.Tokens(1, 7, 20), draw.Values(140));
        var y = pair.Tensor(Shape.Tokens(1, 7, 50));
        var adapters = Enumerable.Range(0, 3).Select(i =>
        {
            var a = pair.Pack(WeightKind.Matrix, draw.Source(ElementType.Float16, 3 + 10 * i, 20));
            var b = pair.Pack(WeightKind.Matrix, draw.Source(ElementType.Float32, 40, 3 + 10 * i));
            return (Ours: new Adapter(a.Ours, b.Ours, i), Theirs: new Adapter(a.Theirs, b.Theirs, i));
        }).ToArray();
        var stacks = ((GpuWeight)ours).Stacks;

        Check("none");
        Assert.Empty(stacks);
        Check("one", (0, 1));
        var first = stacks[0];
        Check("another scale", (0, -1.5f));
        Assert.Same(first, Assert.Single(stacks)); // A and B stay where they are
        Check("switched off", (0, 0));
        Check("two", (0, 1), (1, 1));
        Assert.NotSame(first, stacks[0]);
        Check("one again, as another session has it", (0, 1));
        Assert.Same(first, stacks[0]);
        Check("three, one of them off", (0, 1), (1, 0), (2, 1));
        Check("the first gone", (1, 1), (2, 1));
        Check("none again");
        Assert.Equal(2, stacks.Count); // those of the two sessions before, and no more

        void Check(string what, params (int Adapter, float Scale)[] on)
        {
            pair.Backend.Linear(x.Ours, ours, y.Ours, new() { LowRank = [.. on.Select(term => new LowRankTerm(adapters[term.Adapter].Ours, term.Scale))] });
            pair.Reference.Linear(x.Theirs, theirs, y.Theirs, new() { LowRank = [.. on.Select(term => new LowRankTerm(adapters[term.Adapter].Theirs, term.Scale))] });
            pair.AssertNear(y, draw, what);
        }
    }

    /// <summary>At once, and not in the middle of a picture.</summary>
    [Fact]
    public void ADeviceThatIsTooSmallIsTold()
    {
        using var context = Context.Create(builder => builder.CPU(new CPUDevice(4, 4, 1)));
        using var accelerator = context.Devices[0].CreateAccelerator(context);
        var e = Assert.Throws<GpuException>(() => new GpuBackend(accelerator));
        Assert.Contains("groups of 16 work-items", e.Message);
    }

    [Fact]
    public void MemoryIsPooledBySize()
    {
        using var gpu = Accelerators.Backend(Accelerators.Check);
        var x = gpu.Allocate(Shape.Vectors(1, 1000));
        var buffer = ((GpuStorage)x.Storage).Buffer;
        Assert.Equal(4096, gpu.BytesInUse);
        x.Dispose();
        Assert.Equal(0, gpu.BytesInUse);
        using (var y = gpu.Allocate(Shape.Vectors(1, 2000), ElementType.Float16)) Assert.Same(buffer, ((GpuStorage)y.Storage).Buffer);
        using (var y = gpu.Allocate(Shape.Vectors(1, 2000))) Assert.NotSame(buffer, ((GpuStorage)y.Storage).Buffer);
        Assert.Equal(8192, gpu.PeakBytes);
        gpu.ResetPeak();
        Assert.Equal(0, gpu.PeakBytes);
        gpu.Trim();
        using (var y = gpu.Allocate(Shape.Vectors(1, 1000))) Assert.NotSame(buffer, ((GpuStorage)y.Storage).Buffer);
    }

    /// <summary>What the collector moves while a device copies must not end up elsewhere: ILGPU pins only spans.</summary>
    [Theory]
    [MemberData(nameof(Accelerators.All), MemberType = typeof(Accelerators))]
    public void TheCollectorMayRunWhileACopyDoes(string name)
    {
        using var gpu = Accelerators.Backend(name);
        using var x = gpu.Allocate(Shape.Vectors(1, 20_000));
        bool ended = false;
        var collector = new Thread(() =>
        {
            while (!Volatile.Read(ref ended))
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: true, compacting: true);
                Thread.Yield();
            }
        });
        collector.Start();
        try
        {
            var clock = Stopwatch.StartNew();
            for (int i = 0; clock.ElapsedMilliseconds < 500; i++)
            {
                // The gap before it goes, so that the collector has somewhere to move it.
                var gap = new float[1000];
                float[] values = new float[20_000], back = new float[20_000];
                gap.AsSpan().CopyTo(values);
                values.AsSpan().Fill(i + 1);
                gpu.Upload(values, x);
                gpu.Download(x, back);
                Assert.Equal(-1, back.AsSpan().IndexOfAnyExcept(i + 1));
            }
        }
        finally
        {
            Volatile.Write(ref ended, true);
            collector.Join();
        }
    }

    [Theory]
    [MemberData(nameof(Accelerators.All), MemberType = typeof(Accelerators))]
    public void TooMuchMemoryIsSaid(string name)
    {
        using var gpu = Accelerators.Backend(name);
        var e = Assert.Throws<OutOfMemoryException>(() => gpu.Allocate(Shape.Image(1000, 100_000, 100_000, 4)));
        Assert.Contains("in use", e.Message);
        Assert.Contains("make smaller or fewer pictures", e.Message);
        Assert.Equal(0, gpu.BytesInUse);
        // And the device still computes.
        using var x = gpu.Allocate(Shape.Vectors(1, 3));
        gpu.Fill(x, 2);
        var values = new float[3];
        gpu.Download(x, values);
        Assert.Equal([2, 2, 2], values);
    }

    /// <summary>The same bits each time: no sum's order depends on which work-item comes first.</summary>
    [Theory]
    [MemberData(nameof(Accelerators.All), MemberType = typeof(Accelerators))]
    public void ResultsRepeat(string name)
    {
        var draw = new Draw(5);
        using var gpu = Accelerators.Backend(name);
        using Tensor x = gpu.Allocate(Shape.Image(2, 9, 9, 24)), y = gpu.Allocate(x.Shape), z = gpu.Allocate(x.Shape);
        gpu.Upload(draw.Values(x.Shape.Count), x);
        var scale = gpu.Pack(WeightKind.Vector, draw.Source(ElementType.Float32, 24));
        gpu.GroupNorm(x, scale, scale, y, 3, 1e-5f);
        gpu.Attention(y, y, x, z, 3);
        float[] first = new float[x.Shape.Count], second = new float[first.Length];
        gpu.Download(z, first);
        gpu.GroupNorm(x, scale, scale, y, 3, 1e-5f);
        gpu.Attention(y, y, x, z, 3);
        gpu.Download(z, second);
        Assert.Equal(first, second);
    }
}
