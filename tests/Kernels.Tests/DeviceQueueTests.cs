using PureLcm.Kernels.Reference;

namespace PureLcm.Kernels.Tests;

/// <summary>Turns on a device: one at a time, in order, and nobody has to wait who no longer wants to.</summary>
public class DeviceQueueTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task OneAtATimeInTheOrderOfTheirComing()
    {
        var queue = new DeviceQueue();
        var first = await queue.EnterAsync(Cancellation);
        var order = new List<int>();
        int inside = 0;
        var callers = new List<Task>();
        for (int i = 0; i < 8; i++)
        {
            int caller = i;
            // Callers that hold a thread while they wait, and callers that don't, stand in one line.
            callers.Add(caller % 2 == 0 ? Task.Factory.StartNew(() => Work(caller, queue.Enter(Cancellation)), Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                : Task.Run(async () => Work(caller, await queue.EnterAsync(Cancellation)), Cancellation));
            await Until(() => queue.Waiting == caller + 1);
        }
        Assert.Empty(order);
        first.Dispose();
        first.Dispose(); // twice lets nobody in twice
        await Task.WhenAll(callers);
        Assert.Equal(Enumerable.Range(0, 8), order);
        Assert.Equal(0, queue.Waiting);
        queue.Enter(Cancellation).Dispose();

        void Work(int caller, DeviceQueue.Turn turn)
        {
            using (turn)
            {
                Assert.Equal(1, Interlocked.Increment(ref inside));
                order.Add(caller); // no lock: the turn is one
                Thread.Sleep(2);
                Interlocked.Decrement(ref inside);
            }
        }
    }

    [Fact]
    public async Task WhoGivesUpIsPassedOver()
    {
        var queue = new DeviceQueue();
        var first = await queue.EnterAsync(Cancellation);
        using var stop = new CancellationTokenSource();
        var second = queue.EnterAsync(stop.Token).AsTask();
        var third = Task.Factory.StartNew(() => queue.Enter(stop.Token), Cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        await Until(() => queue.Waiting == 2);
        var fourth = queue.EnterAsync(Cancellation).AsTask();
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => third);
        Assert.False(fourth.IsCompleted);
        first.Dispose();
        (await fourth).Dispose();
        Assert.ThrowsAny<OperationCanceledException>(() => queue.Enter(stop.Token));
        queue.Enter(Cancellation).Dispose(); // the token that was cancelled left nothing behind
    }

    /// <summary>Who computes and waits for itself would wait for ever, by whatever way: it is told instead.</summary>
    [Fact]
    public async Task WhatIsBegunInsideIsTold()
    {
        using var backend = new ReferenceBackend();
        var queue = backend.Queue;
        using (queue.Enter(Cancellation))
        {
            Assert.Contains("begun inside it", Assert.Throws<InvalidOperationException>(() => queue.Enter(Cancellation)).Message);
            await Assert.ThrowsAsync<InvalidOperationException>(() => queue.EnterAsync(Cancellation).AsTask());
            await Assert.ThrowsAsync<InvalidOperationException>(() => Task.Run(() => queue.Enter(Cancellation), Cancellation));
        }
        queue.Enter(Cancellation).Dispose();
        using (var turn = await queue.EnterAsync(Cancellation))
        {
            turn.HoldHere();
            Assert.Throws<InvalidOperationException>(() => queue.Enter(Cancellation));
        }
    }

    /// <summary>A thread that began a turn and went back to the pool is anybody's: callers on it wait, and are not told what isn't so.</summary>
    [Fact]
    public async Task ATurnThatLivesAcrossAnAwaitIsNoThreads()
    {
        var queue = new DeviceQueue();
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var holder = Task.Run(async () =>
        {
            using var turn = queue.Enter(Cancellation);
            begun.SetResult();
            await end.Task;
        }, Cancellation);
        await begun.Task;
        var callers = Enumerable.Range(0, 8).Select(_ => Task.Run(async () => (await queue.EnterAsync(Cancellation)).Dispose(), Cancellation)).ToArray();
        await Until(() => queue.Waiting == 8);
        end.SetResult();
        await holder;
        await Task.WhenAll(callers);
    }

    static async Task Until(Func<bool> condition)
    {
        while (!condition()) await Task.Delay(1, Cancellation);
    }
}
