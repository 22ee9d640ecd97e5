using ILGPU;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.Execution;

// What happens where a check of generated code fails: the full question, and the report.
unsafe partial class LockstepGroup
{
    /// <summary>A read that is not of what this group wrote in an earlier epoch, nor of the work-item's own.</summary>
    public void CheckRead(Stamp* stamp, uint me, int instruction)
    {
        if (stamp->Writer == (me | Stamp.Atomic)) return;
        CheckAllocated(stamp, me, instruction);
        if (stamp->Writer < Since) throw Fault(me, instruction, $"reads {Place(stamp)}, which was never written in this group before the last barrier");
        throw Race(me, instruction, "reads", stamp, stamp->Writer, "wrote");
    }

    /// <summary>A write where another work-item may have been in this epoch.</summary>
    public void CheckWrite(Stamp* stamp, uint me, int instruction)
    {
        CheckAllocated(stamp, me, instruction);
        if (stamp->Writer >= Now && stamp->Writer != me && stamp->Writer != (me | Stamp.Atomic)) throw Race(me, instruction, "writes", stamp, stamp->Writer, "wrote");
        if (stamp->Reader >= Now && stamp->Reader != me) throw Race(me, instruction, "writes", stamp, stamp->Reader, "read");
    }

    /// <summary>An atomic operation races with plain reads and writes, but not with others of its kind.</summary>
    public void CheckAtomic(Stamp* stamp, uint me, int instruction)
    {
        CheckAllocated(stamp, me, instruction);
        bool mine = stamp->Writer == me || stamp->Writer == (me | Stamp.Atomic);
        if (stamp->Writer < Since && program.Instruction(instruction).Op != Op.AtomicExchange)
            throw Fault(me, instruction, $"changes {Place(stamp)}, which was never written in this group before the last barrier");
        if (stamp->Writer >= Now && !mine && (stamp->Writer & Stamp.Atomic) == 0) throw Race(me, instruction, "changes", stamp, stamp->Writer, "wrote");
        if (stamp->Reader >= Now && stamp->Reader != me) throw Race(me, instruction, "changes", stamp, stamp->Reader, "read");
        if (!mine) stamp->Writer = stamp->Writer < Now ? me | Stamp.Atomic : Now | Stamp.Several;
    }

    public Exception OutOfView(nint frame, int instruction, long index, long length)
    {
        var (pointer, isInt) = (program.Instruction(instruction).A, program.Instruction(instruction).B.Type == ValueType.Int32);
        string element = isInt && (int)index < 0
            ? $"element {(int)index} (as ILGPU zero-extends an int, {(uint)index})"
            : $"element {index}";
        return Fault(Me(frame), instruction, length == 0
            ? $"{element} of {Origin(pointer)}, which is empty or was never set"
            : $"{element} of {Origin(pointer)}, which has {length}");
    }

    public Exception OutOfShared(nint frame, int instruction, long offset) =>
        Fault(Me(frame), instruction, $"byte {offset} of {program.Layout.SharedBytes} of shared memory, {Bytes(instruction)} from {Origin(program.Instruction(instruction).A)}: outside of it, or no multiple of the size");

    public Exception OutOfLocal(nint frame, int instruction) =>
        Fault(Me(frame), instruction, $"{Bytes(instruction)} from {Origin(program.Instruction(instruction).A)}, outside of local memory");

    /// <summary>An element of a sub-view that begins or ends outside of its view.</summary>
    public Exception OutOfWholeView(nint frame, int instruction) =>
        Fault(Me(frame), instruction, $"{Bytes(instruction)} from a sub-view, outside of {Origin(program.Instruction(instruction).A)}");

    public Exception Misaligned(nint frame, int instruction) =>
        Fault(Me(frame), instruction, $"{Bytes(instruction)} from {Origin(program.Instruction(instruction).A)}, at an address that is no multiple of the size");

    public Exception DivisionByZero(nint frame, int instruction) => Fault(Me(frame), instruction, "an integer is divided by zero");

    KernelFaultException BarrierNotReached(int returned)
    {
        var method = program.Method;
        var waiting = method.Blocks.Where(block => block.End == End.Barrier && counts[program.ParkingLists[block.Index]] > 0).ToArray();
        int First(BasicBlock block) => Enumerable.Range(0, counts[program.ParkingLists[block.Index]])
            .Min(i => *(int*)((nint*)List(program.ParkingLists[block.Index]))[i]);
        var places = waiting.Select(block => $"{counts[program.ParkingLists[block.Index]]} wait at {Source(block.Source)} (the first of them {Item((uint)First(block))})");
        return new(method.Name, GridIndex, Indexing.Place(First(waiting[0]), groupDimension),
            $"a barrier that not all {size} work-items reach: {string.Join("; ", places)}{(returned > 0 ? $"; {returned} have returned" : "")}");
    }

    Index3D GridIndex => *(Index3D*)(Constants + FrameLayout.GridIndex);

    static uint Me(nint frame) => *(uint*)(frame + FrameLayout.Number);

    KernelFaultException Fault(uint me, int instruction, string what) =>
        new(program.Method.Name, GridIndex, Indexing.Place(me & (Stamp.Atomic - 1), groupDimension), $"{what}, at {Source(program.Instruction(instruction).Source)}");

    KernelFaultException Race(uint me, int instruction, string does, Stamp* stamp, uint other, string did)
    {
        uint item = other & (Stamp.Epoch - 1);
        string who = item == Stamp.Several ? "several work-items" : $"work-item {Item(item & ~Stamp.Atomic)}";
        return Fault(me, instruction, $"a race: it {does} {Place(stamp)}, which {who} {did} since the last barrier");
    }

    void CheckAllocated(Stamp* stamp, uint me, int instruction)
    {
        if (stamp->Writer == Stamp.Gap) throw Fault(me, instruction, $"shared memory outside of its allocation, {Bytes(instruction)} from {Origin(program.Instruction(instruction).A)}");
    }

    /// <summary>What the source would call a granule: its allocation and element.</summary>
    string Place(Stamp* stamp)
    {
        var layout = program.Layout;
        int offset = (int)(stamp - Stamps) * layout.GranuleBytes;
        int allocation = Array.FindLastIndex(layout.SharedOffsets, start => start <= offset);
        int elementSize = program.Method.Shared[allocation].ElementSize;
        return $"element {(offset - layout.SharedOffsets[allocation]) / elementSize} of {Shape(ValueType.Shared, allocation)}";
    }

    string Shape(ValueType space, int allocation)
    {
        var (kind, all) = space == ValueType.Shared ? ("shared", program.Method.Shared) : ("local", program.Method.Local);
        return $"{kind} memory {allocation} ({all[allocation].Bytes / all[allocation].ElementSize} elements of {all[allocation].ElementSize} bytes)";
    }

    /// <summary>Where an address comes from, as far as that can be said.</summary>
    string Origin(Operand pointer) => program.Origins.Of(pointer) switch
    {
        { Op: Op.ParameterPointer } root => $"view '{program.Method.Parameters[root.Index].Name}'",
        { } root => Shape(pointer.Type, root.Index),
        null => pointer.Type switch { ValueType.Shared => "shared memory", ValueType.Local => "local memory", _ => "a view" },
    };

    string Bytes(int instruction) => $"{program.Instruction(instruction).Op} of {program.Instruction(instruction).Memory.Size()} bytes";

    string Item(uint number) => KernelFaultException.Text(Indexing.Place(number, groupDimension));

    static string Source((string Method, int IlOffset) source) => $"{source.Method} IL_{source.IlOffset:x4}";
}
