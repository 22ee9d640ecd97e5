using PureLcm.Kernels.Cpu;

namespace PureLcm.Kernels.Tests.Cpu;

public class ThreadsTests
{
    sealed class Counting(int tasks) : IWork
    {
        public int[] Done { get; } = new int[tasks];

        public void Do(int task, Scratch scratch) => Interlocked.Increment(ref Done[task]);
    }

    sealed class Failing : IWork
    {
        public void Do(int task, Scratch scratch)
        {
            if (task == 7) throw new InvalidOperationException("task 7");
        }
    }

    [Fact]
    public void EveryTaskIsDoneOnce()
    {
        for (int round = 0; round < 2000; round++)
        {
            var work = new Counting(1 + round % 37);
            Threads.Run(work, work.Done.Length, 1 + round % 5);
            Assert.All(work.Done, done => Assert.Equal(1, done));
        }
    }

    [Fact]
    public void AFailureReachesTheCallerAndThePoolGoesOn()
    {
        for (int threads = 1; threads < 5; threads++)
            Assert.Equal("task 7", Assert.Throws<InvalidOperationException>(() => Threads.Run(new Failing(), 20, threads)).Message);
        EveryTaskIsDoneOnce();
    }

    [Fact]
    public void CallersFromSeveralThreadsQueue()
    {
        Parallel.For(0, 8, _ =>
        {
            for (int round = 0; round < 100; round++)
            {
                var work = new Counting(16);
                Threads.Run(work, 16, 3);
                Assert.All(work.Done, done => Assert.Equal(1, done));
            }
        });
    }
}
