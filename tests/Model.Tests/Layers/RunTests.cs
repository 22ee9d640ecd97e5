using PureLcm.Kernels;
using PureLcm.Kernels.Reference;
using PureLcm.Model.Layers;

namespace PureLcm.Model.Tests.Layers;

/// <summary>Who gives memory back: a frame everything that it allocated and nobody kept, and nothing else.</summary>
public sealed class RunTests : IDisposable
{
    readonly ReferenceBackend backend = new(narrow: true);
    readonly Run run;

    public RunTests() => run = new Run(backend, cancellationToken: TestContext.Current.CancellationToken);

    public void Dispose()
    {
        run.Dispose();
        backend.Dispose();
    }

    Tensor New() => run.Allocate(Shape.Vectors(1, 4));

    [Fact]
    public void AFrameGivesBackWhatNobodyKept()
    {
        var outside = New();
        Tensor lost, kept, seen;
        using (var frame = run.Enter("unet.conv_in"))
        {
            lost = New();
            kept = frame.Keep(New());
            seen = New();
            frame.Keep(seen.Channels(0, 2)); // a view keeps what it looks into
            Assert.Equal("unet.conv_in", lost.Module);
        }
        Assert.Null(New().Module);
        Assert.Equal((false, true, true, true), (lost.IsAlive, kept.IsAlive, seen.IsAlive, outside.IsAlive));
    }

    /// <summary>What a module returns is its caller's frame's, and goes with that unless it is kept again.</summary>
    [Fact]
    public void WhatIsKeptIsTheCallersFrames()
    {
        Tensor once, twice;
        using (var outer = run.Enter("outer"))
        {
            using (var inner = run.Enter("inner"))
            {
                once = inner.Keep(New());
                twice = inner.Return(New());
            }
            Assert.True(once.IsAlive && twice.IsAlive);
            outer.Keep(twice);
        }
        Assert.Equal((false, true), (once.IsAlive, twice.IsAlive));
    }

    /// <summary>A chain gives back its last link, but never what came in from outside.</summary>
    [Fact]
    public void NextGivesBackEarlyWhatIsTheFrames()
    {
        var input = New();
        using var frame = run.Enter("module");
        Tensor x = input, first = New(), second = New();
        frame.Next(ref x, first);
        Assert.Same(first, x);
        Assert.True(input.IsAlive);
        frame.Next(ref x, second);
        Assert.False(first.IsAlive);
        frame.Next(ref x, second.Channels(0, 2)); // a view of itself takes its place without its end
        Assert.True(second.IsAlive);
    }

    [Fact]
    public void AnErrorInTheMiddleLeavesNothing()
    {
        Assert.Throws<NotSupportedException>(Fail);
        Assert.Equal(0, backend.BytesInUse);

        void Fail()
        {
            using var frame = run.Enter("module");
            New();
            using var inner = run.Enter("inner");
            inner.Keep(New());
            throw new NotSupportedException();
        }
    }

    /// <summary>A network's frame has its precision, and the one around it its own again.</summary>
    [Fact]
    public void PrecisionIsTheFrames()
    {
        using (run.Enter("network", ElementType.Float16))
        {
            Assert.Equal(ElementType.Float16, New().Type);
            using (run.Enter("module")) Assert.Equal(ElementType.Float16, New().Type);
            var wide = backend.Allocate(Shape.Vectors(1, 4));
            Assert.NotSame(wide, run.Converted(wide));
            var narrow = New();
            Assert.Same(narrow, run.Converted(narrow));
            wide.Dispose();
        }
        Assert.Equal(ElementType.Float32, New().Type);
    }

    [Fact]
    public void WhatIsDetachedOutlivesTheRun()
    {
        Tensor detached;
        using (var frame = run.Enter("module")) detached = run.Detach(New());
        Assert.Throws<ArgumentException>(() => run.Detach(detached));
        run.Dispose();
        Assert.True(detached.IsAlive);
        detached.Dispose();
        Assert.Equal(0, backend.BytesInUse);
    }

    [Fact]
    public async Task ARunHoldsItsDevicesTurn()
    {
        var token = TestContext.Current.CancellationToken;
        Task<DeviceQueue.Turn> next;
        using (ExecutionContext.SuppressFlow()) next = Task.Run(async () => await backend.Queue.EnterAsync(token), token); // somebody else
        while (backend.Queue.Waiting == 0) await Task.Delay(1, token);
        Assert.False(next.IsCompleted);
        run.Dispose();
        (await next).Dispose();
    }

    [Fact]
    public void CancellationIsLookedAtInEachModule()
    {
        run.Dispose();
        using var stop = new CancellationTokenSource();
        using var other = new Run(backend, cancellationToken: stop.Token);
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => other.Enter("module"));
        Assert.ThrowsAny<OperationCanceledException>(() => other.Allocate(Shape.Vectors(1, 4)));
    }
}
