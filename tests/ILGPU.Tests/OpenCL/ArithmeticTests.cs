using System.Numerics;
using ILGPU;
using ILGPU.Compat.Ir;
using ILGPU.Runtime;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace CompatTests.OpenCL;

/// <summary>Operations on the device give C#'s results to the bit, at the edges too.</summary>
public class ArithmeticTests
{
    static readonly int[] Ints = [0, 1, -1, 2, 7, -8, 31, 32, 33, 1000, -12345, 65536, 0x12345678, int.MaxValue, int.MinValue, int.MaxValue - 1, int.MinValue + 1];

    static readonly long[] Longs = [0, 1, -1, 5, -6, 63, 64, 65, 1L << 40, -(1L << 41), int.MaxValue, int.MinValue, long.MaxValue, long.MinValue, long.MinValue + 1];

    static readonly float[] Floats =
        [0, -0f, 1, -1, 0.1f, -2.5f, 0.5f, 1.5f, 3e9f, -3e9f, 1e-40f, float.MaxValue, float.MinValue, float.Epsilon, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 16777217];

    [Fact]
    public void Ints_wrap()
    {
        (string, Func<Block, Operand, Operand, Operand>, Func<int, int, int>)[] operations =
        [
            ("add", (b, x, y) => b.Do(Op.Add, x, y), (x, y) => x + y),
            ("subtract", (b, x, y) => b.Do(Op.Subtract, x, y), (x, y) => x - y),
            ("multiply", (b, x, y) => b.Do(Op.Multiply, x, y), (x, y) => x * y),
            ("compound", (b, x, y) => b.Do(Op.Subtract, b.Do(Op.Multiply, b.Do(Op.Add, x, Operand.Of(-3)), y), b.Do(Op.Subtract, x, b.Do(Op.Subtract, y, Operand.Of(1)))), (x, y) => (x - 3) * y - (x - (y - 1))),
            ("divide", (b, x, y) => b.Do(Op.Divide, x, b.Do(Op.Or, b.Do(Op.And, y, Operand.Of(255)), Operand.Of(1))), (x, y) => x / (y & 255 | 1)),
            ("remainder", (b, x, y) => b.Do(Op.Remainder, x, b.Do(Op.Or, b.Do(Op.And, y, Operand.Of(255)), Operand.Of(1))), (x, y) => x % (y & 255 | 1)),
            ("divide unsigned", (b, x, y) => b.Do(Op.Divide, ValueType.Int32, true, x, b.Do(Op.Or, y, Operand.Of(1))), (x, y) => (int)((uint)x / ((uint)y | 1))),
            ("remainder unsigned", (b, x, y) => b.Do(Op.Remainder, ValueType.Int32, true, x, b.Do(Op.Or, y, Operand.Of(1))), (x, y) => (int)((uint)x % ((uint)y | 1))),
            ("negate", (b, x, y) => b.Do(Op.Negate, b.Do(Op.Negate, b.Do(Op.Negate, x))), (x, y) => -x),
            ("and", (b, x, y) => b.Do(Op.And, x, y), (x, y) => x & y),
            ("or", (b, x, y) => b.Do(Op.Or, x, y), (x, y) => x | y),
            ("xor", (b, x, y) => b.Do(Op.Xor, x, b.Do(Op.Not, y)), (x, y) => x ^ ~y),
            ("left", (b, x, y) => b.Do(Op.ShiftLeft, x, y), (x, y) => x << y),
            ("left by 40", (b, x, y) => b.Do(Op.ShiftLeft, x, Operand.Of(40)), (x, y) => x << 40),
            ("right", (b, x, y) => b.Do(Op.ShiftRight, b.Do(Op.Add, x, y), y), (x, y) => (x + y) >> y),
            ("right unsigned", (b, x, y) => b.Do(Op.ShiftRight, ValueType.Int32, true, x, y), (x, y) => x >>> y),
            ("equal", (b, x, y) => b.Compare(Op.Equal, x, y), (x, y) => x == y ? 1 : 0),
            ("less", (b, x, y) => b.Compare(Op.Less, b.Do(Op.Add, x, Operand.Of(1)), y), (x, y) => x + 1 < y ? 1 : 0),
            ("less unsigned", (b, x, y) => b.Compare(Op.Less, x, y, true), (x, y) => (uint)x < (uint)y ? 1 : 0),
            ("at least unsigned", (b, x, y) => b.Compare(Op.GreaterOrEqual, x, y, true), (x, y) => (uint)x >= (uint)y ? 1 : 0),
            ("min", (b, x, y) => b.Do(Op.Min, x, y), Math.Min),
            ("max unsigned", (b, x, y) => b.Do(Op.Max, ValueType.Int32, true, x, y), (x, y) => (int)Math.Max((uint)x, (uint)y)),
            ("abs", (b, x, y) => b.Do(Op.Abs, x), (x, y) => x < 0 ? -x : x),
            ("to sbyte", (b, x, y) => b.Convert(x, MemoryType.Int8), (x, y) => (sbyte)x),
            ("to byte", (b, x, y) => b.Convert(x, MemoryType.UInt8), (x, y) => (byte)x),
            ("to short", (b, x, y) => b.Convert(x, MemoryType.Int16), (x, y) => (short)x),
            ("to ushort", (b, x, y) => b.Convert(x, MemoryType.UInt16), (x, y) => (ushort)x),
            ("to long", (b, x, y) => b.Convert(b.Do(Op.ShiftRight, b.Convert(x, MemoryType.Int64), Operand.Of(16)), MemoryType.Int32), (x, y) => (int)((long)x >> 16)),
            ("to ulong", (b, x, y) => b.Convert(b.Do(Op.ShiftRight, b.Convert(x, MemoryType.Int64, true), Operand.Of(16)), MemoryType.Int32), (x, y) => (int)((long)(uint)x >> 16)),
            ("to float", (b, x, y) => b.Do(Op.BitCast, ValueType.Int32, false, b.Convert(b.Do(Op.Add, x, y), MemoryType.Float32)), (x, y) => BitConverter.SingleToInt32Bits(x + y)),
            ("from uint to float", (b, x, y) => b.Do(Op.BitCast, ValueType.Int32, false, b.Convert(x, MemoryType.Float32, true)), (x, y) => BitConverter.SingleToInt32Bits((uint)x)),
        ];
        Check(operations, Ints, MemoryType.Int32, MemoryType.Int32, (x, y) => x == y);
    }

    [Fact]
    public void Longs_wrap()
    {
        (string, Func<Block, Operand, Operand, Operand>, Func<long, long, long>)[] operations =
        [
            ("add", (b, x, y) => b.Do(Op.Add, x, y), (x, y) => x + y),
            ("compound", (b, x, y) => b.Do(Op.Multiply, b.Do(Op.Add, x, Operand.Of(-3L)), b.Do(Op.Subtract, Operand.Of(long.MinValue), y)), (x, y) => (x - 3) * (long.MinValue - y)),
            ("divide", (b, x, y) => b.Do(Op.Divide, x, b.Do(Op.Or, b.Do(Op.And, y, Operand.Of(255L)), Operand.Of(1L))), (x, y) => x / (y & 255 | 1)),
            ("remainder unsigned", (b, x, y) => b.Do(Op.Remainder, ValueType.Int64, true, x, b.Do(Op.Or, y, Operand.Of(1L))), (x, y) => (long)((ulong)x % ((ulong)y | 1))),
            ("left", (b, x, y) => b.Do(Op.ShiftLeft, ValueType.Int64, false, x, b.Convert(y, MemoryType.Int32)), (x, y) => x << (int)y),
            ("right", (b, x, y) => b.Do(Op.ShiftRight, ValueType.Int64, false, x, b.Convert(y, MemoryType.Int32)), (x, y) => x >> (int)y),
            ("right unsigned", (b, x, y) => b.Do(Op.ShiftRight, ValueType.Int64, true, x, b.Convert(y, MemoryType.Int32)), (x, y) => x >>> (int)y),
            ("less", (b, x, y) => b.Convert(b.Compare(Op.Less, x, y), MemoryType.Int64), (x, y) => x < y ? 1 : 0),
            ("more unsigned", (b, x, y) => b.Convert(b.Compare(Op.Greater, x, y, true), MemoryType.Int64), (x, y) => (ulong)x > (ulong)y ? 1 : 0),
            ("to int", (b, x, y) => b.Convert(b.Convert(x, MemoryType.Int32), MemoryType.Int64), (x, y) => (int)x),
            ("to double", (b, x, y) => b.Do(Op.BitCast, ValueType.Int64, false, b.Convert(x, MemoryType.Float64)), (x, y) => BitConverter.DoubleToInt64Bits(x)),
            ("abs", (b, x, y) => b.Do(Op.Abs, x), (x, y) => x < 0 ? -x : x),
            ("max", (b, x, y) => b.Do(Op.Max, x, y), Math.Max),
        ];
        Check(operations, Longs, MemoryType.Int64, MemoryType.Int64, (x, y) => x == y);
    }

    [Fact]
    public void Floats_are_rounded_once_and_compared_as_CSharp_does()
    {
        (string, Func<Block, Operand, Operand, Operand>, Func<float, float, float>)[] operations =
        [
            ("add", (b, x, y) => b.Do(Op.Add, x, y), (x, y) => x + y),
            ("multiply", (b, x, y) => b.Do(Op.Multiply, x, y), (x, y) => x * y),
            ("fused", (b, x, y) => b.Do(Op.Add, b.Do(Op.Multiply, x, y), y), (x, y) => MathF.FusedMultiplyAdd(x, y, y)),
            ("fused from", (b, x, y) => b.Do(Op.Subtract, x, b.Do(Op.Multiply, Operand.Of(-0.1f), y)), (x, y) => MathF.FusedMultiplyAdd(0.1f, y, x)),
            ("fused less", (b, x, y) => b.Do(Op.Subtract, b.Do(Op.Multiply, x, Operand.Of(0.1f)), y), (x, y) => MathF.FusedMultiplyAdd(x, 0.1f, -y)),
            ("divide", (b, x, y) => b.Do(Op.Divide, x, y), (x, y) => x / y),
            ("remainder", (b, x, y) => b.Do(Op.Remainder, x, y), (x, y) => x % y),
            ("negate", (b, x, y) => b.Do(Op.Negate, x), (x, y) => -x),
            ("abs", (b, x, y) => b.Do(Op.Abs, x), (x, y) => MathF.Abs(x)),
            ("min", (b, x, y) => b.Do(Op.Min, x, y), (x, y) => float.MinNumber(x, y)),
            ("max", (b, x, y) => b.Do(Op.Max, x, y), (x, y) => float.MaxNumber(x, y)),
            ("floor", (b, x, y) => b.Do(Op.Floor, x), (x, y) => MathF.Floor(x)),
            ("ceiling", (b, x, y) => b.Do(Op.Ceiling, x), (x, y) => MathF.Ceiling(x)),
            ("round", (b, x, y) => b.Do(Op.Round, x), (x, y) => MathF.Round(x)),
            ("sqrt", (b, x, y) => b.Do(Op.Sqrt, x), (x, y) => MathF.Sqrt(x)),
            ("equal", (b, x, y) => b.Convert(b.Compare(Op.Equal, x, y), MemoryType.Float32), (x, y) => x == y ? 1 : 0),
            ("unequal", (b, x, y) => b.Convert(b.Compare(Op.NotEqual, x, y), MemoryType.Float32), (x, y) => x != y ? 1 : 0),
            ("less", (b, x, y) => b.Convert(b.Compare(Op.Less, x, y), MemoryType.Float32), (x, y) => x < y ? 1 : 0),
            ("less or nan", (b, x, y) => b.Convert(b.Compare(Op.Less, x, y, true), MemoryType.Float32), (x, y) => !(x >= y) ? 1 : 0),
            ("at most or nan", (b, x, y) => b.Convert(b.Compare(Op.LessOrEqual, x, y, true), MemoryType.Float32), (x, y) => !(x > y) ? 1 : 0),
            ("more or nan", (b, x, y) => b.Convert(b.Compare(Op.Greater, x, y, true), MemoryType.Float32), (x, y) => !(x <= y) ? 1 : 0),
            ("at least or nan", (b, x, y) => b.Convert(b.Compare(Op.GreaterOrEqual, x, y, true), MemoryType.Float32), (x, y) => !(x < y) ? 1 : 0),
            ("equal or nan", (b, x, y) => b.Convert(b.Compare(Op.Equal, x, y, true), MemoryType.Float32), (x, y) => !(x < y || x > y) ? 1 : 0),
            ("to int", (b, x, y) => b.Do(Op.BitCast, ValueType.Float32, false, b.Convert(x, MemoryType.Int32)), (x, y) => BitConverter.Int32BitsToSingle((int)x)),
            ("to uint", (b, x, y) => b.Do(Op.BitCast, ValueType.Float32, false, b.Convert(x, MemoryType.Int32, true)), (x, y) => BitConverter.UInt32BitsToSingle((uint)x)),
            ("to long", (b, x, y) => b.Convert(b.Convert(x, MemoryType.Int64), MemoryType.Float32), (x, y) => (long)x),
            ("through double", (b, x, y) => b.Convert(b.Do(Op.Add, b.Convert(x, MemoryType.Float64), Operand.Of(0.1)), MemoryType.Float32), (x, y) => (float)(x + 0.1)),
            ("infinite", (b, x, y) => b.Do(Op.Add, x, Operand.Of(float.NegativeInfinity)), (x, y) => x + float.NegativeInfinity),
            ("nan", (b, x, y) => b.Do(Op.Max, Operand.Of(float.NaN), x), (x, y) => x),
            ("small", (b, x, y) => b.Do(Op.Multiply, x, Operand.Of(1.17549435e-38f)), (x, y) => x * 1.17549435e-38f),
        ];
        // Zeros of either sign may come out of min and max, and a NaN's bits are its own affair.
        Check(operations, Floats, MemoryType.Float32, MemoryType.Float32, (x, y) => x == y || (float.IsNaN(x) && float.IsNaN(y)));
    }

    [Fact]
    public void Functions_are_within_a_few_units_in_the_last_place()
    {
        float[] inputs = [.. Enumerable.Range(-60, 121).Select(i => i * 0.137f)];
        (string, Func<Block, Operand, Operand, Operand>, Func<float, float, float>)[] operations =
        [
            ("exp", (b, x, y) => b.Do(Op.Exp, x), (x, y) => MathF.Exp(x)),
            ("exp2", (b, x, y) => b.Do(Op.Exp2, x), (x, y) => MathF.Pow(2, x)),
            ("log", (b, x, y) => b.Do(Op.Log, b.Do(Op.Abs, x)), (x, y) => MathF.Log(MathF.Abs(x))),
            ("log2", (b, x, y) => b.Do(Op.Log2, b.Do(Op.Abs, x)), (x, y) => MathF.Log2(MathF.Abs(x))),
            ("sin", (b, x, y) => b.Do(Op.Sin, x), (x, y) => MathF.Sin(x)),
            ("cos", (b, x, y) => b.Do(Op.Cos, x), (x, y) => MathF.Cos(x)),
            ("tanh", (b, x, y) => b.Do(Op.Tanh, x), (x, y) => MathF.Tanh(x)),
            ("pow", (b, x, y) => b.Do(Op.Pow, b.Do(Op.Abs, x), y), (x, y) => MathF.Pow(MathF.Abs(x), y)),
            ("rsqrt", (b, x, y) => b.Do(Op.ReciprocalSqrt, b.Do(Op.Abs, x)), (x, y) => 1 / MathF.Sqrt(MathF.Abs(x))),
        ];
        Check(operations, inputs, MemoryType.Float32, MemoryType.Float32, (x, y) => x.Equals(y) || MathF.Abs(x - y) <= 2e-6f * MathF.Max(MathF.Abs(x), 1e-3f));
    }

    /// <summary>Each operation on every pair of values; all in one kernel, so that the driver compiles once.</summary>
    static void Check<T>((string Name, Func<Block, Operand, Operand, Operand> Emit, Func<T, T, T> Expected)[] operations, T[] values, MemoryType input, MemoryType output, Func<T, T, bool> same)
        where T : unmanaged, INumber<T>
    {
        using var cl = new ClTest();
        var k = new KernelBuilder("Arithmetic");
        int size = input.Size(), views = k.View("values", size), results = k.View("results", size);
        var b = k.NewBlock();
        var x = b.Load(b.Element(b.Pointer(views), b.Place(Op.GridIndex), size), input);
        var y = b.Load(b.Element(b.Pointer(views), b.Place(Op.GroupIndex), size), input);
        var pair = b.Do(Op.Add, b.Do(Op.Multiply, b.Place(Op.GridIndex), b.Place(Op.GroupDimension)), b.Place(Op.GroupIndex));
        var first = b.Do(Op.Multiply, pair, Operand.Of(operations.Length));
        for (int i = 0; i < operations.Length; i++)
            b.Store(b.Element(b.Pointer(results), b.Do(Op.Add, first, Operand.Of(i)), size), operations[i].Emit(b, x, y), output);

        using var from = cl.Accelerator.Allocate1D(values);
        using var to = cl.Accelerator.Allocate1D<T>(values.Length * values.Length * operations.Length);
        string text = cl.Run(k.Build(), (values.Length, values.Length), arguments =>
        {
            arguments.Add<ArrayView<T>>(from.View);
            arguments.Add<ArrayView<T>>(to.View);
        });
        TestContext.Current.TestOutputHelper!.WriteLine(text);
        var seen = to.View.BaseView.GetAsArray();
        var wrong = new List<string>();
        int at = 0;
        foreach (var p in values)
        {
            foreach (var q in values)
            {
                foreach (var (name, _, expected) in operations)
                {
                    var result = seen[at++];
                    if (!same(expected(p, q), result)) wrong.Add($"{name}({p}, {q}) = {result}, not {expected(p, q)}");
                }
            }
        }
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Take(20)));
    }
}
