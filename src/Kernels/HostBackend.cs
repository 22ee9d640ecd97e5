using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PureLcm.Kernels;

/// <summary>Memory of the host: native, 64-byte aligned, never moved by the garbage collector.</summary>
public sealed unsafe class HostStorage : Storage
{
    internal HostStorage(nint elements, ElementType type)
    {
        (Elements, Type) = (elements, type);
        Pointer = (float*)NativeMemory.AlignedAlloc((nuint)Math.Max(elements, 16) * sizeof(float), 64);
    }

    /// <summary>The first value.</summary>
    public float* Pointer { get; private set; }

    /// <summary>How many values there is room for.</summary>
    public nint Elements { get; }

    internal void Free()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }
}

/// <summary>
/// What the backends that compute on the host share: fp32 tensors in native memory, pooled by size, so that a step takes
/// back what the one before it gave.
/// </summary>
public abstract unsafe class HostBackend : Backend
{
    readonly Dictionary<(nint Elements, ElementType Type), Stack<HostStorage>> free = [];
    readonly Lock guard = new();
    long inUse, peak, pooled;

    /// <summary>The host stores what it computes: fp32.</summary>
    public override ElementType StoredAs(ElementType type) => ElementType.Float32;

    /// <inheritdoc/>
    public override long BytesInUse => inUse;

    /// <inheritdoc/>
    public override long PeakBytes => peak;

    /// <inheritdoc/>
    public override long PooledBytes => pooled;

    /// <summary>The most bytes that tensors and the pool held at once since <see cref="ResetPeak"/>.</summary>
    internal long PeakFootprint { get; private set; }

    /// <inheritdoc/>
    public override void ResetPeak() => (peak, PeakFootprint) = (inUse, inUse + pooled);

    /// <inheritdoc/>
    protected override Storage AllocateStorage(nint elements, ElementType type)
    {
        nint rounded = Math.Max((elements + 15) & ~(nint)15, 16);
        HostStorage? storage = null;
        lock (guard)
        {
            inUse += rounded * sizeof(float);
            peak = Math.Max(peak, inUse);
            bool reused = free.TryGetValue((rounded, type), out var stack) && stack.TryPop(out storage);
            if (reused) pooled -= rounded * sizeof(float);
            PeakFootprint = Math.Max(PeakFootprint, inUse + pooled);
            if (reused) return storage!;
        }
        return new HostStorage(rounded, type);
    }

    /// <inheritdoc/>
    protected internal override void Release(Storage storage)
    {
        var host = (HostStorage)storage;
        lock (guard)
        {
            inUse -= host.Elements * sizeof(float);
            pooled += host.Elements * sizeof(float);
            var kind = (host.Elements, host.Type);
            if (!free.TryGetValue(kind, out var stack)) free[kind] = stack = [];
            stack.Push(host);
        }
    }

    /// <inheritdoc/>
    public override void Trim()
    {
        lock (guard)
        {
            foreach (var stack in free.Values)
                while (stack.TryPop(out var storage)) storage.Free();
            free.Clear();
            pooled = 0;
        }
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Trim();
        GC.SuppressFinalize(this);
    }

    /// <summary>The first value of a tensor of the host.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected internal static float* Pointer(Tensor x) => ((HostStorage)x.Storage).Pointer + x.Offset;

    /// <inheritdoc/>
    public override void Fill(Tensor y, float value)
    {
        float* p = Pointer(y);
        for (nint row = 0; row < y.Shape.Rows; row++) new Span<float>(p + row * y.Pitch, y.Shape.C).Fill(Rounding.To(y.Type, value));
    }

    /// <inheritdoc/>
    protected override void UploadCore(ReadOnlySpan<float> values, Tensor y)
    {
        float* p = Pointer(y);
        int c = y.Shape.C;
        if (y.IsDense) values.CopyTo(new Span<float>(p, values.Length));
        else for (int row = 0; row < y.Shape.Rows; row++) values.Slice(row * c, c).CopyTo(new Span<float>(p + (nint)row * y.Pitch, c));
        if (y.Type == ElementType.Float32) return;
        for (nint row = 0; row < y.Shape.Rows; row++)
            for (int i = 0; i < c; i++) p[row * y.Pitch + i] = Rounding.To(y.Type, p[row * y.Pitch + i]);
    }

    /// <inheritdoc/>
    protected override void DownloadCore(Tensor x, Span<float> values)
    {
        float* p = Pointer(x);
        int c = x.Shape.C;
        if (x.IsDense) new Span<float>(p, values.Length).CopyTo(values);
        else for (int row = 0; row < x.Shape.Rows; row++) new Span<float>(p + (nint)row * x.Pitch, c).CopyTo(values.Slice(row * c, c));
    }
}
