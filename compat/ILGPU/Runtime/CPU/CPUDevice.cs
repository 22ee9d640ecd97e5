namespace ILGPU.Runtime.CPU;

/// <summary>The executor on this machine's processor, as a device: it checks what it runs, and is for tests and for learning.</summary>
public sealed class CPUDevice : Device
{
    /// <summary>What graphics cards take; the executor's records of who touched what count on it.</summary>
    const int LargestGroup = 1024;

    /// <summary>
    /// With groups of up to numThreadsPerWarp x numWarpsPerMultiprocessor work-items. It says that it has numMultiprocessors,
    /// and runs groups on all of the machine's.
    /// </summary>
    public CPUDevice(int numThreadsPerWarp, int numWarpsPerMultiprocessor, int numMultiprocessors)
    {
        Name = "executor on the CPU";
        WarpSize = numThreadsPerWarp;
        MaxNumThreadsPerGroup = Math.Min(LargestGroup, numThreadsPerWarp * numWarpsPerMultiprocessor);
        MaxGroupSize = new(MaxNumThreadsPerGroup, MaxNumThreadsPerGroup, MaxNumThreadsPerGroup);
        NumMultiprocessors = numMultiprocessors;
        MaxSharedMemoryPerGroup = 48 * 1024;
        MemorySize = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
    }

    /// <inheritdoc/>
    public override AcceleratorType AcceleratorType => AcceleratorType.CPU;

    /// <inheritdoc/>
    public override Accelerator CreateAccelerator(Context context) =>
        new CPUAccelerator(context, this, threads: Environment.GetEnvironmentVariable("ILGPU_THREADS") == "1");

    /// <summary>Refuses a launch that a graphics card would refuse.</summary>
    internal void Check(string kernel, in KernelConfig config, int sharedBytes)
    {
        var (grid, group) = (config.GridDim, config.GroupDim);
        long workItems = (long)group.X * group.Y * group.Z;
        if (Math.Min(group.X, Math.Min(group.Y, group.Z)) < 1 || workItems > MaxNumThreadsPerGroup)
            throw new AcceleratorException($"{kernel}: a group of {group.X} x {group.Y} x {group.Z} work-items; this device takes 1 to {MaxNumThreadsPerGroup}");
        if (Math.Min(grid.X, Math.Min(grid.Y, grid.Z)) < 0)
            throw new AcceleratorException($"{kernel}: a grid of {grid.X} x {grid.Y} x {grid.Z} groups");
        if (sharedBytes > MaxSharedMemoryPerGroup)
            throw new AcceleratorException($"{kernel}: a group shares {sharedBytes} bytes; this device has {MaxSharedMemoryPerGroup}");
    }
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
