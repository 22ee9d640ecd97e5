using System.Diagnostics;
using ILGPU;
using ILGPU.Runtime;
using PureLcm.Kernels.Check;

namespace PureLcm.Kernels.Gpu;

/// <summary>
/// The operations as ILGPU kernels, on a graphics card or on whatever else ILGPU opens. Each operation's file has its kernel and
/// its launch. Kernels are compiled when they are first needed; launches queue up and run in order, and only a download waits.
/// </summary>
public sealed partial class GpuBackend : Backend
{
    readonly Dictionary<KernelKey, object> kernels = [];
    readonly bool ownsAccelerator;
    readonly Type tile;
    bool disposed;
    int ahead = 64, launched;

    /// <summary>Shared memory of the hungriest kernel, attention: scores, both slices, and what is kept of each row.</summary>
    const int SharedBytes = sizeof(float) * (64 * Tile.BlockPitch + 64 * Tile.LeftPitch + Tile.Depth * Tile.Columns + 64 + 64 + 256);

    /// <summary>Computes on an accelerator, which is disposed of with this backend unless said otherwise.</summary>
    /// <exception cref="GpuException">The device can't run the kernels.</exception>
    public GpuBackend(Accelerator accelerator, bool ownsAccelerator = true) : this(accelerator, ownsAccelerator, RunsOnProcessor(accelerator), isChecked: false) { }

    /// <summary>
    /// With the checker in the place of a device, in the memory of a CPU accelerator of any size: the kernels that a processor gets,
    /// or those of a graphics card.
    /// </summary>
    internal static GpuBackend Checked(Accelerator accelerator, bool ownsAccelerator = true, bool asProcessor = true) =>
        new(accelerator, ownsAccelerator, asProcessor, isChecked: true);

    GpuBackend(Accelerator accelerator, bool ownsAccelerator, bool asProcessor, bool isChecked)
    {
        Accelerator = accelerator;
        IsChecked = isChecked;
        this.ownsAccelerator = ownsAccelerator;
        DefaultPrecision = asProcessor ? ElementType.Float32 : ElementType.Float16;
        var (items, shared) = isChecked ? (Checker.LargestGroup, Checker.SharedMemory) : (accelerator.MaxNumThreadsPerGroup, accelerator.MaxSharedMemoryPerGroup);
        tile = asProcessor || items < Tile4x4.Items ? typeof(Tile16x1) : typeof(Tile4x4);
        if (items < Tile16x1.Items || shared < SharedBytes)
            throw new GpuException($"{accelerator.Name} can't run the kernels: it has groups of {items} work-items that share {shared} bytes, "
                + $"and {Tile16x1.Items} and {SharedBytes} are needed; choose another device, or the CPU's own backend");
        GroupSize = items >= 256 ? 256 : items >= 128 ? 128 : 64;
    }

    /// <inheritdoc/>
    public override string Name => IsChecked ? CheckerName : $"{Accelerator.Name} ({Accelerator.AcceleratorType})";

    internal const string CheckerName = "kernels on the CPU, checked";

    /// <summary>Whether the checker runs the kernels.</summary>
    internal bool IsChecked { get; }

    /// <inheritdoc/>
    public override ElementType DefaultPrecision { get; }

    /// <inheritdoc/>
    public override long? MemoryBytes => Accelerator.AcceleratorType == AcceleratorType.CPU ? null : Accelerator.MemorySize;

    /// <summary>What the kernels run on.</summary>
    internal Accelerator Accelerator { get; }

    /// <summary>Work-items of the groups that share nothing; a power of two.</summary>
    internal int GroupSize { get; }

    /// <summary>Whether the kernels run on the host's own cores.</summary>
    internal bool IsProcessor => RunsOnProcessor(Accelerator);

    static bool RunsOnProcessor(Accelerator accelerator) => Drivers.IsProcessor(accelerator.Device);

    /// <summary>Waits until all that was launched is done.</summary>
    /// <exception cref="GpuException">Some of it failed.</exception>
    public override void Synchronize()
    {
        try
        {
            Accelerator.Synchronize();
        }
        catch (AcceleratorException e)
        {
            throw Failure(e);
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (disposed) return;
        disposed = true;
        Trim();
        none?.Dispose();
        foreach (var frequencies in frequencyTables.Values) frequencies.Dispose();
        if (ownsAccelerator) Accelerator.Dispose();
    }

    /// <summary>
    /// Launches a kernel: its class, open where it has type parameters, and the types to fill in. All launches go through here,
    /// so this is where a driver's failure gets its sentence.
    /// </summary>
    internal void Run<TArguments>(Type definition, in TArguments arguments, params ReadOnlySpan<Type> types)
    {
        try
        {
            var key = new KernelKey(definition, types);
            if (!kernels.TryGetValue(key, out var kernel))
                kernels[key] = kernel = Activator.CreateInstance(types.IsEmpty ? definition : definition.MakeGenericType(types.ToArray()), this)!;
            ((GpuKernel<TArguments>)kernel).Launch(arguments);
            Pace();
        }
        catch (AcceleratorException e)
        {
            throw Failure(e);
        }
    }

    /// <summary>
    /// The host is far faster than the device, and a run that is cancelled has to wait for what is queued. So the host waits after
    /// so many launches: as many as take the device about a twentieth of a second.
    /// </summary>
    void Pace()
    {
        if (++launched < ahead) return;
        launched = 0;
        long start = Stopwatch.GetTimestamp();
        Accelerator.Synchronize();
        double waited = Stopwatch.GetElapsedTime(start).TotalSeconds;
        ahead = waited > 0.1 ? Math.Max(ahead / 2, 4) : waited < 0.025 ? Math.Min(ahead * 2, 4096) : ahead;
    }

    GpuException Failure(AcceleratorException e) => new($"{Name} failed: {DriverError.Describe(e)}. Results since the last download are lost; try again, or with another device", e);

    /// <summary>The type that kernels know a stored type by.</summary>
    static Type Stored(ElementType type) => type switch
    {
        ElementType.Float32 => typeof(Float32),
        ElementType.Float16 => typeof(Float16),
        _ => typeof(BFloat16),
    };

    static Type Stored(Tensor x) => Stored(x.Type);

    /// <summary>How many groups of so many cover a number.</summary>
    internal static int Groups(long count, int perGroup) => Index((count + perGroup - 1) / perGroup);

    /// <summary>A number as kernels count.</summary>
    /// <exception cref="GpuException">There are more than their indices reach.</exception>
    internal static int Index(long count) => count <= int.MaxValue ? (int)count
        : throw new GpuException($"{count} values in one piece are more than the kernels' indices reach (2^31); make smaller or fewer pictures at once");

    /// <summary>A kernel's class and the types that fill it in.</summary>
    readonly record struct KernelKey(Type Definition, Type? First, Type? Second, Type? Third, Type? Fourth)
    {
        public KernelKey(Type definition, ReadOnlySpan<Type> types)
            : this(definition, types.Length > 0 ? types[0] : null, types.Length > 1 ? types[1] : null, types.Length > 2 ? types[2] : null, types.Length > 3 ? types[3] : null) { }
    }
}
