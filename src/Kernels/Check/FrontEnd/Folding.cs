using System.Numerics;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>Arithmetic on constants, by the rules of <see cref="Op"/>.</summary>
static class Folding
{
    /// <summary>Said with its type: a bare null would become an operand, by way of a variable.</summary>
    static readonly Operand? Unknown = null;

    public static bool IsComparison(Op op) => op is >= Op.Equal and <= Op.GreaterOrEqual;

    public static bool IsUnary(Op op) => op is Op.Negate or Op.Not or Op.Abs or Op.Sqrt or Op.ReciprocalSqrt or Op.Exp or Op.Exp2 or Op.Log or Op.Log2
        or Op.Sin or Op.Cos or Op.Tanh or Op.Floor or Op.Ceiling or Op.Round;

    public static ValueType BitCastType(ValueType type) => type switch
    {
        ValueType.Int32 => ValueType.Float32,
        ValueType.Int64 => ValueType.Float64,
        ValueType.Float32 => ValueType.Int32,
        _ => ValueType.Int64,
    };

    /// <summary>The constant of these bits; integers are cut to their width.</summary>
    public static Operand Constant(ValueType type, long bits) => type switch
    {
        ValueType.Int32 => Operand.Of((int)bits),
        ValueType.Float32 => Operand.Of(BitConverter.Int32BitsToSingle((int)bits)),
        ValueType.Float64 => Operand.Of(BitConverter.Int64BitsToDouble(bits)),
        _ => Operand.Of(bits),
    };

    /// <summary>What an instruction gives: a constant or one of its operands. Null if that shows only when it runs.</summary>
    public static Operand? Fold(Op op, bool unsigned, MemoryType memory, Operand a, Operand b)
    {
        if (a.Type.IsPointer()) return Unknown;
        bool two = !IsUnary(op) && op is not (Op.Convert or Op.BitCast or Op.Move);
        if (!a.IsConstant || two && !b.IsConstant) return two && !a.Type.IsFloat() ? Neutral(op, a, b) : op == Op.Convert ? NoConversion(memory, a) : Unknown;
        return op switch
        {
            Op.Move => Unknown,
            Op.BitCast => Constant(BitCastType(a.Type), a.Bits),
            Op.Convert => Convert(a, memory, unsigned),
            _ => a.Type switch
            {
                ValueType.Float32 => Float(op, unsigned, a.AsFloat, b.AsFloat, Operand.Of),
                ValueType.Float64 => Float(op, unsigned, a.AsDouble, b.AsDouble, Operand.Of),
                _ => Integer(op, unsigned, a, b),
            },
        };
    }

    /// <summary>x + 0, x * 1 and the like, of integers.</summary>
    static Operand? Neutral(Op op, Operand a, Operand b)
    {
        if (b.IsConstant && b.Bits == 0 && op is Op.Add or Op.Subtract or Op.Or or Op.Xor or Op.ShiftLeft or Op.ShiftRight) return a;
        if (a.IsConstant && a.Bits == 0 && op is Op.Add or Op.Or or Op.Xor) return b;
        if (b.IsConstant && b.Bits == 1 && op is Op.Multiply or Op.Divide) return a;
        if (a.IsConstant && a.Bits == 1 && op is Op.Multiply) return b;
        if (b.IsConstant && b.Bits == -1 && op is Op.And) return a;
        bool zero = a.IsConstant && a.Bits == 0 || b.IsConstant && b.Bits == 0;
        return zero && op is Op.Multiply or Op.And ? Constant(a.Type, 0) : Unknown;
    }

    static Operand? NoConversion(MemoryType to, Operand a) =>
        a.Type == to.Loaded() && to is MemoryType.Int32 or MemoryType.Int64 or MemoryType.Float32 or MemoryType.Float64 ? a : Unknown;

    static Operand Convert(Operand a, MemoryType to, bool unsigned)
    {
        if (a.Type.IsFloat())
        {
            double value = a.Type == ValueType.Float32 ? a.AsFloat : a.AsDouble;
            return to switch
            {
                MemoryType.Float32 => Operand.Of((float)value),
                MemoryType.Float64 => Operand.Of(value),
                MemoryType.Int64 => Operand.Of(unsigned ? (long)(ulong)value : (long)value),
                MemoryType.Int32 => Operand.Of(unsigned ? (int)(uint)value : (int)value),
                _ => Convert(Operand.Of((int)value), to, unsigned),
            };
        }
        long bits = unsigned && a.Type == ValueType.Int32 ? (uint)a.Bits : a.Bits;
        return to switch
        {
            MemoryType.Int8 => Operand.Of((sbyte)bits),
            MemoryType.UInt8 => Operand.Of((byte)bits),
            MemoryType.Int16 => Operand.Of((short)bits),
            MemoryType.UInt16 => Operand.Of((ushort)bits),
            MemoryType.Int32 => Operand.Of((int)bits),
            MemoryType.Float32 => Operand.Of(unsigned ? (float)(ulong)bits : bits),
            MemoryType.Float64 => Operand.Of(unsigned ? (double)(ulong)bits : (double)bits),
            _ => Operand.Of(bits),
        };
    }

    static Operand? Integer(Op op, bool unsigned, Operand a, Operand b)
    {
        bool wide = a.Type == ValueType.Int64;
        long x = a.Bits, y = b.Bits;
        ulong ux = wide ? (ulong)x : (uint)x, uy = wide ? (ulong)y : (uint)y;
        if (IsComparison(op)) return Operand.Of(Holds(op, unsigned ? ux.CompareTo(uy) : x.CompareTo(y)) ? 1 : 0);
        if (op is Op.Divide or Op.Remainder && (y == 0 || !unsigned && y == -1)) return Unknown;
        int count = (int)y & (wide ? 63 : 31);
        long? bits = op switch
        {
            Op.Add => x + y,
            Op.Subtract => x - y,
            Op.Multiply => x * y,
            Op.Divide => unsigned ? (long)(ux / uy) : x / y,
            Op.Remainder => unsigned ? (long)(ux % uy) : x % y,
            Op.Negate => -x,
            Op.And => x & y,
            Op.Or => x | y,
            Op.Xor => x ^ y,
            Op.Not => ~x,
            Op.ShiftLeft => x << count,
            Op.ShiftRight => unsigned ? (long)(ux >> count) : x >> count,
            Op.Min => (unsigned ? ux < uy : x < y) ? x : y,
            Op.Max => (unsigned ? ux > uy : x > y) ? x : y,
            Op.Abs => x < 0 ? -x : x,
            _ => null,
        };
        return bits is { } value ? Constant(a.Type, value) : Unknown;
    }

    static bool Holds(Op op, int order) => op switch
    {
        Op.Equal => order == 0,
        Op.NotEqual => order != 0,
        Op.Less => order < 0,
        Op.LessOrEqual => order <= 0,
        Op.Greater => order > 0,
        _ => order >= 0,
    };

    static Operand? Float<T>(Op op, bool unsigned, T x, T y, Func<T, Operand> operand) where T : IFloatingPointIeee754<T>
    {
        if (IsComparison(op)) return Operand.Of((T.IsNaN(x) || T.IsNaN(y) ? unsigned || op == Op.NotEqual : Holds(op, x.CompareTo(y))) ? 1 : 0);
        return op switch
        {
            Op.Add => operand(x + y),
            Op.Subtract => operand(x - y),
            Op.Multiply => operand(x * y),
            Op.Divide => operand(x / y),
            Op.Remainder => operand(x % y),
            Op.Negate => operand(-x),
            Op.Abs => operand(T.Abs(x)),
            Op.Min => operand(T.MinNumber(x, y)),
            Op.Max => operand(T.MaxNumber(x, y)),
            Op.Sqrt => operand(T.Sqrt(x)),
            Op.Floor => operand(T.Floor(x)),
            Op.Ceiling => operand(T.Ceiling(x)),
            Op.Round => operand(T.Round(x)),
            _ => Unknown, // a device's own last bits
        };
    }
}
