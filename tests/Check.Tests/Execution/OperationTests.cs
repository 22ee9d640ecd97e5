using System.Runtime.CompilerServices;
using ILGPU;
using PureLcm.Kernels.Check.Ir;
using ILGPU.Runtime;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Check.Tests.Execution;

/// <summary>Each operation on numbers at the edges of their types, in lockstep, against C#.</summary>
public class OperationTests
{
    static readonly int[] ints = [0, 1, -1, 2, 7, 31, 32, 33, 64, 65, -7, 1000003, int.MaxValue, int.MinValue, int.MinValue + 1];
    static readonly long[] longs = [0, 1, -1, 2, 7, 63, 64, 65, -7, 1L << 40, uint.MaxValue, long.MaxValue, long.MinValue];
    static readonly float[] floats = [0, -0f, 1, -1, 0.5f, 1.5f, 2.5f, -2.5f, 16777217, 3e9f, 1e-40f, float.MaxValue, float.PositiveInfinity, float.NegativeInfinity, float.NaN];
    static readonly double[] doubles = [.. floats.Select(x => (double)x), 1e300, 0.1, Math.PI];

    [Fact]
    public void IntArithmetic()
    {
        Int(Op.Add, (a, b) => a + b);
        Int(Op.Subtract, (a, b) => a - b);
        Int(Op.Multiply, (a, b) => a * b);
        Int(Op.Divide, (a, b) => b == 0 ? null : b == -1 ? -a : a / b);
        Int(Op.Remainder, (a, b) => b == 0 ? null : b == -1 ? 0 : a % b);
        Int(Op.Divide, (a, b) => b == 0 ? null : (int)((uint)a / (uint)b), unsigned: true);
        Int(Op.Remainder, (a, b) => b == 0 ? null : (int)((uint)a % (uint)b), unsigned: true);
        Int(Op.And, (a, b) => a & b);
        Int(Op.Or, (a, b) => a | b);
        Int(Op.Xor, (a, b) => a ^ b);
        Int(Op.ShiftLeft, (a, b) => a << b);
        Int(Op.ShiftRight, (a, b) => a >> b);
        Int(Op.ShiftRight, (a, b) => a >>> b, unsigned: true);
        Int(Op.Min, (a, b) => Math.Min(a, b));
        Int(Op.Max, (a, b) => (int)Math.Max((uint)a, (uint)b), unsigned: true);
        Int(Op.Negate, (a, _) => -a, operands: 1);
        Int(Op.Not, (a, _) => ~a, operands: 1);
        Int(Op.Abs, (a, _) => a < 0 ? -a : a, operands: 1);
    }

    [Fact]
    public void LongArithmetic()
    {
        Long(Op.Multiply, (a, b) => a * b);
        Long(Op.Divide, (a, b) => b == 0 ? null : b == -1 ? -a : a / b);
        Long(Op.Remainder, (a, b) => b == 0 ? null : b == -1 ? 0 : a % b);
        Long(Op.Divide, (a, b) => b == 0 ? null : (long)((ulong)a / (ulong)b), unsigned: true);
        Long(Op.Min, (a, b) => (long)Math.Min((ulong)a, (ulong)b), unsigned: true);
    }

    [Fact]
    public void LongShifts() => Check(longs, ints, ValueType.Int64, (k, a, b) => k.Get(Op.ShiftRight, ValueType.Int64, a, b), (long a, int b) => a >> b);

    [Fact]
    public void Comparisons()
    {
        foreach (bool unsigned in new[] { false, true })
        {
            Compare(Op.Equal, (a, b) => unsigned && Unordered(a, b) || a == b, (a, b) => a == b);
            Compare(Op.NotEqual, (a, b) => a != b, (a, b) => a != b);
            Compare(Op.Less, (a, b) => unsigned && Unordered(a, b) || a < b, (a, b) => unsigned ? (uint)a < (uint)b : a < b);
            Compare(Op.LessOrEqual, (a, b) => unsigned && Unordered(a, b) || a <= b, (a, b) => unsigned ? (uint)a <= (uint)b : a <= b);
            Compare(Op.Greater, (a, b) => unsigned && Unordered(a, b) || a > b, (a, b) => unsigned ? (uint)a > (uint)b : a > b);
            Compare(Op.GreaterOrEqual, (a, b) => unsigned && Unordered(a, b) || a >= b, (a, b) => unsigned ? (uint)a >= (uint)b : a >= b);

            void Compare(Op op, Func<float, float, bool> onFloats, Func<int, int, bool> onInts)
            {
                Check(floats, floats, ValueType.Int32, (k, a, b) => Get(k, op, ValueType.Int32, unsigned, a, b), (float a, float b) => onFloats(a, b) ? 1 : 0);
                Check(ints, ints, ValueType.Int32, (k, a, b) => Get(k, op, ValueType.Int32, unsigned, a, b), (int a, int b) => onInts(a, b) ? 1 : 0);
            }
        }

        static bool Unordered(float a, float b) => float.IsNaN(a) || float.IsNaN(b);
    }

    [Fact]
    public void FloatArithmetic()
    {
        Float(Op.Add, (a, b) => a + b);
        Float(Op.Multiply, (a, b) => a * b);
        Float(Op.Divide, (a, b) => a / b);
        Float(Op.Remainder, (a, b) => a % b);
        Float(Op.Min, (a, b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Min(a, b));
        Float(Op.Max, (a, b) => float.IsNaN(a) ? b : float.IsNaN(b) ? a : MathF.Max(a, b));
        Float(Op.Pow, MathF.Pow);
        Float(Op.Negate, (a, _) => -a, operands: 1);
        Float(Op.Abs, (a, _) => MathF.Abs(a), operands: 1);
        Float(Op.Sqrt, (a, _) => MathF.Sqrt(a), operands: 1);
        Float(Op.ReciprocalSqrt, (a, _) => 1 / MathF.Sqrt(a), operands: 1);
        Float(Op.Exp, (a, _) => MathF.Exp(a), operands: 1);
        Float(Op.Exp2, (a, _) => MathF.Pow(2, a), operands: 1);
        Float(Op.Log, (a, _) => MathF.Log(a), operands: 1);
        Float(Op.Log2, (a, _) => MathF.Log2(a), operands: 1);
        Float(Op.Sin, (a, _) => MathF.Sin(a), operands: 1);
        Float(Op.Cos, (a, _) => MathF.Cos(a), operands: 1);
        Float(Op.Tanh, (a, _) => MathF.Tanh(a), operands: 1);
        Float(Op.Floor, (a, _) => MathF.Floor(a), operands: 1);
        Float(Op.Ceiling, (a, _) => MathF.Ceiling(a), operands: 1);
        Float(Op.Round, (a, _) => MathF.Round(a, MidpointRounding.ToEven), operands: 1);
        Check(doubles, doubles, ValueType.Float64, (k, a, b) => k.Get(Op.Multiply, ValueType.Float64, k.Get(Op.Exp, ValueType.Float64, a), b), (double a, double b) => Math.Exp(a) * b);
    }

    /// <summary>Each operation is rounded to 32 bits, and a product and a sum are not one operation.</summary>
    [Fact]
    public void FloatsAreRoundedAtEachOperation() =>
        Check([0.1f, 1.1f, 16777217f], [0.3f, 3.3f], ValueType.Float32,
            (k, a, b) => k.Get(Op.Subtract, ValueType.Float32, k.Get(Op.Add, ValueType.Float32, k.Get(Op.Multiply, ValueType.Float32, a, a), b), b),
            (float a, float b) => (float)((float)((float)(a * a) + b) - b));

    [Fact]
    public void Conversions()
    {
        To(ints, MemoryType.Int8, a => (int)(sbyte)a);
        To(ints, MemoryType.UInt8, a => (int)(byte)a);
        To(ints, MemoryType.Int16, a => (int)(short)a);
        To(ints, MemoryType.UInt16, a => (int)(ushort)a);
        To(ints, MemoryType.Int64, a => (long)a);
        To(ints, MemoryType.Int64, a => (long)(uint)a, unsigned: true);
        To(ints, MemoryType.Float32, a => (float)a);
        To(ints, MemoryType.Float32, a => (float)(uint)a, unsigned: true);
        To(longs, MemoryType.Int32, a => (int)a);
        To(longs, MemoryType.Float64, a => (double)a);
        To([0f, -0.5f, 1.9f, -1.9f, 100.5f], MemoryType.Int32, a => (int)a);
        To([0f, 1.9f, 3e9f], MemoryType.Int32, a => (int)(uint)a, unsigned: true);
        To([0f, -1.9f, 3e18f], MemoryType.Int64, a => (long)a);
        To(floats, MemoryType.Float64, a => (double)a);
        To(doubles, MemoryType.Float32, a => (float)a);
        Check(floats, [0], ValueType.Int32, (k, a, _) => k.Get(Op.BitCast, ValueType.Int32, a), (float a, int _) => BitConverter.SingleToInt32Bits(a));
        Check(longs, [0], ValueType.Float64, (k, a, _) => k.Get(Op.BitCast, ValueType.Float64, a), (long a, int _) => BitConverter.Int64BitsToDouble(a));
    }

    static void To<T, TTo>(T[] values, MemoryType type, Func<T, TTo> expected, bool unsigned = false) where T : unmanaged where TTo : unmanaged =>
        Check(values, [0], type.Loaded(), (k, a, _) => k.Convert(type, a, unsigned), (T a, int _) => expected(a));

    static void Int(Op op, Func<int, int, int?> expected, bool unsigned = false, int operands = 2) =>
        Check(ints, ints, ValueType.Int32, (k, a, b) => Get(k, op, ValueType.Int32, unsigned, operands == 1 ? [a] : [a, b]), expected);

    static void Long(Op op, Func<long, long, long?> expected, bool unsigned = false) =>
        Check(longs, longs, ValueType.Int64, (k, a, b) => Get(k, op, ValueType.Int64, unsigned, a, b), expected);

    static void Float(Op op, Func<float, float, float> expected, int operands = 2) =>
        Check(floats, floats, ValueType.Float32, (k, a, b) => Get(k, op, ValueType.Float32, false, operands == 1 ? [a] : [a, b]), (float a, float b) => expected(a, b));

    static Variable Get(KernelBuilder k, Op op, ValueType type, bool unsigned, params Operand[] operands) =>
        unsigned ? k.Unsigned(op, type, operands) : k.Get(op, type, operands);

    static void Check<TA, TB, T>(TA[] a, TB[] b, ValueType type, Func<KernelBuilder, Operand, Operand, Variable> operation, Func<TA, TB, T> expected)
        where TA : unmanaged where TB : unmanaged where T : unmanaged => Check(a, b, type, operation, (x, y) => (T?)expected(x, y));

    /// <summary>Every pair of values, one a group; those for which nothing is expected are left out.</summary>
    static void Check<TA, TB, T>(TA[] a, TB[] b, ValueType type, Func<KernelBuilder, Operand, Operand, Variable> operation, Func<TA, TB, T?> expected)
        where TA : unmanaged where TB : unmanaged where T : unmanaged
    {
        var pairs = (from x in a from y in b let value = expected(x, y) where value is not null select (x, y, value: value.Value)).ToArray();
        var k = new KernelBuilder("operation");
        int left = k.View("left", Unsafe.SizeOf<TA>()), right = k.View("right", Unsafe.SizeOf<TB>());
        int output = k.View("output", Unsafe.SizeOf<T>());
        k.In(k.Block());
        var at = k.Dimension(Op.GridIndex);
        k.Store(k.ElementOf(output, at), operation(k, k.Load(k.ElementOf(left, at), MemoryOf<TA>()), k.Load(k.ElementOf(right, at), MemoryOf<TB>())), MemoryOf(type));
        k.Return();
        var view = Host.Empty<T>(pairs.Length);
        k.Run((pairs.Length, 1), Host.Upload(pairs.Select(p => p.x).ToArray()), Host.Upload(pairs.Select(p => p.y).ToArray()), view);
        Assert.Equal(pairs.Select(p => (p.x, p.y, p.value)), pairs.Zip(view.Values(), (p, actual) => (p.x, p.y, actual)));
    }

    static MemoryType MemoryOf<T>() => default(T) switch { int => MemoryType.Int32, long => MemoryType.Int64, float => MemoryType.Float32, _ => MemoryType.Float64 };

    static MemoryType MemoryOf(ValueType type) => type switch { ValueType.Int32 => MemoryType.Int32, ValueType.Int64 => MemoryType.Int64, ValueType.Float32 => MemoryType.Float32, _ => MemoryType.Float64 };
}
