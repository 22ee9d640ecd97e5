using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

/// <summary>One buffer of the device's memory: a tensor each, since what a device gives in one piece may be a quarter of what it has.</summary>
public sealed class GpuStorage : Storage
{
    internal GpuStorage(MemoryBuffer1D<byte, Stride1D.Dense> buffer, ElementType type) => (Buffer, Type) = (buffer, type);

    internal MemoryBuffer1D<byte, Stride1D.Dense> Buffer { get; }
}

public sealed partial class GpuBackend
{
    readonly Dictionary<long, Stack<MemoryBuffer1D<byte, Stride1D.Dense>>> free = [];
    readonly Lock guard = new();
    MemoryBuffer1D<byte, Stride1D.Dense>? none;
    long inUse, peak, pooled;

    /// <summary>Token ids, flags and scales come in a launch's company; what is larger is a tensor.</summary>
    const int Few = 256;

    /// <inheritdoc/>
    public override long BytesInUse => inUse;

    /// <inheritdoc/>
    public override long PeakBytes => peak;

    /// <inheritdoc/>
    public override long PooledBytes => pooled;

    /// <inheritdoc/>
    public override void ResetPeak() => peak = inUse;

    /// <inheritdoc/>
    protected override Storage AllocateStorage(nint elements, ElementType type)
    {
        long bytes = Math.Max((elements * (type == ElementType.Float32 ? 4L : 2) + 255) & ~255L, 256);
        lock (guard)
        {
            if (free.TryGetValue(bytes, out var stack) && stack.TryPop(out var buffer)) pooled -= bytes;
            else buffer = AllocateBytes(bytes);
            inUse += bytes;
            peak = Math.Max(peak, inUse);
            return new GpuStorage(buffer, type);
        }
    }

    /// <inheritdoc/>
    protected override void Release(Storage storage)
    {
        // What was launched may still use it, but so it will have done when anything launched later begins: launches run in order.
        var buffer = ((GpuStorage)storage).Buffer;
        lock (guard)
        {
            inUse -= buffer.LengthInBytes;
            pooled += buffer.LengthInBytes;
            if (!free.TryGetValue(buffer.LengthInBytes, out var stack)) free[buffer.LengthInBytes] = stack = [];
            stack.Push(buffer);
        }
    }

    /// <inheritdoc/>
    public override void Trim()
    {
        lock (guard)
        {
            if (free.Count == 0) return;
            Synchronize();
            foreach (var stack in free.Values)
                while (stack.TryPop(out var buffer)) buffer.Dispose();
            free.Clear();
            pooled = 0;
        }
    }

    /// <summary>Memory that isn't pooled; where there is none left, the pool is given back first.</summary>
    internal MemoryBuffer1D<byte, Stride1D.Dense> AllocateBytes(long bytes)
    {
        try
        {
            return Accelerator.Allocate1D<byte>(bytes);
        }
        catch (Exception e) when (e is AcceleratorException or OutOfMemoryException)
        {
            Trim();
        }
        try
        {
            return Accelerator.Allocate1D<byte>(bytes);
        }
        catch (Exception e) when (e is AcceleratorException or OutOfMemoryException)
        {
            string all = MemoryBytes is { } memory ? $", and it has {memory >> 20} MB in all" : "";
            throw new OutOfMemoryException($"{Name} gives no block of {bytes >> 20} MB: {inUse >> 20} MB of tensors are in use{all}; "
                + "make smaller or fewer pictures at once, or use another device", e);
        }
    }

    // ---- views -----------------------------------------------------------------------------------------------------

    /// <summary>A tensor's memory from its first value to its last, as kernels take it; of an absent one, memory that none looks at.</summary>
    internal ArrayView<T> View<T>(Tensor? x) where T : unmanaged
    {
        if (x is null) return None<T>();
        int length = x.Shape.Count == 0 ? 0 : Index((x.Shape.Rows - 1) * x.Pitch + x.Shape.C);
        return ((GpuStorage)x.Storage).Buffer.View.BaseView.Cast<T>().SubView(x.Offset, length);
    }

    /// <summary>A packed weight's memory.</summary>
    internal ArrayView<T> View<T>(Packed? weight) where T : unmanaged => weight is null ? None<T>() : weight.Buffer.View.BaseView.Cast<T>();

    /// <summary>A view for a parameter that isn't used.</summary>
    internal ArrayView<T> None<T>() where T : unmanaged => (none ??= AllocateBytes(16)).View.BaseView.Cast<T>();

    // ---- to and from the host ----------------------------------------------------------------------------------------

    /// <inheritdoc/>
    protected override void UploadCore(ReadOnlySpan<float> values, Tensor y)
    {
        if (values.Length == 0) return;
        if (y.IsDense && y.Type == ElementType.Float32)
        {
            CopyFromHost(values, View<float>(y));
            return;
        }
        // Spread out and converted on the device.
        using var dense = Allocate(y.Shape);
        CopyFromHost(values, View<float>(dense));
        Copy(dense, y);
    }

    /// <inheritdoc/>
    protected override void DownloadCore(Tensor x, Span<float> values)
    {
        if (values.Length == 0) return;
        if (x.IsDense && x.Type == ElementType.Float32)
        {
            CopyToHost(View<float>(x), values);
            return;
        }
        using var dense = Allocate(x.Shape);
        Copy(x, dense);
        CopyToHost(View<float>(dense), values);
    }

    /// <summary>Copies of more than a few values since the backend was made, from and to the host.</summary>
    internal (int Uploads, int Downloads) Transfers { get; private set; }

    // By ILGPU's methods for spans, and not by those for a ref and a length: these don't pin it, and the collector may move it
    // while the device copies.

    /// <summary>Values from the host, which are the host's again when this returns.</summary>
    internal void CopyFromHost<T>(ReadOnlySpan<T> values, ArrayView<T> to) where T : unmanaged
    {
        try
        {
            if (values.Length > Few) Transfers = Transfers with { Uploads = Transfers.Uploads + 1 };
            to.CopyFromCPU(Accelerator.DefaultStream, values);
        }
        catch (AcceleratorException e)
        {
            throw Failure(e);
        }
    }

    /// <summary>Values to the host, when all that was launched before is done.</summary>
    internal void CopyToHost<T>(ArrayView<T> from, Span<T> values) where T : unmanaged
    {
        try
        {
            if (values.Length > Few) Transfers = Transfers with { Downloads = Transfers.Downloads + 1 };
            from.CopyToCPU(Accelerator.DefaultStream, values);
        }
        catch (AcceleratorException e)
        {
            throw Failure(e);
        }
    }
}
