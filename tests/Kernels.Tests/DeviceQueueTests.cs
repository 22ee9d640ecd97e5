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

    /// <summary>A thread that waits for itself would wait for ever; it is told instead.</summary>
    [Fact]
    public void AThreadThatHoldsTheTurnIsTold()
    {
        using var backend = new ReferenceBackend();
        using (backend.Queue.Enter(Cancellation))
            Assert.Contains("very thread", Assert.Throws<InvalidOperationException>(() => backend.Queue.Enter(Cancellation)).Message);
        backend.Queue.Enter(Cancellation).Dispose();
    }

    static async Task Until(Func<bool> condition)
    {
        while (!condition()) await Task.Delay(1, Cancellation);
    }
}
