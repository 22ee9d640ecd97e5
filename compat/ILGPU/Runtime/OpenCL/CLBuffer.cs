using ILGPU.Compat.OpenCL;

namespace ILGPU.Runtime.OpenCL;

/// <summary>Memory of an OpenCL device.</summary>
sealed unsafe class CLBuffer(CLAccelerator accelerator, nint handle, long bytes) : MemoryBuffer(bytes)
{
    nint handle = handle;

    public CLAccelerator Accelerator => accelerator;

    public override nint NativePtr
    {
        get
        {
            ObjectDisposedException.ThrowIf(handle == 0, this);
            return handle;
        }
    }

    internal override void CopyFrom(AcceleratorStream? stream, long offset, void* source, long bytes)
    {
        if (bytes == 0) return;
        CLException.Check(ClApi.clEnqueueWriteBuffer(Queue(stream), NativePtr, 1, (nuint)offset, (nuint)bytes, source, 0, null, null), "clEnqueueWriteBuffer");
    }

    internal override void CopyTo(AcceleratorStream? stream, long offset, void* destination, long bytes)
    {
        if (bytes == 0) return;
        CLException.Check(ClApi.clEnqueueReadBuffer(Queue(stream), NativePtr, 1, (nuint)offset, (nuint)bytes, destination, 0, null, null), "clEnqueueReadBuffer");
    }

    internal override void Clear(AcceleratorStream? stream, long offset, long bytes)
    {
        if (bytes == 0) return;
        byte zero = 0;
        // Drivers fill fastest by whole words; the pattern must divide range and offset.
        ulong zeros = 0;
        bool words = ((offset | bytes) & 7) == 0;
        CLException.Check(ClApi.clEnqueueFillBuffer(Queue(stream), NativePtr, words ? &zeros : (void*)&zero, words ? 8u : 1u, (nuint)offset, (nuint)bytes, 0, null, null), "clEnqueueFillBuffer");
    }

    public override void Dispose()
    {
        if (handle == 0) return;
        ClApi.clReleaseMemObject(handle); // once the launches that use it are done
        handle = 0;
        accelerator.Forget(this);
    }

    nint Queue(AcceleratorStream? stream) => ((CLStream)(stream ?? accelerator.DefaultStream)).Queue;
}
