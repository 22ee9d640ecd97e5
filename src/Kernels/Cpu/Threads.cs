using System.Runtime.InteropServices;

namespace PureLcm.Kernels.Cpu;

/// <summary>Work that is cut into tasks by its shape, so that its result doesn't depend on how many threads there are.</summary>
interface IWork
{
    /// <summary>Does one task, with memory of the thread's own.</summary>
    void Do(int task, Scratch scratch);
}

/// <summary>Native memory of one thread, kept from task to task.</summary>
sealed unsafe class Scratch
{
    void* memory;
    nuint size;

    [ThreadStatic]
    static Scratch? ofThisThread;

    public static Scratch OfThisThread => ofThisThread ??= new();

    /// <summary>At least so many floats, 64-byte aligned, with what the last task left in them.</summary>
    public float* Floats(nint count)
    {
        nuint bytes = (nuint)count * sizeof(float);
        if (bytes > size)
        {
            NativeMemory.AlignedFree(memory);
            memory = NativeMemory.AlignedAlloc(bytes, 64);
            size = bytes;
        }
        return (float*)memory;
    }

    ~Scratch() => NativeMemory.AlignedFree(memory);
}

/// <summary>
/// The one pool of threads of a process. Callers queue for it; a caller works along. Workers spin for a moment after a task,
/// since a step is hundreds of operations close together, then sleep.
/// </summary>
static class Threads
{
    /// <summary>The state of one run, so that a worker that comes late can't take the next run's tasks for it.</summary>
    sealed class Job(IWork work, int tasks, int helpers)
    {
        int next, done, helpersLeft = helpers;
        Exception? failure;

        public bool Finished => Volatile.Read(ref done) == tasks;

        public bool Join() => Interlocked.Decrement(ref helpersLeft) >= 0;

        public void Work()
        {
            var scratch = Scratch.OfThisThread;
            for (int task; (task = Interlocked.Increment(ref next) - 1) < tasks;)
            {
                try
                {
                    if (failure is null) work.Do(task, scratch);
                }
                catch (Exception e)
                {
                    failure = e;
                }
                Interlocked.Increment(ref done);
            }
        }

        public void ThrowIfFailed()
        {
            if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        }
    }

    const int Spins = 2000;
    static readonly Lock queue = new();
    static readonly SemaphoreSlim wake = new(0);
    static volatile Job? current;
    static int workers, asleep;

    /// <summary>Runs all tasks on up to so many threads, the caller's among them, and returns when they are done.</summary>
    public static void Run(IWork work, int tasks, int threads)
    {
        if (tasks <= 1 || threads <= 1)
        {
            var scratch = Scratch.OfThisThread;
            for (int i = 0; i < tasks; i++) work.Do(i, scratch);
            return;
        }
        lock (queue)
        {
            int helpers = Math.Min(threads, tasks) - 1;
            while (workers < threads - 1) Start();
            var job = new Job(work, tasks, helpers);
            current = job;
            int sleeping = Volatile.Read(ref asleep);
            if (sleeping > 0) wake.Release(Math.Min(sleeping, helpers));
            job.Work();
            var spin = new SpinWait();
            while (!job.Finished) spin.SpinOnce(sleep1Threshold: -1);
            current = null;
            job.ThrowIfFailed();
        }
    }

    static void Start()
    {
        workers++;
        new Thread(Loop) { IsBackground = true, Name = $"PureLcm {workers}" }.Start();
    }

    static void Loop()
    {
        Job? last = null;
        int idle = 0;
        while (true)
        {
            var job = current;
            if (job is not null && job != last)
            {
                last = job;
                idle = 0;
                if (job.Join()) job.Work();
            }
            else if (++idle < Spins) Thread.SpinWait(10);
            else
            {
                Interlocked.Increment(ref asleep);
                // A job that came between the look above and this would not have woken anyone.
                if (current is null || current == last) wake.Wait(1000);
                Interlocked.Decrement(ref asleep);
                idle = 0;
            }
        }
    }
}
