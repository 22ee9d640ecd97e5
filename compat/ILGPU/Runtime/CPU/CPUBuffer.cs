using System.Runtime.InteropServices;

namespace ILGPU.Runtime.CPU;

/// <summary>Memory of the host, 64-byte aligned, that the executor's kernels use in place.</summary>
sealed unsafe class CPUBuffer(long lengthInBytes) : MemoryBuffer(lengthInBytes)
{
    const int Alignment = 64;

    void* memory = NativeMemory.AlignedAlloc((nuint)lengthInBytes, Alignment);

    ~CPUBuffer() => Free();

    /// <inheritdoc/>
    public override nint NativePtr => HostPointer;

    /// <inheritdoc/>
    internal override nint HostPointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(memory is null, this);
            return (nint)memory;
        }
    }

    /// <summary>Every byte set to one value: memory that a kernel has not written yet should not look like results.</summary>
    public CPUBuffer Fill(byte value)
    {
        NativeMemory.Fill((void*)HostPointer, (nuint)LengthInBytes, value);
        return this;
    }

    /// <inheritdoc/>
    internal override void CopyFrom(AcceleratorStream? stream, long offset, void* source, long bytes)
    {
        Buffer.MemoryCopy(source, (byte*)HostPointer + offset, LengthInBytes - offset, bytes);
        GC.KeepAlive(this); // the finalizer frees what is being copied
    }

    /// <inheritdoc/>
    internal override void CopyTo(AcceleratorStream? stream, long offset, void* destination, long bytes)
    {
        Buffer.MemoryCopy((byte*)HostPointer + offset, destination, bytes, bytes);
        GC.KeepAlive(this);
    }

    /// <inheritdoc/>
    internal override void Clear(AcceleratorStream? stream, long offset, long bytes)
    {
        NativeMemory.Clear((byte*)HostPointer + offset, (nuint)bytes);
        GC.KeepAlive(this);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    void Free()
    {
        NativeMemory.AlignedFree(memory);
        memory = null;
    }
}
