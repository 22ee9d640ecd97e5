using System.Runtime.InteropServices;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>What a thread's groups live in: frames, shared memory and the records of who touched it, one after the other.</summary>
sealed unsafe class GroupMemory(long bytes)
{
    /// <summary>What local memory is filled with: floats of these bytes are no numbers, so that reading before writing shows.</summary>
    public const byte Unwritten = 0xff;

    readonly void* start = NativeMemory.AlignedAlloc((nuint)bytes, 64);

    ~GroupMemory() => NativeMemory.AlignedFree(start);

    public long Bytes => bytes;

    public nint Start => (nint)start;
}
