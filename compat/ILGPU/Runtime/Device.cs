namespace ILGPU.Runtime;

/// <summary>Kinds of accelerators.</summary>
public enum AcceleratorType
{
    /// <summary>The executor on this machine's processor, for tests and debugging.</summary>
    CPU,
    /// <summary>NVIDIA's driver. Not in this subset: the real package has it.</summary>
    Cuda,
    /// <summary>An OpenCL driver.</summary>
    OpenCL,
}

/// <summary>Something that kernels can run on.</summary>
public abstract class Device
{
    /// <summary>Called by the kinds of devices.</summary>
    private protected Device() { }

    /// <summary>Which kind.</summary>
    public abstract AcceleratorType AcceleratorType { get; }

    /// <summary>What the driver calls it.</summary>
    public string Name { get; private protected init; } = "";

    /// <summary>Bytes of its memory.</summary>
    public long MemorySize { get; private protected init; }

    /// <summary>The largest group along each dimension.</summary>
    public Index3D MaxGroupSize { get; private protected init; }

    /// <summary>Work-items that a group has at most.</summary>
    public int MaxNumThreadsPerGroup { get; private protected init; }

    /// <summary>Bytes that a group can share.</summary>
    public int MaxSharedMemoryPerGroup { get; private protected init; }

    /// <summary>Work-items that run as one.</summary>
    public int WarpSize { get; private protected init; }

    /// <summary>Processors that take groups.</summary>
    public int NumMultiprocessors { get; private protected init; }

    /// <summary>Opens it.</summary>
    public abstract Accelerator CreateAccelerator(Context context);

    /// <inheritdoc/>
    public override string ToString() => $"{Name} [{AcceleratorType}]";
}
