using ILGPU;
using ILGPU.Compat.Ir;
using ILGPU.Runtime;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace CompatTests.OpenCL;

/// <summary>Hand-made kernels run by the driver.</summary>
public class KernelTests
{
    [Fact]
    public void A_loop_over_a_grid_with_a_bound()
    {
        using var cl = new ClTest();
        var k = new KernelBuilder("Axpy");
        int x = k.View("x"), y = k.View("y"), scale = k.Number("scale", MemoryType.Float32), count = k.Number("count", MemoryType.Int32);
        Block entry = k.NewBlock(), head = k.NewBlock(), body = k.NewBlock(), exit = k.NewBlock();
        var i = k.Variable(ValueType.Int32);
        var n = entry.Value(count, MemoryType.Int32);
        var place = entry.Do(Op.Multiply, entry.Place(Op.GridIndex), entry.Place(Op.GroupDimension));
        entry.Set(i, Op.Add, place, entry.Place(Op.GroupIndex));
        entry.Jump(head);
        head.Branch(head.Compare(Op.Less, i, n), body, exit);
        var at = body.Element(body.Pointer(y), i);
        var product = body.Do(Op.Multiply, body.Value(scale, MemoryType.Float32), body.Load(body.Element(body.Pointer(x), i), MemoryType.Float32));
        body.Store(at, body.Do(Op.Add, product, body.Load(body.Element(body.Pointer(y), i), MemoryType.Float32)), MemoryType.Float32);
        var step = body.Do(Op.Multiply, body.Place(Op.GridDimension), body.Place(Op.GroupDimension));
        body.Set(i, Op.Add, i, step);
        body.Jump(head);

        var xs = Enumerable.Range(0, 1000).Select(v => (float)v).ToArray();
        using var bx = cl.Accelerator.Allocate1D(xs);
        using var by = cl.Accelerator.Allocate1D(xs);
        string text = cl.Run(k.Build(), (3, 64), arguments =>
        {
            arguments.Add<ArrayView<float>>(bx.View);
            arguments.Add<ArrayView<float>>(by.View);
            arguments.Add(0.5f);
            arguments.Add(999);
        });
        TestContext.Current.TestOutputHelper!.WriteLine(text);
        var expected = xs.Select((v, j) => j < 999 ? 1.5f * v : v);
        Assert.Equal(expected, by.View.BaseView.GetAsArray());
    }

    [Fact]
    public void Work_items_reverse_a_group_through_shared_memory_round_after_round()
    {
        using var cl = new ClTest();
        var k = new KernelBuilder("Reverse");
        int data = k.View("data"), tile = k.Shared(64 * 4), rounds = k.Number("rounds", MemoryType.Int32);
        Block entry = k.NewBlock(), head = k.NewBlock(), body = k.NewBlock(), middle = k.NewBlock(), last = k.NewBlock(), exit = k.NewBlock();
        var round = k.Variable(ValueType.Int32);
        var lane = entry.Place(Op.GroupIndex);
        var mirrored = entry.Do(Op.Subtract, Operand.Of(63), lane);
        var place = entry.Do(Op.Add, entry.Do(Op.Multiply, entry.Place(Op.GridIndex), Operand.Of(64)), lane);
        entry.Set(round, Operand.Of(0));
        entry.Jump(head);
        head.Branch(head.Compare(Op.Less, round, head.Value(rounds, MemoryType.Int32)), body, exit);
        var value = body.Load(body.Element(body.Pointer(data), place), MemoryType.Float32);
        body.Store(body.Element(body.Allocation(ValueType.Shared, tile), lane), value, MemoryType.Float32);
        body.Barrier(middle);
        var other = middle.Load(middle.Element(middle.Allocation(ValueType.Shared, tile), mirrored), MemoryType.Float32);
        middle.Store(middle.Element(middle.Pointer(data), place), middle.Do(Op.Add, other, Operand.Of(1f)), MemoryType.Float32);
        middle.Barrier(last);
        last.Set(round, Op.Add, round, Operand.Of(1));
        last.Jump(head);

        var xs = Enumerable.Range(0, 256).Select(v => (float)v).ToArray();
        using var buffer = cl.Accelerator.Allocate1D(xs);
        string text = cl.Run(k.Build(), (4, 64), arguments =>
        {
            arguments.Add<ArrayView<float>>(buffer.View);
            arguments.Add(3);
        });
        TestContext.Current.TestOutputHelper!.WriteLine(text);
        Assert.Equal(xs.Select((_, j) => j / 64 * 64 + 63 - j % 64 + 3f), buffer.View.BaseView.GetAsArray());
    }

    struct Settings
    {
        public byte First;
        public short Second;
        public double Third;
        public float Fourth;
    }

    [Fact]
    public void Structures_arrive_as_the_host_has_them_and_sub_views_begin_where_they_begin()
    {
        using var cl = new ClTest();
        var k = new KernelBuilder("Structures");
        int settings = k.Value("settings", 24, (0, MemoryType.UInt8), (2, MemoryType.Int16), (8, MemoryType.Float64), (16, MemoryType.Float32));
        int output = k.View("output", 8), nothing = k.View("nothing");
        var entry = k.NewBlock();
        var pointer = entry.Pointer(output);
        void Put(int i, Operand value) => entry.Store(entry.Element(pointer, Operand.Of(i), 8), value, MemoryType.Float64);
        Put(0, entry.Convert(entry.Value(settings, MemoryType.UInt8), MemoryType.Float64));
        Put(1, entry.Convert(entry.Value(settings, MemoryType.Int16, 2), MemoryType.Float64));
        Put(2, entry.Value(settings, MemoryType.Float64, 8));
        Put(3, entry.Convert(entry.Value(settings, MemoryType.Float32, 16), MemoryType.Float64));
        Put(4, entry.Convert(entry.Length(output), MemoryType.Float64));
        var advanced = entry.Advance(pointer, Operand.Of(1L), 8);
        entry.Store(entry.Element(advanced, entry.Place(Op.GridDimension), 8), entry.Convert(entry.Length(nothing), MemoryType.Float64), MemoryType.Float64);

        using var buffer = cl.Accelerator.Allocate1D([.. Enumerable.Repeat(-1.0, 10)]);
        string text = cl.Run(k.Build(), (4, 1), arguments =>
        {
            arguments.Add(new Settings { First = 200, Second = -5, Third = 0.1, Fourth = 2.5f });
            arguments.Add(buffer.View.BaseView.SubView(2, 7));
            arguments.Add<ArrayView<float>>(default);
        });
        TestContext.Current.TestOutputHelper!.WriteLine(text);
        Assert.Equal([-1, -1, 200, -5, 0.1, 2.5, 7, 0, -1, -1], buffer.View.BaseView.GetAsArray());
    }

    [Fact]
    public void Switches_and_memory_of_a_work_items_own()
    {
        using var cl = new ClTest();
        var k = new KernelBuilder("Switch");
        int output = k.View("output"), own = k.Local(16);
        Block entry = k.NewBlock(), zero = k.NewBlock(), one = k.NewBlock(), other = k.NewBlock(), exit = k.NewBlock();
        var lane = entry.Place(Op.GroupIndex);
        var slot = entry.Element(entry.Allocation(ValueType.Local, own), entry.Do(Op.And, lane, Operand.Of(3)));
        entry.Store(slot, lane, MemoryType.Int32);
        entry.Switch(lane, zero, one, other);
        zero.Store(slot, Operand.Of(100), MemoryType.Int32);
        zero.Jump(exit);
        one.Store(slot, Operand.Of(int.MinValue), MemoryType.Int32);
        one.Jump(exit);
        other.Jump(exit);
        exit.Store(exit.Element(exit.Pointer(output), lane), exit.Load(slot, MemoryType.Int32), MemoryType.Int32);

        using var buffer = cl.Accelerator.Allocate1D<int>(5);
        string text = cl.Run(k.Build(), (1, 5), arguments => arguments.Add<ArrayView<int>>(buffer.View));
        TestContext.Current.TestOutputHelper!.WriteLine(text);
        Assert.Equal([100, int.MinValue, 2, 3, 4], buffer.View.BaseView.GetAsArray());
    }

    [Fact]
    public void Atomics_of_ints_and_floats_in_global_and_shared_memory()
    {
        using var cl = new ClTest();
        var k = new KernelBuilder("Atomics");
        int ints = k.View("ints"), floats = k.View("floats"), tile = k.Shared(8);
        Block entry = k.NewBlock(), set = k.NewBlock(), add = k.NewBlock(), write = k.NewBlock();
        var lane = entry.Place(Op.GroupIndex);
        var shared = entry.Allocation(ValueType.Shared, tile);
        entry.Store(entry.Element(shared, Operand.Of(0)), Operand.Of(0f), MemoryType.Float32);
        entry.Barrier(add);
        set.Jump(add); // never reached
        add.Atomic(Op.AtomicAdd, MemoryType.Float32, false, add.Element(shared, Operand.Of(0)), add.Convert(lane, MemoryType.Float32));
        var at = add.Pointer(ints);
        add.Atomic(Op.AtomicAdd, MemoryType.Int32, false, add.Element(at, Operand.Of(0)), lane);
        add.Atomic(Op.AtomicMax, MemoryType.Int32, false, add.Element(at, Operand.Of(1)), lane);
        add.Atomic(Op.AtomicMax, MemoryType.Int32, true, add.Element(at, Operand.Of(2)), lane);
        add.Atomic(Op.AtomicOr, MemoryType.Int32, false, add.Element(at, Operand.Of(3)), add.Do(Op.ShiftLeft, Operand.Of(1), lane));
        add.Atomic(Op.AtomicCompareExchange, MemoryType.Int32, false, add.Element(at, Operand.Of(4)), Operand.Of(-1), lane);
        var old = add.Atomic(Op.AtomicExchange, MemoryType.Int32, false, add.Element(at, Operand.Of(5)), Operand.Of(9));
        add.Atomic(Op.AtomicMin, MemoryType.Int32, false, add.Element(at, Operand.Of(6)), old);
        add.Barrier(write);
        write.Store(write.Element(write.Pointer(floats), write.Place(Op.GridIndex)), write.Load(write.Element(shared, Operand.Of(0)), MemoryType.Float32), MemoryType.Float32);

        using var bi = cl.Accelerator.Allocate1D([0, -7, -7, 0, -1, 9, 50]);
        using var bf = cl.Accelerator.Allocate1D<float>(2);
        string text = cl.Run(k.Build(), (2, 16), arguments =>
        {
            arguments.Add<ArrayView<int>>(bi.View);
            arguments.Add<ArrayView<float>>(bf.View);
        });
        TestContext.Current.TestOutputHelper!.WriteLine(text);
        var seen = bi.View.BaseView.GetAsArray();
        Assert.InRange(seen[4], 0, 15);
        seen[4] = 0;
        Assert.Equal([240, 15, -7, 0xFFFF, 0, 9, 9], seen);
        Assert.Equal([120, 120], bf.View.BaseView.GetAsArray());
    }
}
