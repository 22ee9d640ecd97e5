namespace ILGPU.Compat.Execution;

/// <summary>
/// Where the thread that runs a work-item stands, when kernels are stepped through on real threads. What
/// <see cref="Grid"/>, <see cref="Group"/>, <see cref="SharedMemory"/> and <see cref="LocalMemory"/> answer then.
/// </summary>
abstract class WorkItem
{
    [ThreadStatic]
    static WorkItem? current;

    /// <summary>This thread's.</summary>
    /// <exception cref="InvalidOperationException">It runs none: a kernel was called like any method.</exception>
    public static WorkItem Current
    {
        get => current ?? throw new InvalidOperationException("this is only there in a kernel: launch the method with LoadStreamKernel");
        set => current = value;
    }

    public abstract Index3D GridIndex { get; }

    public abstract Index3D GroupIndex { get; }

    public abstract Index3D GridDimension { get; }

    public abstract Index3D GroupDimension { get; }

    public abstract void Barrier();

    /// <summary>The group's next allocation: all its work-items make the same ones in the same order.</summary>
    public abstract ArrayView<T> AllocateShared<T>(int extent) where T : unmanaged;

    /// <summary>Memory of this work-item alone, until it ends.</summary>
    public abstract ArrayView<T> AllocateLocal<T>(int extent) where T : unmanaged;
}
