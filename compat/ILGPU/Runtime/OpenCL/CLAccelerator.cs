using ILGPU.Compat.FrontEnd;
using ILGPU.Compat.OpenCL;

namespace ILGPU.Runtime.OpenCL;

/// <summary>An OpenCL device that was opened.</summary>
public sealed unsafe class CLAccelerator : Accelerator
{
    readonly Dictionary<string, CLKernel> kernels = [];
    readonly HashSet<CLBuffer> buffers = [];
    readonly List<CLStream> streams = [];
    readonly Target target;
    bool disposed;

    internal CLAccelerator(Context context, CLDevice device) : base(context, device)
    {
        Device = device;
        target = new(device.HasFma32, device.HasFma64);
        nint handle = device.Handle;
        var properties = stackalloc nint[] { ClNames.ContextPlatform, device.Platform, 0 };
        int error;
        Handle = ClApi.clCreateContext(properties, 1, &handle, 0, 0, &error);
        CLException.Check(error, "clCreateContext", $"opening {device.Name}");
    }

    /// <summary>How often the front end ran: not for what an earlier process left in the cache.</summary>
    internal int Translations { get; private set; }

    internal new CLDevice Device { get; }

    /// <summary>The driver's context.</summary>
    internal nint Handle { get; private set; }

    /// <summary>Bytes of all buffers.</summary>
    internal long Allocated { get; private set; }

    /// <inheritdoc/>
    public override AcceleratorStream CreateStream()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var stream = new CLStream(this);
        streams.Add(stream);
        return stream;
    }

    /// <inheritdoc/>
    public override void Synchronize()
    {
        foreach (var stream in streams) stream.Synchronize();
    }

    /// <inheritdoc/>
    private protected override MemoryBuffer AllocateBytes(long bytes)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        int error;
        nint handle = ClApi.clCreateBuffer(Handle, ClNames.ReadWriteMemory, (nuint)bytes, null, &error);
        if (error is -4 or -5 or -6 or -61)
            throw CLException.Because(error, "clCreateBuffer", $"{Name} has no buffer of {Size(bytes)} to give: it has {Size(MemorySize)} of memory, of which this program holds {Size(Allocated)}, and one buffer has {Size(Device.MaxAllocation)} at most; take a smaller picture or batch");
        CLException.Check(error, "clCreateBuffer");
        var buffer = new CLBuffer(this, handle, bytes);
        buffers.Add(buffer);
        Allocated += bytes;
        return buffer;
    }

    internal void Forget(CLBuffer buffer)
    {
        if (buffers.Remove(buffer)) Allocated -= buffer.LengthInBytes;
    }

    internal void Forget(CLStream stream) => streams.Remove(stream);

    /// <inheritdoc/>
    internal override ICompiledKernel Compile(KernelSource source)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        string key = $"{source.Key}-{target.Key}";
        if (kernels.TryGetValue(key, out var kernel)) return kernel;
        var translation = KernelCache.ReadTranslation(key);
        if (translation is null)
        {
            translation = KernelWriter.Write(source.Translate(), target);
            Translations++;
            KernelCache.WriteTranslation(key, translation);
        }
        return kernels[key] = new(this, translation);
    }

    /// <summary>A kernel that isn't made from IL, for tests.</summary>
    internal CLKernel Compile(Compat.Ir.KernelMethod method) => new(this, KernelWriter.Write(method, target));

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (disposed) return;
        disposed = true;
        foreach (var stream in streams.ToArray()) stream.Dispose();
        foreach (var kernel in kernels.Values) kernel.Dispose();
        foreach (var buffer in buffers.ToArray()) buffer.Dispose();
        ClApi.clReleaseContext(Handle);
        Handle = 0;
    }

    static string Size(long bytes) => bytes >= 10_000_000 ? $"{bytes / 1e6:N0} MB" : $"{bytes:N0} bytes";
}
