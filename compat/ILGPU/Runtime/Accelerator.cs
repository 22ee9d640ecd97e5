using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU.Compat.FrontEnd;

namespace ILGPU.Runtime;

/// <summary>A device that was opened. Not for concurrent use.</summary>
public abstract class Accelerator : IDisposable
{
    AcceleratorStream? defaultStream;

    /// <summary>Called by the kinds of accelerators.</summary>
    private protected Accelerator(Context context, Device device) => (Context, Device) = (context, device);

    /// <summary>Where it was found.</summary>
    public Context Context { get; }

    /// <summary>What was opened.</summary>
    public Device Device { get; }

    /// <summary>Which kind.</summary>
    public AcceleratorType AcceleratorType => Device.AcceleratorType;

    /// <summary>What the driver calls it.</summary>
    public string Name => Device.Name;

    /// <summary>Bytes of its memory.</summary>
    public long MemorySize => Device.MemorySize;

    /// <summary>Work-items that a group has at most.</summary>
    public int MaxNumThreadsPerGroup => Device.MaxNumThreadsPerGroup;

    /// <summary>Bytes that a group can share.</summary>
    public int MaxSharedMemoryPerGroup => Device.MaxSharedMemoryPerGroup;

    /// <summary>Work-items that run as one.</summary>
    public int WarpSize => Device.WarpSize;

    /// <summary>Processors that take groups.</summary>
    public int NumMultiprocessors => Device.NumMultiprocessors;

    /// <summary>Where stream kernels run.</summary>
    public AcceleratorStream DefaultStream => defaultStream ??= CreateStream();

    /// <summary>A queue of work that runs in order.</summary>
    public abstract AcceleratorStream CreateStream();

    /// <summary>Waits for all that was launched.</summary>
    public abstract void Synchronize();

    /// <summary>Memory with undefined contents.</summary>
    public MemoryBuffer1D<T, Stride1D.Dense> Allocate1D<T>(long length) where T : unmanaged
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        return new(AllocateBytes(Math.Max(1, checked(length * Unsafe.SizeOf<T>()))), length);
    }

    /// <summary>Memory with an array's contents.</summary>
    public MemoryBuffer1D<T, Stride1D.Dense> Allocate1D<T>(T[] data) where T : unmanaged
    {
        var buffer = Allocate1D<T>(data.Length);
        buffer.View.BaseView.CopyFromCPU(data);
        return buffer;
    }

    /// <summary>So many bytes.</summary>
    private protected abstract MemoryBuffer AllocateBytes(long bytes);

    /// <summary>Makes a kernel ready to run: translates it, or finds the translation of an earlier run.</summary>
    internal abstract ICompiledKernel Compile(KernelSource source);

    /// <summary>A kernel that is compiled when it is first launched, once for each set of specialised values.</summary>
    internal Kernel Load(MethodInfo method) => new(this, method);

    /// <summary>Frees the device; its buffers and kernels are dead then.</summary>
    public abstract void Dispose();
}

/// <summary>A queue of work that runs in order.</summary>
public abstract class AcceleratorStream : IDisposable
{
    /// <summary>Waits for all that was launched on it.</summary>
    public abstract void Synchronize();

    /// <summary>A point in the queue, to measure from or to.</summary>
    public abstract ProfilingMarker AddProfilingMarker();

    /// <summary>Frees it.</summary>
    public abstract void Dispose();
}

/// <summary>A point in a queue.</summary>
public abstract class ProfilingMarker : IDisposable
{
    /// <summary>The time that passed on the device from the other marker to this one. Waits for both.</summary>
    public abstract TimeSpan MeasureFrom(ProfilingMarker marker);

    /// <summary>Frees it.</summary>
    public abstract void Dispose();
}

/// <summary>Something went wrong in a driver or on a device: no memory, a device that is gone, a launch it refuses.</summary>
public class AcceleratorException : Exception
{
    /// <summary>With what went wrong.</summary>
    public AcceleratorException(string message, Exception? inner = null) : base(message, inner) { }
}
