using System.Numerics;
using System.Runtime.CompilerServices;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>
/// Who touched a granule of shared memory last. A mark is a time and a work-item: the number of the epoch (a group's accesses
/// between two barriers) in the upper bits, who in the lower ones. Numbers of epochs go on from group to group, so that a mark
/// of an earlier group says that this one has not written there.
/// </summary>
struct Stamp
{
    /// <summary>Bits below the epoch.</summary>
    public const int EpochShift = 12;

    /// <summary>One epoch more.</summary>
    public const uint Epoch = 1 << EpochShift;

    /// <summary>Added to a writer that is one work-item's atomic operations.</summary>
    public const uint Atomic = Epoch / 2;

    /// <summary>Instead of a reader, or of a writer by atomic operations: more than one work-item.</summary>
    public const uint Several = Epoch - 1;

    /// <summary>A writer that marks the gaps between allocations: it is later than every epoch.</summary>
    public const uint Gap = uint.MaxValue;

    /// <summary>The last epoch before the count begins anew.</summary>
    public const uint LastEpoch = uint.MaxValue - 2 * Epoch + 1;

    public uint Writer, Reader;
}

/// <summary>
/// What generated code asks at each access of memory, most of it of shared memory: the quick questions, inlined there. What they don't clear goes to
/// the group, which knows all cases and reports. <c>since</c> is the group's first epoch, <c>now</c> the current one, <c>me</c>
/// the current one with the work-item.
/// </summary>
static unsafe class MemoryChecks
{
    /// <summary>Whether an access is beyond shared memory, or not at a multiple of its size: with the low bits turned to the top, that is one comparison.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsOutside(nint offset, int sharedBytes, int size) =>
        BitOperations.RotateRight((ulong)offset, BitOperations.Log2((uint)size)) >= (ulong)(sharedBytes / size);

    /// <summary>Whether an access so many bytes behind a view's beginning is outside of the view.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsOutsideView(nint distance, nint viewBytes, int size) => distance < 0 || distance > viewBytes - size;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Stamp* At(Stamp* stamps, nint offset, int granuleBytes) => stamps + (offset >> BitOperations.Log2((uint)granuleBytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Read(LockstepGroup group, Stamp* stamp, uint since, uint now, uint me, int instruction)
    {
        if (stamp->Writer - since >= now - since && stamp->Writer != me) group.CheckRead(stamp, me, instruction);
        if (stamp->Reader != me) stamp->Reader = stamp->Reader < now ? me : now | Stamp.Several;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(LockstepGroup group, Stamp* stamp, uint now, uint me, int instruction)
    {
        if (stamp->Writer >= now && stamp->Writer != me || stamp->Reader >= now && stamp->Reader != me) group.CheckWrite(stamp, me, instruction);
        stamp->Writer = me;
    }

    /// <summary>An atomic operation.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Change(LockstepGroup group, Stamp* stamp, uint now, uint me, int instruction) => group.CheckAtomic(stamp, me, instruction);
}
