using System.Runtime.InteropServices;
using ILGPU;
using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>
/// Runs groups of a launch on one thread. All work-items of a group advance together, block by block: always the first block
/// that any of them waits at, for those who do. In reverse post-order that brings diverged work-items together again where
/// their ways meet. This part schedules; <c>LockstepReports.cs</c> judges what the checks did not clear.
/// </summary>
sealed unsafe partial class LockstepGroup
{
    [ThreadStatic]
    static GroupMemory? arena;

    readonly LockstepProgram program;
    readonly Index3D gridDimension, groupDimension;
    readonly int size;
    readonly int[] counts;
    readonly nint frames, lists, everyone;
    readonly GroupMemory memory;

    /// <summary>Fields that generated code reads: the constants of the launch and the group, shared memory and its stamps, the group's first epoch and the current one.</summary>
    public nint Constants, Shared;
    public Stamp* Stamps;
    public uint Since, Now;

    public LockstepGroup(LockstepProgram program, in KernelConfig config, ReadOnlySpan<byte> constants)
    {
        this.program = program;
        (gridDimension, groupDimension, size) = (config.GridDim, config.GroupDim, config.GroupDim.Size);
        counts = new int[program.ListCount];
        var layout = program.Layout;
        int stampCount = layout.SharedBytes / layout.GranuleBytes;

        long end = 0;
        long framesAt = Reserve((long)layout.FrameBytes * size), sharedAt = Reserve(layout.SharedBytes), stampsAt = Reserve((long)sizeof(Stamp) * stampCount);
        long constantsAt = Reserve(constants.Length), everyoneAt = Reserve((long)sizeof(nint) * size), listsAt = Reserve((long)sizeof(nint) * size * program.ListCount);
        memory = arena is { } kept && kept.Bytes >= end ? kept : arena = new(end);
        nint start = memory.Start;
        Stamps = (Stamp*)(start + (nint)stampsAt);
        (frames, Shared) = (start + (nint)framesAt, start + (nint)sharedAt);
        (Constants, everyone, lists) = (start + (nint)constantsAt, start + (nint)everyoneAt, start + (nint)listsAt);

        constants.CopyTo(new((void*)Constants, constants.Length));
        *(Index3D*)(Constants + FrameLayout.GridDimension) = gridDimension;
        *(Index3D*)(Constants + FrameLayout.GroupDimension) = groupDimension;
        for (int i = 0; i < size; i++)
        {
            nint frame = frames + i * layout.FrameBytes;
            *(int*)(frame + FrameLayout.Number) = i;
            *(Index3D*)(frame + FrameLayout.GroupIndex) = Indexing.Place(i, groupDimension);
            ((nint*)everyone)[i] = frame;
        }
        ClearStamps();

        long Reserve(long bytes)
        {
            long at = end;
            end = (end + bytes + 63) & -64;
            return at;
        }
    }

    /// <summary>Runs the group with this place in the grid.</summary>
    /// <exception cref="KernelFaultException">It did what it must not.</exception>
    public void Run(Index3D gridIndex)
    {
        *(Index3D*)(Constants + FrameLayout.GridIndex) = gridIndex;
        NextEpoch();
        Since = Now;
        if (program.Layout.LocalBytes > 0)
            for (int i = 0; i < size; i++)
                NativeMemory.Fill((void*)(frames + i * program.Layout.FrameBytes + program.Layout.LocalStart), (nuint)program.Layout.LocalBytes, GroupMemory.Unwritten);

        var blocks = program.Method.Blocks;
        Array.Clear(counts);
        Start(blocks[0]);
        for (int returned = 0; returned < size;)
        {
            int next = counts.AsSpan(0, blocks.Length).IndexOfAnyExcept(0);
            if (next < 0)
            {
                PassBarrier(returned);
                continue;
            }
            int count = counts[next];
            counts[next] = 0;
            program.Code(next)(this, (nint*)List(next), count);
            if (blocks[next].End == End.Return) returned += count;
        }
    }

    /// <summary>Where the next entry of a list goes.</summary>
    public nint Tail(int list) => List(list) + counts[list] * sizeof(nint);

    public void SetTail(int list, nint tail) => counts[list] = (int)((tail - List(list)) / sizeof(nint));

    nint List(int list) => lists + (nint)list * size * sizeof(nint);

    /// <summary>Everyone waits for a block, in order.</summary>
    void Start(BasicBlock block)
    {
        Buffer.MemoryCopy((void*)everyone, (void*)List(block.Index), (long)size * sizeof(nint), (long)size * sizeof(nint));
        counts[block.Index] = size;
    }

    /// <summary>No one can run: if all are at one barrier, they go on.</summary>
    void PassBarrier(int returned)
    {
        int blockCount = program.Method.Blocks.Length;
        int parked = blockCount + counts.AsSpan(blockCount).IndexOfAnyExcept(0);
        if (counts[parked] != size) throw BarrierNotReached(returned);
        counts[parked] = 0;
        NextEpoch();
        Start(program.Method.Blocks[Array.IndexOf(program.ParkingLists, parked)].Targets[0]);
    }

    void NextEpoch()
    {
        if (Now >= Stamp.LastEpoch) RestartEpochs();
        Now += Stamp.Epoch;
    }

    void ClearStamps()
    {
        var layout = program.Layout;
        int count = layout.SharedBytes / layout.GranuleBytes;
        NativeMemory.Clear(Stamps, (nuint)(count * sizeof(Stamp)));
        var allocated = new bool[count];
        for (int i = 0; i < layout.SharedOffsets.Length; i++)
            allocated.AsSpan(layout.SharedOffsets[i] / layout.GranuleBytes, program.Method.Shared[i].Bytes / layout.GranuleBytes).Fill(true);
        for (int i = 0; i < count; i++)
            if (!allocated[i]) Stamps[i].Writer = Stamp.Gap;
    }

    /// <summary>The numbers of epochs are used up: what this group wrote becomes the work of the first one.</summary>
    void RestartEpochs()
    {
        var layout = program.Layout;
        for (int i = 0; i < layout.SharedBytes / layout.GranuleBytes; i++)
        {
            if (Stamps[i].Writer != Stamp.Gap) Stamps[i].Writer = Stamps[i].Writer >= Since ? Stamp.Epoch : 0;
            Stamps[i].Reader = 0;
        }
        (Since, Now) = (Stamp.Epoch, Stamp.Epoch);
    }
}
