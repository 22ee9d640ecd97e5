using System.Runtime.CompilerServices;

namespace ILGPU.Runtime;

/// <summary>Memory of an accelerator.</summary>
public abstract class MemoryBuffer : IDisposable
{
    /// <summary>Called by accelerators.</summary>
    private protected MemoryBuffer(long lengthInBytes) => LengthInBytes = lengthInBytes;

    /// <summary>Bytes.</summary>
    public long LengthInBytes { get; }

    /// <summary>The address, or the driver's handle.</summary>
    public abstract nint NativePtr { get; }

    /// <summary>The address in the host's memory.</summary>
    /// <exception cref="NotSupportedException">The memory is a device's.</exception>
    internal virtual nint HostPointer => throw new NotSupportedException("the memory of a device can't be touched on the host; copy it with CopyToCPU");

    /// <summary>Copies from the host; when it returns, the host's memory is free again.</summary>
    internal abstract unsafe void CopyFrom(AcceleratorStream? stream, long offset, void* source, long bytes);

    /// <summary>Copies to the host, after all that was launched before.</summary>
    internal abstract unsafe void CopyTo(AcceleratorStream? stream, long offset, void* destination, long bytes);

    /// <summary>Sets bytes to zero.</summary>
    internal abstract void Clear(AcceleratorStream? stream, long offset, long bytes);

    /// <summary>Frees the memory.</summary>
    public abstract void Dispose();
}

/// <summary>A buffer seen as elements.</summary>
public sealed class MemoryBuffer1D<T, TStride> : IDisposable where T : unmanaged where TStride : struct
{
    readonly MemoryBuffer memory;

    internal MemoryBuffer1D(MemoryBuffer memory, long length) => (this.memory, Length) = (memory, length);

    /// <summary>Elements.</summary>
    public long Length { get; }

    /// <summary>Bytes.</summary>
    public long LengthInBytes => Length * Unsafe.SizeOf<T>();

    /// <summary>The address, or the driver's handle.</summary>
    public nint NativePtr => memory.NativePtr;

    /// <summary>All of it.</summary>
    public ArrayView1D<T, TStride> View => new(new ArrayView<T>(memory, 0, Length));

    /// <summary>Frees the memory.</summary>
    public void Dispose() => memory.Dispose();
}

/// <summary>A one-dimensional view with its stride; kernels take its <see cref="BaseView"/>.</summary>
public readonly struct ArrayView1D<T, TStride> where T : unmanaged where TStride : struct
{
    internal ArrayView1D(ArrayView<T> view) => BaseView = view;

    /// <summary>The elements.</summary>
    public ArrayView<T> BaseView { get; }

    /// <summary>How many.</summary>
    public long Length => BaseView.Length;

    /// <summary>What kernels take.</summary>
    public static implicit operator ArrayView<T>(ArrayView1D<T, TStride> view) => view.BaseView;
}

/// <summary>Copies between views and the host.</summary>
public static unsafe class ArrayViewExtensions
{
    /// <summary>Copies so many elements from the host, beginning with <paramref name="cpuData"/>.</summary>
    public static void CopyFromCPU<T>(this ArrayView<T> target, ref T cpuData, long length) where T : unmanaged =>
        CopyFromCPU(target, null!, ref cpuData, length);

    /// <summary>Copies so many elements from the host, beginning with <paramref name="cpuData"/>.</summary>
    public static void CopyFromCPU<T>(this ArrayView<T> target, AcceleratorStream stream, ref T cpuData, long length) where T : unmanaged
    {
        Check(target, length);
        fixed (T* from = &cpuData) target.Source!.CopyFrom(stream, target.Start * sizeof(T), from, length * sizeof(T));
    }

    /// <summary>Copies an array to the view.</summary>
    public static void CopyFromCPU<T>(this ArrayView<T> target, T[] data) where T : unmanaged
    {
        if (data.Length > 0) CopyFromCPU(target, null!, ref data[0], data.Length);
    }

    /// <summary>Copies so many elements to the host, after all that was launched before.</summary>
    public static void CopyToCPU<T>(this ArrayView<T> source, ref T cpuData, long length) where T : unmanaged =>
        CopyToCPU(source, null!, ref cpuData, length);

    /// <summary>Copies so many elements to the host, after all that was launched before.</summary>
    public static void CopyToCPU<T>(this ArrayView<T> source, AcceleratorStream stream, ref T cpuData, long length) where T : unmanaged
    {
        Check(source, length);
        fixed (T* to = &cpuData) source.Source!.CopyTo(stream, source.Start * sizeof(T), to, length * sizeof(T));
    }

    /// <summary>Copies the view's first elements to an array.</summary>
    public static void CopyToCPU<T>(this ArrayView<T> source, T[] data) where T : unmanaged
    {
        if (data.Length > 0) CopyToCPU(source, null!, ref data[0], data.Length);
    }

    /// <summary>Sets every byte to zero.</summary>
    public static void MemSetToZero<T>(this ArrayView<T> view) where T : unmanaged => view.Source?.Clear(null, view.Start * sizeof(T), view.LengthInBytes);

    /// <summary>The view's elements on the host.</summary>
    public static T[] GetAsArray<T>(this ArrayView<T> view) where T : unmanaged
    {
        var data = new T[view.Length];
        CopyToCPU(view, data);
        return data;
    }

    /// <summary>A promise that the view begins at a multiple of so many bytes; back ends here need none.</summary>
    public static ArrayView<T> AsAligned<T>(this ArrayView<T> view, int alignmentInBytes) where T : unmanaged => view;

    static void Check<T>(ArrayView<T> view, long length) where T : unmanaged
    {
        if (!view.IsValid || length < 0 || length > view.Length) throw new ArgumentOutOfRangeException(nameof(length), $"{length} elements of a view of {view.Length}");
    }
}
