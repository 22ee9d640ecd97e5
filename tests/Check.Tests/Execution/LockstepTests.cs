using ILGPU;
using ILGPU.Runtime;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Check.Tests.Execution;

/// <summary>Control flow, memory and barriers in lockstep, on kernels put together by hand.</summary>
public class LockstepTests
{
    [Fact]
    public void AWorkItemKnowsItsPlace()
    {
        var k = new KernelBuilder("places");
        int output = k.View("output");
        k.In(k.Block());
        Variable at = k.Dimension(Op.GridIndex, 2), place = at;
        for (int d = 2; d >= 0; d--)
        {
            if (d < 2) place = k.Get(Op.Add, ValueType.Int32, k.Get(Op.Multiply, ValueType.Int32, place, k.Dimension(Op.GridDimension, d)), k.Dimension(Op.GridIndex, d));
        }
        for (int d = 2; d >= 0; d--)
            place = k.Get(Op.Add, ValueType.Int32, k.Get(Op.Multiply, ValueType.Int32, place, k.Dimension(Op.GroupDimension, d)), k.Dimension(Op.GroupIndex, d));
        k.Store(k.ElementOf(output, place), k.Get(Op.Add, ValueType.Int32, place, Operand.Of(1)), MemoryType.Int32);
        k.Return();

        var view = Host.Empty<int>(4 * 3 * 2 * 5 * 3 * 2);
        k.Run(new(new Index3D(4, 3, 2), new Index3D(5, 3, 2)), view);
        Assert.Equal(Enumerable.Range(1, 720), view.Values());
    }

    /// <summary>Each work-item loops as often as its number leads 3n+1 to 1: all diverge, with a branch in the loop.</summary>
    [Fact]
    public void DivergedLoopsComeTogether()
    {
        var k = new KernelBuilder("collatz");
        int output = k.View("output");
        BasicBlock entry = k.Block(), head = k.Block(), body = k.Block(), odd = k.Block(), even = k.Block(), next = k.Block(), exit = k.Block();
        Variable n = k.Variable(ValueType.Int32), steps = k.Variable(ValueType.Int32);
        k.In(entry);
        var id = k.Get(Op.Add, ValueType.Int32, k.Get(Op.Multiply, ValueType.Int32, k.Dimension(Op.GridIndex), k.Dimension(Op.GroupDimension)), k.Dimension(Op.GroupIndex));
        k.Set(n, Op.Add, id, Operand.Of(1));
        k.Set(steps, Operand.Of(0));
        k.Jump(head);
        k.In(head).Branch(k.Get(Op.NotEqual, ValueType.Int32, n, Operand.Of(1)), body, exit);
        k.In(body).Branch(k.Get(Op.And, ValueType.Int32, n, Operand.Of(1)), odd, even);
        k.In(odd).Set(n, Op.Add, k.Get(Op.Multiply, ValueType.Int32, n, Operand.Of(3)), Operand.Of(1));
        k.Jump(next);
        k.In(even).Set(n, Op.ShiftRight, n, Operand.Of(1));
        k.Jump(next);
        k.In(next).Set(steps, Op.Add, steps, Operand.Of(1));
        k.Jump(head);
        k.In(exit).Store(k.ElementOf(output, id), steps, MemoryType.Int32);
        k.Return();

        var view = Host.Empty<int>(7 * 64);
        k.Run((7, 64), view);
        Assert.Equal(Enumerable.Range(1, 7 * 64).Select(Steps), view.Values());

        static int Steps(int n)
        {
            int steps = 0;
            for (; n != 1; steps++) n = n % 2 == 1 ? 3 * n + 1 : n / 2;
            return steps;
        }
    }

    [Fact]
    public void SwitchesAndReturnsInTheMiddle()
    {
        var k = new KernelBuilder("switch");
        int output = k.View("output");
        BasicBlock entry = k.Block(), one = k.Block(), two = k.Block(), other = k.Block(), join = k.Block();
        var value = k.Variable(ValueType.Int32);
        k.In(entry);
        var id = k.Dimension(Op.GroupIndex);
        k.Switch(k.Get(Op.Subtract, ValueType.Int32, id, Operand.Of(1)), one, two, one, other);
        k.In(one).Set(value, Operand.Of(10));
        k.Jump(join);
        k.In(two).Set(value, Op.Multiply, id, Operand.Of(100));
        k.Jump(join);
        k.In(other).Return();
        k.In(join).Store(k.ElementOf(output, id), value, MemoryType.Int32);
        k.Return();

        var view = Host.Empty<int>(6);
        k.Run((1, 6), view);
        Assert.Equal([0, 10, 200, 10, 0, 0], view.Values()); // -1 is large: the last target
    }

    /// <summary>A tree: barriers in a loop, with fewer and fewer work-items that do something between them.</summary>
    internal static KernelBuilder Reduction(bool barrier)
    {
        var k = new KernelBuilder("reduction");
        int input = k.View("input"), output = k.View("output"), shared = k.Shared(64 * 4);
        BasicBlock entry = k.Block(), head = k.Block(), body = k.Block(), add = k.Block(), meet = k.Block(), next = k.Block(), exit = k.Block(), first = k.Block(), end = k.Block();
        var half = k.Variable(ValueType.Int32);
        k.In(entry);
        var local = k.Dimension(Op.GroupIndex);
        var global = k.Get(Op.Add, ValueType.Int32, k.Get(Op.Multiply, ValueType.Int32, k.Dimension(Op.GridIndex), Operand.Of(64)), local);
        k.Store(k.SharedAt(shared, local), k.Load(k.ElementOf(input, global), MemoryType.Float32), MemoryType.Float32);
        k.Set(half, Operand.Of(32));
        k.Barrier(head);
        k.In(head).Branch(k.Get(Op.Greater, ValueType.Int32, half, Operand.Of(0)), body, exit);
        k.In(body).Branch(k.Get(Op.Less, ValueType.Int32, local, half), add, meet);
        k.In(add);
        var sum = k.Get(Op.Add, ValueType.Float32, k.Load(k.SharedAt(shared, local), MemoryType.Float32), k.Load(k.SharedAt(shared, k.Get(Op.Add, ValueType.Int32, local, half)), MemoryType.Float32));
        k.Store(k.SharedAt(shared, local), sum, MemoryType.Float32);
        k.Jump(meet);
        k.In(meet);
        if (barrier) k.Barrier(next); else k.Jump(next);
        k.In(next).Set(half, Op.ShiftRight, half, Operand.Of(1));
        k.Jump(head);
        k.In(exit).Branch(local, end, first);
        k.In(first).Store(k.ElementOf(output, k.Dimension(Op.GridIndex)), k.Load(k.SharedAt(shared, Operand.Of(0)), MemoryType.Float32), MemoryType.Float32);
        k.Jump(end);
        k.In(end).Return();
        return k;
    }

    [Fact]
    public void BarriersInALoop()
    {
        var view = Host.Empty<float>(50);
        Reduction(barrier: true).Run((50, 64), Host.Upload(Enumerable.Range(0, 3200).Select(i => (float)i).ToArray()), view);
        Assert.Equal(Enumerable.Range(0, 50).Select(g => 64 * 64f * g + 63 * 32), view.Values());
    }

    [Fact]
    public void LocalMemoryIsEachWorkItemsOwn()
    {
        var k = new KernelBuilder("local");
        int output = k.View("output"), other = k.Local(24, 8), local = k.Local(16);
        BasicBlock entry = k.Block(), after = k.Block();
        k.In(entry);
        var id = k.Dimension(Op.GroupIndex);
        k.Store(k.LocalAt(local, k.Get(Op.And, ValueType.Int32, id, Operand.Of(3))), id, MemoryType.Int32);
        k.Store(k.LocalAt(other, Operand.Of(2)), Operand.Of(7.5), MemoryType.Float64);
        k.Barrier(after);
        k.In(after);
        var sum = k.Get(Op.Add, ValueType.Int32, k.Convert(MemoryType.Int32, k.Load(k.LocalAt(other, Operand.Of(2)), MemoryType.Float64)),
            k.Load(k.LocalAt(local, k.Get(Op.And, ValueType.Int32, id, Operand.Of(3))), MemoryType.Int32));
        k.Store(k.ElementOf(output, id), sum, MemoryType.Int32);
        k.Return();

        var view = Host.Empty<int>(33);
        k.Run((1, 33), view);
        Assert.Equal(Enumerable.Range(7, 33), view.Values());
    }

    [Fact]
    public void StructuresPassByValue()
    {
        var k = new KernelBuilder("values");
        int output = k.View("output", 8), value = k.Value("value", 16, (0, MemoryType.UInt8), (4, MemoryType.Float32), (8, MemoryType.Int64)), flag = k.Value("flag", 1, (0, MemoryType.UInt8));
        k.In(k.Block());
        k.Store(k.ElementOf(output, Operand.Of(0)), k.Convert(MemoryType.Int64, k.ValueOf(value, MemoryType.UInt8)), MemoryType.Int64);
        k.Store(k.ElementOf(output, Operand.Of(1)), k.Convert(MemoryType.Int64, k.ValueOf(value, MemoryType.Float32, 4)), MemoryType.Int64);
        k.Store(k.ElementOf(output, Operand.Of(2L)), k.ValueOf(value, MemoryType.Int64, 8), MemoryType.Int64);
        k.Store(k.ElementOf(output, Operand.Of(3)), k.Convert(MemoryType.Int64, k.ValueOf(flag, MemoryType.UInt8)), MemoryType.Int64);
        k.Return();

        var view = Host.Empty<long>(4);
        k.Run((1, 1), view, new Mixed { Small = 200, Number = -3.75f, Large = long.MaxValue }, true);
        Assert.Equal([200, -3, long.MaxValue, 1], view.Values());
    }

    struct Mixed
    {
        public byte Small;
        public float Number;
        public long Large;
    }

    /// <summary>All groups add to one counter, and each work-item to a shared one.</summary>
    [Fact]
    public void AtomicsAreInOnePiece()
    {
        var k = new KernelBuilder("atomics");
        int total = k.View("total"), largest = k.View("largest"), shared = k.Shared(4);
        BasicBlock entry = k.Block(), zero = k.Block(), ready = k.Block(), count = k.Block(), last = k.Block(), end = k.Block();
        k.In(entry);
        var id = k.Dimension(Op.GroupIndex);
        k.Branch(id, ready, zero);
        k.In(zero).Store(k.SharedAt(shared, Operand.Of(0)), Operand.Of(0f), MemoryType.Float32);
        k.Jump(ready);
        k.In(ready).Barrier(count);
        k.In(count).Atomic(Op.AtomicAdd, k.SharedAt(shared, Operand.Of(0)), MemoryType.Float32, Operand.Of(0.5f));
        k.Atomic(Op.AtomicMax, k.ElementOf(largest, Operand.Of(0)), MemoryType.Int32, k.Get(Op.Multiply, ValueType.Int32, id, k.Dimension(Op.GridIndex)));
        k.Barrier(last);
        k.In(last).Atomic(Op.AtomicAdd, k.ElementOf(total, Operand.Of(0)), MemoryType.Float32, k.Load(k.SharedAt(shared, Operand.Of(0)), MemoryType.Float32));
        k.Jump(end);
        k.In(end).Return();

        var (sum, max) = (Host.Empty<float>(1), Host.Empty<int>(1));
        k.Run((40, 16), sum, max);
        Assert.Equal(40 * 16 * 8f, sum.Values()[0]);
        Assert.Equal(39 * 15, max.Values()[0]);
    }
}
