using ILGPU.Compat.Execution;

namespace ILGPU.Runtime.CPU;

/// <summary>The executor on this machine's processor, as a device: it checks what it runs, and is for tests and for learning.</summary>
public sealed class CPUDevice : Device
{
    /// <summary>
    /// With groups of up to numThreadsPerWarp x numWarpsPerMultiprocessor work-items, run by numMultiprocessors threads.
    /// </summary>
    public CPUDevice(int numThreadsPerWarp, int numWarpsPerMultiprocessor, int numMultiprocessors)
    {
        Name = "executor on the CPU";
        WarpSize = numThreadsPerWarp;
        MaxNumThreadsPerGroup = numThreadsPerWarp * numWarpsPerMultiprocessor;
        MaxGroupSize = new(MaxNumThreadsPerGroup, MaxNumThreadsPerGroup, MaxNumThreadsPerGroup);
        NumMultiprocessors = numMultiprocessors;
        MaxSharedMemoryPerGroup = 48 * 1024;
        MemorySize = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    }

    /// <inheritdoc/>
    public override AcceleratorType AcceleratorType => AcceleratorType.CPU;

    /// <inheritdoc/>
    public override Accelerator CreateAccelerator(Context context) => new CPUAccelerator(context, this);
}

/// <summary>Asks for the executor.</summary>
public static class CPUContextExtensions
{
    /// <summary>An executor like this one.</summary>
    public static Context.Builder CPU(this Context.Builder builder, CPUDevice device)
    {
        builder.Devices.Add(device);
        return builder;
    }
}
