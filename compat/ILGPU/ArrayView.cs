using System.Diagnostics;
using System.Runtime.CompilerServices;
using ILGPU.Runtime;

namespace ILGPU;

/// <summary>
/// A range of a device's memory, as elements. In a kernel it is an address and a length; on the host it says which range to
/// copy. Its elements can be touched on the host only where the memory is the host's own: when a kernel is stepped through.
/// </summary>
[DebuggerDisplay("{Length} x {typeof(T).Name,nq}")]
public readonly struct ArrayView<T> where T : unmanaged
{
    // The same fields for every T: the launcher looks at any view as one of bytes.
    readonly MemoryBuffer? source;
    readonly long index, length;

    /// <summary>Elements <paramref name="index"/> to index + length of a buffer.</summary>
    public ArrayView(MemoryBuffer source, long index, long length) => (this.source, this.index, this.length) = (source, index, length);

    /// <summary>False for the default value, which looks at nothing.</summary>
    public bool IsValid => source is not null;

    /// <summary>Elements.</summary>
    public long Length => length;

    /// <summary>Elements, where they are fewer than 2^31.</summary>
    public int IntLength => checked((int)length);

    /// <summary>Bytes of all elements.</summary>
    public long LengthInBytes => length * Unsafe.SizeOf<T>();

    /// <summary>An element.</summary>
    public ref T this[int i] => ref this[(long)(uint)i]; // zero-extended, as in the real library's kernels

    /// <summary>An element.</summary>
    public unsafe ref T this[long i]
    {
        get
        {
            if ((ulong)i >= (ulong)length) throw new IndexOutOfRangeException($"element {i} of a view of {length}");
            return ref ((T*)source!.HostPointer)[index + i];
        }
    }

    /// <summary>The elements from <paramref name="start"/> on.</summary>
    public ArrayView<T> SubView(long start) => SubView(start, length - start);

    /// <summary>So many elements from <paramref name="start"/> on.</summary>
    public ArrayView<T> SubView(int start, int count) => SubView((long)start, count);

    /// <summary>So many elements from <paramref name="start"/> on.</summary>
    public ArrayView<T> SubView(long start, long count)
    {
        if (start < 0 || count < 0 || start > length - count) throw new ArgumentOutOfRangeException(nameof(start), $"elements {start} to {start + count} of a view of {length}");
        return new(source!, index + start, count);
    }

    /// <summary>The same memory as elements of another type.</summary>
    public ArrayView<TOther> Cast<TOther>() where TOther : unmanaged
    {
        long bytes = index * Unsafe.SizeOf<T>();
        if (bytes % Unsafe.SizeOf<TOther>() != 0) throw new InvalidOperationException($"a view that begins at byte {bytes} has no elements of {Unsafe.SizeOf<TOther>()} bytes");
        return new(source!, bytes / Unsafe.SizeOf<TOther>(), LengthInBytes / Unsafe.SizeOf<TOther>());
    }

    internal MemoryBuffer? Source => source;

    internal long Start => index;
}
