using System.Numerics;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>What the instructions that calculate mean, on bits.</summary>
static class Arithmetic
{
    public static long Of(Instruction i, long a, long b)
    {
        if (i.Op == Op.Convert) return Convert(i, a);
        if (i.Op == Op.BitCast) return a;
        return (i.A.Type, i.Unsigned) switch
        {
            (ValueType.Int32, false) => Shift(i, a, b, 31) ?? Compare(i, (int)a, (int)b) ?? Integer(i.Op, (int)a, (int)b),
            (ValueType.Int32, true) => Shift(i, (uint)a, b, 31) ?? Compare(i, (uint)a, (uint)b) ?? (int)Integer(i.Op, (uint)a, (uint)b),
            (ValueType.Int64, false) => Shift(i, a, b, 63) ?? Compare(i, a, b) ?? Integer(i.Op, a, b),
            (ValueType.Int64, true) => Shift(i, a, b, 63) ?? Compare(i, (ulong)a, (ulong)b) ?? (long)Integer(i.Op, (ulong)a, (ulong)b),
            (ValueType.Float32, _) => Compare(i, Single(a), Single(b)) ?? BitConverter.SingleToInt32Bits(Float(i.Op, Single(a), Single(b))),
            (ValueType.Float64, _) => Compare(i, Double(a), Double(b)) ?? BitConverter.DoubleToInt64Bits(Float(i.Op, Double(a), Double(b))),
            _ => throw new InvalidOperationException($"{i.Op} of {i.A.Type}"),
        };
    }

    static float Single(long bits) => BitConverter.Int32BitsToSingle((int)bits);

    static double Double(long bits) => BitConverter.Int64BitsToDouble(bits);

    static long? Shift(Instruction i, long a, long b, int mask) => i.Op switch
    {
        Op.ShiftLeft => a << ((int)b & mask),
        Op.ShiftRight => i.Unsigned ? (long)((ulong)a >> ((int)b & mask)) : a >> ((int)b & mask),
        _ => null,
    };

    static long? Compare<T>(Instruction i, T a, T b) where T : INumber<T>
    {
        if (i.Op is < Op.Equal or > Op.GreaterOrEqual) return null;
        if (T.IsNaN(a) || T.IsNaN(b)) return i.Unsigned || i.Op == Op.NotEqual ? 1 : 0;
        return i.Op switch { Op.Equal => a == b, Op.NotEqual => a != b, Op.Less => a < b, Op.LessOrEqual => a <= b, Op.Greater => a > b, _ => a >= b } ? 1 : 0;
    }

    static T Integer<T>(Op op, T a, T b) where T : IBinaryInteger<T> => op switch
    {
        Op.Add => a + b,
        Op.Subtract => a - b,
        Op.Multiply => a * b,
        Op.Divide => a / b,
        Op.Remainder => a % b,
        Op.Negate => -a,
        Op.And => a & b,
        Op.Or => a | b,
        Op.Xor => a ^ b,
        Op.Not => ~a,
        Op.Min => T.Min(a, b),
        Op.Max => T.Max(a, b),
        Op.Abs => a < T.Zero ? -a : a,
        _ => throw new InvalidOperationException($"{op} of integers"),
    };

    static T Float<T>(Op op, T a, T b) where T : IFloatingPointIeee754<T> => op switch
    {
        Op.Add => a + b,
        Op.Subtract => a - b,
        Op.Multiply => a * b,
        Op.Divide => a / b,
        Op.Remainder => a % b,
        Op.Negate => -a,
        Op.Min => T.MinNumber(a, b),
        Op.Max => T.MaxNumber(a, b),
        Op.Abs => T.Abs(a),
        Op.Sqrt => T.Sqrt(a),
        Op.ReciprocalSqrt => T.One / T.Sqrt(a),
        Op.Exp => T.Exp(a),
        Op.Exp2 => T.Exp2(a),
        Op.Log => T.Log(a),
        Op.Log2 => T.Log2(a),
        Op.Sin => T.Sin(a),
        Op.Cos => T.Cos(a),
        Op.Tanh => T.Tanh(a),
        Op.Pow => T.Pow(a, b),
        Op.Floor => T.Floor(a),
        Op.Ceiling => T.Ceiling(a),
        Op.Round => T.Round(a),
        _ => throw new InvalidOperationException($"{op} of floats"),
    };

    static long Convert(Instruction i, long a)
    {
        if (i.A.Type.IsFloat())
        {
            double value = i.A.Type == ValueType.Float32 ? Single(a) : Double(a);
            return i.Memory switch
            {
                MemoryType.Float32 => BitConverter.SingleToInt32Bits((float)value),
                MemoryType.Float64 => BitConverter.DoubleToInt64Bits(value),
                MemoryType.Int32 => i.Unsigned ? (int)(uint)value : (int)value,
                MemoryType.Int64 => i.Unsigned ? (long)(ulong)value : (long)value,
                _ => throw new InvalidOperationException($"{i.A.Type} to {i.Memory}"),
            };
        }
        long bits = i.Unsigned && i.A.Type == ValueType.Int32 ? (uint)a : a;
        return i.Memory switch
        {
            MemoryType.Int8 => (sbyte)bits,
            MemoryType.UInt8 => (byte)bits,
            MemoryType.Int16 => (short)bits,
            MemoryType.UInt16 => (ushort)bits,
            MemoryType.Int32 => (int)bits,
            MemoryType.Int64 => bits,
            MemoryType.Float32 => BitConverter.SingleToInt32Bits(i.Unsigned ? (ulong)bits : (float)bits),
            _ => BitConverter.DoubleToInt64Bits(i.Unsigned ? (ulong)bits : (double)bits),
        };
    }
}
