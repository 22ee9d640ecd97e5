using ILGPU;
using PureLcm.Kernels.Check;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Check.Tests.Execution;

/// <summary>What the checker reports, each on the smallest kernel that does it.</summary>
public class FaultTests
{
    readonly KernelBuilder k = new("faulty");

    [Fact]
    public void AnElementOutOfAView()
    {
        int output = k.View("output");
        k.In(k.Block()).Store(k.ElementOf(output, k.Dimension(Op.GroupIndex)), Operand.Of(1), MemoryType.Int32);
        k.Return();
        var fault = Fault((1, 8), Host.Empty<int>(5));
        Assert.Equal("kernel faulty, group (0, 0, 0), work-item (5, 0, 0): element 5 of view 'output', which has 5, at faulty IL_0003", fault.Message);
        Assert.Equal((fault.Kernel, fault.Group, fault.WorkItem), ("faulty", new(0, 0, 0), new(5, 0, 0)));
    }

    [Theory]
    [InlineData(-3, "element -3 (as ILGPU zero-extends an int, 4294967293)")]
    [InlineData(-3L, "element -3 of")]
    [InlineData(1L << 40, "element 1099511627776 of")]
    public void ANegativeOrHugeIndex(object index, string expected)
    {
        int output = k.View("output");
        k.In(k.Block()).Load(k.ElementOf(output, k.Get(Op.Move, index is int ? ValueType.Int32 : ValueType.Int64, index is int i ? Operand.Of(i) : Operand.Of((long)index))), MemoryType.Int32);
        k.Return();
        Assert.Contains(expected, Fault((1, 1), Host.Empty<int>(5)).Message);
    }

    /// <summary>A sub-view's index may be within its length and yet outside of the view.</summary>
    [Theory]
    [InlineData(0, true)]
    [InlineData(3, true)]
    [InlineData(4, false)]
    [InlineData(-2, false)]
    public void ASubViewThatLeavesItsView(long start, bool inside)
    {
        int output = k.View("output"), at = k.Value("at", 8, (0, MemoryType.Int64));
        BasicBlock entry = k.Block(), head = k.Block(), move = k.Block(), end = k.Block();
        var (pointer, count) = (k.Variable(ValueType.Global), k.Variable(ValueType.Int64));
        k.In(entry).Set(pointer, k.ElementOf(output, Operand.Of(0)));
        k.Set(count, k.ValueOf(at, MemoryType.Int64));
        k.Jump(head);
        k.In(head).Branch(k.Get(Op.NotEqual, ValueType.Int32, count, Operand.Of(0L)), move, end);
        k.In(move).Set(pointer, k.Advance(pointer, count, 4));
        k.Set(count, Operand.Of(0L));
        k.Jump(head);
        k.In(end).Store(k.Element(pointer, Operand.Of(1), Operand.Of(2L), 4), Operand.Of(1), MemoryType.Int32);
        k.Return();
        if (inside) k.Run((1, 1), Host.Empty<int>(5), start);
        else Assert.Contains("Store of 4 bytes from a sub-view, outside of view 'output'", Fault((1, 1), Host.Empty<int>(5), start).Message);
    }

    [Fact]
    public void AViewThatWasNeverSet()
    {
        int output = k.View("output");
        k.In(k.Block()).Load(k.ElementOf(output, Operand.Of(0)), MemoryType.Int32);
        k.Return();
        Assert.Contains("view 'output', which is empty or was never set", Fault((1, 1), default(ArrayView<int>)).Message);
    }

    [Fact]
    public void SharedMemoryNeverWritten()
    {
        int shared = k.Shared(64);
        BasicBlock entry = k.Block(), write = k.Block(), read = k.Block();
        k.In(entry).Branch(k.Dimension(Op.GridIndex), read, write); // the first group writes it, the second one doesn't
        k.In(write).Store(k.SharedAt(shared, k.Dimension(Op.GroupIndex)), Operand.Of(1), MemoryType.Int32);
        k.Barrier(read);
        k.In(read).Load(k.SharedAt(shared, k.Dimension(Op.GroupIndex)), MemoryType.Int32);
        k.Return();
        Assert.Contains("group (1, 0, 0), work-item (0, 0, 0): reads element 0 of shared memory 0 (16 elements of 4 bytes), which was never written in this group", Fault((2, 4)).Message);
    }

    [Fact]
    public void AReadOfWhatAnotherWrote()
    {
        int shared = k.Shared(64);
        k.In(k.Block());
        var id = k.Dimension(Op.GroupIndex);
        k.Store(k.SharedAt(shared, id), id, MemoryType.Int32);
        k.Load(k.SharedAt(shared, k.Get(Op.Xor, ValueType.Int32, id, Operand.Of(1))), MemoryType.Int32);
        k.Return();
        // In lockstep within a block each work-item runs to the block's end: the first one reads what no one wrote yet.
        Assert.Contains("reads element 1 of shared memory 0", Fault((1, 4)).Message);
    }

    [Fact]
    public void AWriteOfWhatAnotherWrote()
    {
        int shared = k.Shared(64);
        k.In(k.Block()).Store(k.SharedAt(shared, Operand.Of(3)), Operand.Of(1), MemoryType.Int32);
        k.Return();
        Assert.Contains("work-item (1, 0, 0): a race: it writes element 3 of shared memory 0 (16 elements of 4 bytes), which work-item (0, 0, 0) wrote since the last barrier", Fault((1, 4)).Message);
    }

    /// <summary>Work-item 0 writes what itself and another one have read; the last reader may be either.</summary>
    [Theory]
    [InlineData(0, 1, "which several work-items read")]
    [InlineData(1, 0, "which several work-items read")]
    [InlineData(1, 1, "which work-item (1, 0, 0) read")]
    [InlineData(0, 0, null)]
    public void AWriteOfWhatAnotherRead(int firstReader, int secondReader, string? expected)
    {
        int shared = k.Shared(64);
        BasicBlock entry = k.Block(), setup = k.Block(), ready = k.Block(), start = k.Block();
        k.In(entry);
        var id = k.Dimension(Op.GroupIndex);
        k.Branch(id, ready, setup);
        k.In(setup).Store(k.SharedAt(shared, Operand.Of(2)), Operand.Of(1), MemoryType.Int32);
        k.Jump(ready);
        k.In(ready).Barrier(start);
        var after = Only(firstReader, start, () => k.Load(k.SharedAt(shared, Operand.Of(2)), MemoryType.Int32));
        after = Only(secondReader, after, () => k.Load(k.SharedAt(shared, Operand.Of(2)), MemoryType.Int32));
        after = Only(0, after, () => k.Store(k.SharedAt(shared, Operand.Of(2)), Operand.Of(5), MemoryType.Int32));
        k.In(after).Return();
        if (expected is null) k.Run((1, 2));
        else Assert.Contains($"work-item (0, 0, 0): a race: it writes element 2 of shared memory 0 (16 elements of 4 bytes), {expected} since the last barrier", Fault((1, 2)).Message);

        BasicBlock Only(int item, BasicBlock from, Action what)
        {
            BasicBlock then = k.Block(), after = k.Block();
            k.In(from).Branch(k.Get(Op.Equal, ValueType.Int32, id, Operand.Of(item)), then, after);
            k.In(then);
            what();
            k.Jump(after);
            return after;
        }
    }

    [Fact]
    public void BytesNextToOneAnotherDontRace()
    {
        int shared = k.Shared(64, 1);
        BasicBlock entry = k.Block(), after = k.Block();
        k.In(entry);
        var id = k.Dimension(Op.GroupIndex);
        k.Store(k.SharedAt(shared, id), id, MemoryType.UInt8);
        k.Barrier(after);
        // An int is four of them: its neighbours' bytes count, too.
        k.In(after).Load(k.SharedAt(shared, k.Get(Op.ShiftLeft, ValueType.Int32, id, Operand.Of(2))), MemoryType.Int32);
        k.Return();
        Assert.Contains("work-item (2, 0, 0): reads element 8", Fault((1, 8)).Message);
    }

    [Fact]
    public void AnAtomicRacesWithAPlainRead()
    {
        int shared = k.Shared(4);
        BasicBlock entry = k.Block(), setup = k.Block(), ready = k.Block(), start = k.Block(), second = k.Block();
        k.In(entry).Branch(k.Dimension(Op.GroupIndex), ready, setup);
        k.In(setup).Store(k.SharedAt(shared, Operand.Of(0)), Operand.Of(0), MemoryType.Int32);
        k.Jump(ready);
        k.In(ready).Barrier(start);
        k.In(start).Atomic(Op.AtomicAdd, k.SharedAt(shared, Operand.Of(0)), MemoryType.Int32, Operand.Of(1));
        k.Jump(second);
        k.In(second).Load(k.SharedAt(shared, Operand.Of(0)), MemoryType.Int32);
        k.Return();
        k.Run((1, 1));
        Assert.Contains("a race: it reads element 0 of shared memory 0 (1 elements of 4 bytes), which several work-items wrote since the last barrier", Fault((1, 4)).Message);
    }

    /// <summary>Pointers can be led astray without an index: by sub-views, say.</summary>
    [Theory]
    [InlineData(16, "shared memory outside of its allocation, Store of 4 bytes from shared memory 0 (4 elements of 4 bytes)")] // the gap
    [InlineData(48, "byte 48 of 48 of shared memory, Store of 4 bytes")]
    [InlineData(-4, "byte -4 of 48 of shared memory, Store of 4 bytes")]
    [InlineData(6, "byte 6 of 48 of shared memory, Store of 4 bytes")]
    public void SharedMemoryOutsideOfItsAllocation(int offset, string expected)
    {
        int first = k.Shared(16), second = k.Shared(16);
        k.In(k.Block());
        k.Store(k.SharedAt(second, Operand.Of(0)), Operand.Of(1), MemoryType.Int32);
        k.Store(k.Field(k.SharedAt(first, Operand.Of(0)), offset), Operand.Of(1), MemoryType.Int32);
        k.Return();
        Assert.Contains(expected, Fault((1, 1)).Message);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(-4)]
    public void LocalMemoryOutsideOfItsAllocation(int offset)
    {
        int local = k.Local(16);
        k.In(k.Block()).Store(k.Field(k.LocalAt(local, Operand.Of(0)), offset), Operand.Of(1), MemoryType.Int32);
        k.Return();
        Assert.Contains("Store of 4 bytes from local memory 0 (4 elements of 4 bytes), outside of local memory", Fault((1, 1)).Message);
    }

    [Fact]
    public void AMisalignedAddress()
    {
        int output = k.View("output", 1);
        k.In(k.Block()).Load(k.ElementOf(output, Operand.Of(2)), MemoryType.Int32);
        k.Return();
        Assert.Contains("Load of 4 bytes from view 'output', at an address that is no multiple of the size", Fault((1, 1), Host.Empty<byte>(8)).Message);
    }

    [Theory]
    [InlineData(Op.Divide)]
    [InlineData(Op.Remainder)]
    public void ADivisionByZero(object op)
    {
        int output = k.View("output");
        k.In(k.Block()).Store(k.ElementOf(output, Operand.Of(0)), k.Get((Op)op, ValueType.Int32, Operand.Of(7), k.Dimension(Op.GroupIndex)), MemoryType.Int32);
        k.Return();
        Assert.Contains("work-item (0, 0, 0): an integer is divided by zero, at faulty IL_0004", Fault((1, 2), Host.Empty<int>(1)).Message);
    }

    [Fact]
    public void ABarrierThatSomeDontReach()
    {
        BasicBlock entry = k.Block(), meet = k.Block(), end = k.Block();
        k.In(entry).Branch(k.Get(Op.Less, ValueType.Int32, k.Dimension(Op.GroupIndex), Operand.Of(3)), end, meet);
        k.In(meet).Barrier(end);
        k.In(end).Return();
        Assert.Equal("kernel faulty, group (0, 0, 0), work-item (3, 0, 0): a barrier that not all 8 work-items reach: " +
            "5 wait at faulty IL_0064 (the first of them (3, 0, 0)); 3 have returned", Fault((1, 8)).Message);
    }

    [Fact]
    public void TwoBarriersAtOnce()
    {
        BasicBlock entry = k.Block(), one = k.Block(), two = k.Block(), end = k.Block();
        k.In(entry).Branch(k.Get(Op.Less, ValueType.Int32, k.Dimension(Op.GroupIndex), Operand.Of(3)), one, two);
        k.In(one).Barrier(end);
        k.In(two).Barrier(end);
        k.In(end).Return();
        Assert.Contains("3 wait at faulty IL_0064 (the first of them (0, 0, 0)); 5 wait at faulty IL_00c8 (the first of them (3, 0, 0))", Fault((1, 8)).Message);
    }

    [Fact]
    public void AMissingBarrierInALoop() =>
        Assert.Contains("a race", Assert.Throws<KernelFaultException>(() => LockstepTests.Reduction(barrier: false).Run((2, 64), Host.Empty<float>(128), Host.Empty<float>(2))).Message);

    /// <summary>The first faulty group is reported, however the groups fall on threads.</summary>
    [Fact]
    public void TheFirstFaultCounts()
    {
        int output = k.View("output");
        k.In(k.Block()).Store(k.ElementOf(output, k.Dimension(Op.GridIndex)), Operand.Of(1), MemoryType.Int32);
        k.Return();
        for (int i = 0; i < 20; i++) Assert.Equal(new(37, 0, 0), Fault((100, 1), Host.Empty<int>(37)).Group);
    }

    KernelFaultException Fault(KernelConfig config, params object[] arguments) => Assert.Throws<KernelFaultException>(() => k.Run(config, arguments));
}
