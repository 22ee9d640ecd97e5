using ILGPU;
using ILGPU.Compat.FrontEnd;
using ILGPU.Compat.Ir;
using ILGPU.Compat.OpenCL;
using ILGPU.Runtime;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace CompatTests.OpenCL;

/// <summary>Floats that go together become vectors; those that don't, don't; and the results stay the same.</summary>
public class VectorTests
{
    struct Float4
    {
        public float X, Y, Z, W;

        public static Float4 Of(float x, float y, float z, float w) => new() { X = x, Y = y, Z = z, W = w };

        public static Float4 operator +(Float4 a, Float4 b) => Of(a.X + b.X, a.Y + b.Y, a.Z + b.Z, a.W + b.W);

        public static Float4 operator *(Float4 a, float b) => Of(a.X * b, a.Y * b, a.Z * b, a.W * b);
    }

    static string Text(Delegate kernel) => KernelWriter.Write(Translator.Translate(kernel.Method, []), new(true, true)).Text;

    static void Product(ArrayView<float> a, ArrayView<Float4> b, ArrayView<Float4> c, int depth)
    {
        Float4 sum = default;
        for (int i = 0; i < depth; i++) sum += b[i] * a[i];
        c[0] = sum;
    }

    [Fact]
    public void A_structure_of_floats_is_loaded_summed_and_stored_as_one()
    {
        string text = Text(Product);
        Assert.Contains("float4 f", text);
        Assert.Contains("vload4(0, b_ + (long)", text);
        Assert.Contains("fma(", text);
        Assert.Contains("vstore4(f", text);
        Assert.DoesNotContain(".s", text);
    }

    static void Wide(ArrayView<float> x, ArrayView<float> y, int at)
    {
        var own = x.Cast<Float4>();
        var to = y.Cast<Float4>();
        Float4 a = own[at], b = own[at + 1], c = own[at + 2], d = own[at + 3];
        to[at] = a * 2;
        to[at + 1] = b * 2;
        to[at + 2] = c * 2;
        to[at + 3] = d * 2;
    }

    [Fact]
    public void Neighbouring_structures_become_one_vector()
    {
        string text = Text(Wide);
        Assert.Contains("vstore16(", text);
        Assert.DoesNotContain("vstore4(", text);
    }

    static void InTurn(ArrayView<Float4> x, ArrayView<Float4> y)
    {
        // y may be x a place further on: the second load may see the first store.
        y[0] = x[0] * 2;
        y[1] = x[1] * 2;
    }

    [Fact]
    public void Loads_stay_behind_stores()
    {
        string text = Text(InTurn);
        Assert.Contains("vstore4(", text);
        Assert.DoesNotContain("vstore8(", text);
        using var cl = new ClTest();
        using var buffer = cl.Accelerator.Allocate1D([.. Enumerable.Range(0, 12).Select(i => new Float4 { X = i })]);
        var kernel = cl.Accelerator.LoadStreamKernel<ArrayView<Float4>, ArrayView<Float4>>(InTurn);
        kernel((1, 1), buffer.View.BaseView.SubView(1, 2), buffer.View.BaseView.SubView(2, 2));
        Assert.Equal([0, 1, 2, 4, 4], buffer.View.BaseView.GetAsArray().Take(5).Select(v => v.X));
    }

    static void Turned(ArrayView<Float4> x, ArrayView<Float4> y, ArrayView<float> sums)
    {
        Float4 a = x[0], b = x[1];
        var turned = Float4.Of(a.Y, a.Z, a.W, a.X);
        y[0] = turned + b;
        y[1] = a + b;
        sums[0] = (a + b).X + (a + b).Y;
    }

    [Fact]
    public void Lanes_that_cross_or_are_used_alone()
    {
        using var cl = new ClTest();
        using var x = cl.Accelerator.Allocate1D([Float4.Of(1, 2, 3, 4), Float4.Of(10, 20, 30, 40)]);
        using var y = cl.Accelerator.Allocate1D<Float4>(2);
        using var sums = cl.Accelerator.Allocate1D<float>(1);
        cl.Accelerator.LoadStreamKernel<ArrayView<Float4>, ArrayView<Float4>, ArrayView<float>>(Turned)((1, 1), x.View, y.View, sums.View);
        Assert.Equal([Float4.Of(12, 23, 34, 41), Float4.Of(11, 22, 33, 44)], y.View.BaseView.GetAsArray());
        Assert.Equal([33], sums.View.BaseView.GetAsArray());
    }

    /// <summary>
    /// Random programs, most of whose steps come in fours or eights, now and then with one lane that isn't like the others, in any
    /// order that the dependencies allow or not; a loop; and views that may be the same memory. The device has to agree with a
    /// run of the same instructions one by one. Numbers are small integers, so that nothing is rounded.
    /// </summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_programs_do_what_they_say(int seed)
    {
        const int programs = 24, memory = 64;
        using var cl = new ClTest();
        var k = new HandMade("Random");
        int x = k.View("x"), y = k.View("y");
        Block entry = k.Block();
        var starts = new Block[programs];
        var expected = new float[programs][];
        var last = new List<Block>();
        var random = new Random(seed);
        for (int program = 0; program < programs; program++)
        {
            Block first = starts[program] = k.Block(), loop = k.Block(), rest = k.Block();
            last.Add(rest);
            int width = program % 3 == 0 ? 8 : 4;
            var steps = new List<Step>[] { [], [], [] };
            var variables = Enumerable.Range(0, 24).Select(_ => k.Variable(ValueType.Float32)).ToArray();
            for (int v = 0; v < 24; v++) steps[0].Add(new(Op.Move, v, -1, -1, 1 + v / 8));
            for (int part = 0; part < 3; part++)
                for (int i = 0; i < 5; i++) AddAlike(steps[part], width, random);
            var round = k.Variable(ValueType.Int32);
            var at = first.Do(Op.Multiply, first.Place(Op.GridIndex), Operand.Of(memory));
            Emit(first, steps[0], variables, x, y, at);
            first.Set(round, Operand.Of(0));
            first.Jump(loop);
            Emit(loop, steps[1], variables, x, y, at);
            loop.Set(round, Op.Add, round, Operand.Of(1));
            loop.Branch(loop.Compare(Op.Less, round, Operand.Of(3)), loop, rest);
            Emit(rest, steps[2], variables, x, y, at);

            var state = new float[24];
            var cells = expected[program] = [.. Enumerable.Range(0, memory).Select(i => (float)(i % 11))];
            foreach (var step in steps[0].Concat(steps[1]).Concat(steps[1]).Concat(steps[1]).Concat(steps[2])) step.Run(state, cells);
        }
        var exit = k.Block();
        foreach (var block in last) block.Jump(exit);
        entry.Switch(entry.Place(Op.GridIndex), starts);

        using var buffer = cl.Accelerator.Allocate1D([.. Enumerable.Range(0, programs * memory).Select(i => (float)(i % memory % 11))]);
        string text = cl.Run(k.Build(), (programs, 1), arguments =>
        {
            arguments.Add<ArrayView<float>>(buffer.View);
            arguments.Add<ArrayView<float>>(buffer.View);
        });
        TestContext.Current.TestOutputHelper!.WriteLine(text);
        Assert.Contains("vstore4(", text);
        var seen = buffer.View.BaseView.GetAsArray();
        for (int program = 0; program < programs; program++) Assert.Equal(expected[program], seen[(program * memory)..((program + 1) * memory)]);
    }

    /// <summary>v[Target] = Op(v[A], v[B]), or a load from, or a store to, a cell; with B negative, a constant.</summary>
    readonly record struct Step(Op Op, int Target, int A, int B, int Number)
    {
        public void Run(float[] v, float[] cells)
        {
            float b = B < 0 ? Number : v[B];
            if (Op == Op.Store) cells[Number] = v[A];
            else v[Target] = Op switch
            {
                Op.Load => cells[Number],
                Op.Move => A < 0 ? Number : v[A],
                Op.Add => v[A] + b,
                Op.Subtract => v[A] - b,
                Op.Max => Math.Max(v[A], b),
                _ => Math.Min(v[A], b),
            };
        }
    }

    static void AddAlike(List<Step> steps, int width, Random random)
    {
        int Lane() => random.Next(24 / width) * width;
        var alike = new List<List<Step>>();
        for (int i = random.Next(1, 4); i > 0; i--)
        {
            int target = Lane(), a = Lane(), b = Lane(), cell = random.Next(3, 40), kind = random.Next(9), splat = random.Next(24);
            alike.Add([.. Enumerable.Range(0, width).Select(lane => kind switch
            {
                0 or 1 => new Step(Op.Load, target + lane, -1, -1, cell + lane),
                2 or 3 => new Step(Op.Store, -1, a + lane, -1, cell + lane),
                4 => new Step(Op.Add, target + lane, target + lane, -1, 3),
                5 => new Step(Op.Subtract, target + lane, a + lane, splat, 0),
                6 => new Step(Op.Max, target + lane, a + lane, b + lane, 0),
                7 => new Step(Op.Min, target + lane, target + lane, b + lane, 0),
                _ => new Step(Op.Move, target + lane, a + lane, -1, 0),
            })]);
        }
        // One that is different, in some.
        if (random.Next(8) == 0)
        {
            var odd = alike[random.Next(alike.Count)];
            int lane = random.Next(width);
            odd[lane] = odd[lane] with { A = odd[lane].A < 0 ? -1 : random.Next(24) };
        }
        // Statement by statement, or lane by lane.
        if (random.Next(2) == 0) foreach (var statement in alike) steps.AddRange(statement);
        else for (int lane = 0; lane < width; lane++) foreach (var statement in alike) steps.Add(statement[lane]);
    }

    static void Emit(Block block, List<Step> steps, Variable[] v, int x, int y, Variable at)
    {
        foreach (var (op, target, a, b, number) in steps)
        {
            Variable Cell(int view) => block.Element(block.Pointer(view), block.Do(Op.Add, at, Operand.Of(number)));
            if (op == Op.Load) block.Set(v[target], block.Load(Cell(x), MemoryType.Float32));
            else if (op == Op.Store) block.Store(Cell(y), v[a], MemoryType.Float32);
            else if (op == Op.Move) block.Set(v[target], a < 0 ? Operand.Of((float)number) : v[a]);
            else block.Set(v[target], op, v[a], b < 0 ? Operand.Of((float)number) : v[b]);
        }
    }
}
