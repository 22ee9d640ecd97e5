using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace ILGPU.Compat.Execution;

/// <summary>
/// Where the threads of a launch meet: at barriers, and at the end of each group, where the last one to return begins the next
/// group. A barrier of .NET would let the others go on when one leaves; here that is what has to be reported.
/// </summary>
sealed class ThreadedLaunch(KernelConfig config, int maxSharedBytes) : IDisposable
{
    readonly object gate = new();
    readonly List<MemoryBuffer> shared = [];
    long group, meetings;
    int waiting, returned, sharedBytes;

    public KernelConfig Config { get; } = config;

    public int GroupSize { get; } = config.GroupDim.Size;

    /// <summary>The group under way.</summary>
    public Index3D GridIndex => Indexing.Place(group, Config.GridDim);

    /// <summary>What ended the launch, if something did.</summary>
    public (Index3D Group, Index3D WorkItem, string What, Exception? Inner)? Fault { get; private set; }

    /// <summary>Waits for the others at a barrier.</summary>
    public void Barrier(ThreadedWorkItem item)
    {
        lock (gate)
        {
            if (++waiting == GroupSize) Meet();
            else Wait(item);
        }
    }

    /// <summary>A work-item is through with its group.</summary>
    /// <returns>False when there is no other group.</returns>
    public bool Return(ThreadedWorkItem item)
    {
        lock (gate)
        {
            if (++returned < GroupSize) Wait(item);
            else
            {
                foreach (var buffer in shared) buffer.Dispose();
                shared.Clear();
                sharedBytes = 0;
                group++;
                Meet();
            }
            return group < Indexing.Count(Config.GridDim);
        }
    }

    /// <summary>The first failure counts; who waits is woken to end.</summary>
    public void Fail(ThreadedWorkItem item, string what, Exception? inner)
    {
        lock (gate)
        {
            Fault ??= (GridIndex, item.GroupIndex, what, inner);
            Monitor.PulseAll(gate);
        }
    }

    /// <summary>The buffer of the group's allocation with this number, made by the first who asks.</summary>
    public MemoryBuffer Shared(int number, int bytes)
    {
        lock (gate)
        {
            if (number == shared.Count)
            {
                sharedBytes += bytes;
                if (sharedBytes > maxSharedBytes) throw new InvalidOperationException($"a group shares {sharedBytes} bytes; this device has {maxSharedBytes}");
                shared.Add(new CPUBuffer(Math.Max(1, bytes)).Fill(ThreadedWorkItem.Unwritten));
            }
            return shared[number];
        }
    }

    public void Dispose() => shared.ForEach(buffer => buffer.Dispose());

    void Meet()
    {
        (waiting, returned) = (0, 0);
        meetings++;
        Monitor.PulseAll(gate);
    }

    void Wait(ThreadedWorkItem item)
    {
        if (waiting > 0 && returned > 0 && waiting + returned == GroupSize)
            Fail(item, $"a barrier that not all work-items reach: {waiting} wait at it, {returned} have returned", null);
        for (long meeting = meetings; meeting == meetings;)
        {
            if (Fault is not null) throw new LaunchEndedException();
            Monitor.Wait(gate);
        }
    }
}
