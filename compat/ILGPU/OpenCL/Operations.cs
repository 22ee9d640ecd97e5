using ILGPU.Compat.Ir;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace ILGPU.Compat.OpenCL;

/// <summary>Arithmetic as expressions of OpenCL C, to the bit: integers wrap, shifts are taken modulo the width, and so on.</summary>
static class Operations
{
    /// <summary>What an instruction without effect computes from numbers.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="a">Its first operand.</param>
    /// <param name="b">Its second one, if it has one.</param>
    /// <param name="isIndex">It leads to addresses alone: see <see cref="IndexArithmetic"/>.</param>
    /// <param name="fuse">a * b + c of its type is one operation of the device.</param>
    public static Expression Of(Instruction instruction, Expression a, Expression? b, bool isIndex, bool fuse)
    {
        bool isFloat = instruction.A.Type.IsFloat(), unsigned = instruction.Unsigned;
        return instruction.Op switch
        {
            Op.Move => a,
            Op.Add when isFloat => Sum(a, b!, fuse),
            Op.Subtract when isFloat => Difference(a, b!, fuse),
            Op.Multiply when isFloat => Product(a, b!),
            Op.Divide when isFloat => Expression.Binary(a, "/", Level.Product, b!),
            Op.Remainder when isFloat => Expression.Call("fmod", a.Type, a, b!),
            Op.Add when isIndex => b!.Literal is < 0 and > int.MinValue ? Expression.Binary(a.Signed, "-", Level.Sum, Minus(b)) : Expression.Binary(a.Signed, "+", Level.Sum, b.Signed),
            Op.Add => b!.Literal is < 0 and > int.MinValue ? Expression.Wrapping(a, "-", Level.Sum, Minus(b)) : Expression.Wrapping(a, "+", Level.Sum, b),
            Op.Subtract => isIndex ? Expression.Binary(a.Signed, "-", Level.Sum, b!.Signed) : Expression.Wrapping(a, "-", Level.Sum, b!),
            Op.Multiply => isIndex ? Expression.Binary(a.Signed, "*", Level.Product, b!.Signed) : Expression.Wrapping(a, "*", Level.Product, b!),
            Op.Divide => Expression.Binary(unsigned ? a.Unsigned : a.Signed, "/", Level.Product, unsigned ? b!.Unsigned : b!.Signed),
            Op.Remainder => Expression.Binary(unsigned ? a.Unsigned : a.Signed, "%", Level.Product, unsigned ? b!.Unsigned : b!.Signed),
            Op.Negate => isFloat || isIndex ? Negative(a.Signed) : Negative(a.Unsigned),
            Op.And => Expression.Binary(a, "&", Level.And, b!).Masked(b!.Literal),
            Op.Or => Expression.Binary(a, "|", Level.Or, b!),
            Op.Xor => Expression.Binary(a, "^", Level.Xor, b!),
            Op.Not => new Expression($"~{a.At(Level.Unary)}", Level.Unary, a.Type).From(a),
            Op.ShiftLeft when isIndex && b!.Literal is { } count and < 31 and >= 0 => Expression.Binary(a.Signed, "*", Level.Product, Expression.Int(1L << (int)count)),
            Op.ShiftLeft => Expression.Shift(a.Unsigned, "<<", Masked(instruction, b!)),
            Op.ShiftRight => Expression.Shift(unsigned ? a.Unsigned : a.Signed, ">>", Masked(instruction, b!)),
            >= Op.Equal and <= Op.GreaterOrEqual => Comparison(instruction, a, b!),
            Op.Convert => Conversion(instruction, a),
            Op.BitCast => instruction.A.Type switch
            {
                ValueType.Float32 => Expression.Call("as_int", CType.Int, a),
                ValueType.Float64 => Expression.Call("as_long", CType.Long, a),
                ValueType.Int32 => Expression.Call("as_float", CType.Float, a),
                _ => Expression.Call("as_double", CType.Double, a),
            },
            Op.Abs => isFloat ? Expression.Call("fabs", a.Type, a) : Expression.Call("abs", a.Unsigned.Type, a.Signed),
            Op.Min => isFloat ? Expression.Call("fmin", a.Type, a, b!) : Choice("min", unsigned, a, b!),
            Op.Max => isFloat ? Expression.Call("fmax", a.Type, a, b!) : Choice("max", unsigned, a, b!),
            Op.Sqrt => Expression.Call("sqrt", a.Type, a),
            Op.ReciprocalSqrt => Expression.Call("rsqrt", a.Type, a),
            Op.Exp => Expression.Call("exp", a.Type, a),
            Op.Exp2 => Expression.Call("exp2", a.Type, a),
            Op.Log => Expression.Call("log", a.Type, a),
            Op.Log2 => Expression.Call("log2", a.Type, a),
            Op.Sin => Expression.Call("sin", a.Type, a),
            Op.Cos => Expression.Call("cos", a.Type, a),
            Op.Tanh => Expression.Call("tanh", a.Type, a),
            Op.Pow => Expression.Call("pow", a.Type, a, b!),
            Op.Floor => Expression.Call("floor", a.Type, a),
            Op.Ceiling => Expression.Call("ceil", a.Type, a),
            Op.Round => Expression.Call("rint", a.Type, a),
            _ => throw new NotSupportedException($"the OpenCL back end has no {instruction.Op}"),
        };
    }

    /// <summary>The opposite of a condition.</summary>
    public static Expression Opposite(Expression condition) => new Expression($"!({condition.Text})", Level.Unary, CType.Int).From(condition);

    static Expression Product(Expression a, Expression b) =>
        new Expression($"{a.At(Level.Product)} * {b.At(Level.Unary)}", Level.Product, a.Type) { Factors = (a, b) }.From(a, b);

    static Expression Sum(Expression a, Expression b, bool fuse) =>
        fuse && a.Factors is { } x ? Expression.Call("fma", a.Type, x.A, x.B, b)
        : fuse && b.Factors is { } y ? Expression.Call("fma", a.Type, y.A, y.B, a)
        : Expression.Binary(a, "+", Level.Sum, b);

    static Expression Difference(Expression a, Expression b, bool fuse) =>
        fuse && a.Factors is { } x ? Expression.Call("fma", a.Type, x.A, x.B, Negative(b))
        : fuse && b.Factors is { } y ? Expression.Call("fma", a.Type, Negative(y.A), y.B, a)
        : Expression.Binary(a, "-", Level.Sum, b);

    static Expression Negative(Expression a) =>
        // Not --x, which is something else.
        new Expression($"-{(a.Text[0] == '-' ? $"({a.Text})" : a.At(Level.Unary))}", Level.Unary, a.Type).From(a);

    static Expression Minus(Expression literal) => literal.Type == CType.Long ? Expression.Long(-literal.Literal!.Value) : Expression.Int(-literal.Literal!.Value);

    static Expression Choice(string function, bool unsigned, Expression a, Expression b) =>
        unsigned ? Expression.Call(function, a.Unsigned.Type, a.Unsigned, b.Unsigned) : Expression.Call(function, a.Signed.Type, a.Signed, b.Signed);

    static Expression Masked(Instruction instruction, Expression count)
    {
        int mask = instruction.A.Type == ValueType.Int64 ? 63 : 31;
        if (count.Literal is { } value) return Expression.Int(value & mask);
        // C#'s compiler has often done it already.
        return count.Mask is { } bits && (bits & ~mask) == 0 ? count : Expression.Binary(count, "&", Level.And, Expression.Int(mask));
    }

    static Expression Comparison(Instruction instruction, Expression a, Expression b)
    {
        var (sign, level) = instruction.Op switch
        {
            Op.Equal => ("==", Level.Equality),
            Op.NotEqual => ("!=", Level.Equality),
            Op.Less => ("<", Level.Relation),
            Op.LessOrEqual => ("<=", Level.Relation),
            Op.Greater => (">", Level.Relation),
            _ => (">=", Level.Relation),
        };
        if (!instruction.A.Type.IsFloat() || !instruction.Unsigned || instruction.Op == Op.NotEqual)
        {
            if (instruction.A.Type.IsFloat() || instruction.A.Type.IsPointer()) return Typed(a, b);
            // Equal bits are equal whatever they mean; which is larger depends.
            if (level == Level.Equality) return a.IsUnsigned || b.IsUnsigned ? Typed(a.Unsigned, b.Unsigned) : Typed(a, b);
            return instruction.Unsigned ? Typed(a.Unsigned, b.Unsigned) : Typed(a.Signed, b.Signed);
        }

        // True as well where one is not a number: where the opposite, which is false for them, is not true.
        return Opposite(instruction.Op switch
        {
            Op.Equal => Expression.Call("islessgreater", CType.Int, a, b),
            Op.Less => Expression.Binary(a, ">=", Level.Relation, b),
            Op.LessOrEqual => Expression.Binary(a, ">", Level.Relation, b),
            Op.Greater => Expression.Binary(a, "<=", Level.Relation, b),
            _ => Expression.Binary(a, "<", Level.Relation, b),
        });

        Expression Typed(Expression left, Expression right) => new Expression($"{left.At(Level.Sum)} {sign} {right.At(Level.Sum)}", level, CType.Int).From(left, right);
    }

    static Expression Conversion(Instruction instruction, Expression a)
    {
        bool unsigned = instruction.Unsigned;
        var memory = instruction.Memory;
        if (instruction.A.Type.IsFloat())
        {
            if (memory == MemoryType.Float32) return a.Type == CType.Float ? a : a.CastTo("float", CType.Float);
            if (memory == MemoryType.Float64) return a.Type == CType.Double ? a : a.CastTo("double", CType.Double);
            // As C# has it: the nearest one where there is none, and 0 for what is not a number.
            if (memory == MemoryType.Int64) return unsigned ? Expression.Call("convert_ulong_sat", CType.ULong, a) : Expression.Call("convert_long_sat", CType.Long, a);
            if (memory == MemoryType.Int32 && unsigned) return Expression.Call("convert_uint_sat", CType.UInt, a);
            a = Expression.Call("convert_int_sat", CType.Int, a);
            return memory == MemoryType.Int32 ? a : a.CastTo(Names.Of(memory), CType.Int);
        }
        a = unsigned ? a.Unsigned : a.Signed;
        return memory switch
        {
            MemoryType.Float32 => a.CastTo("float", CType.Float),
            MemoryType.Float64 => a.CastTo("double", CType.Double),
            MemoryType.Int64 => a.Type is CType.Long or CType.ULong ? a : a.CastTo("long", CType.Long),
            MemoryType.Int32 => a.Type is CType.Int or CType.UInt ? a : a.CastTo("int", CType.Int),
            _ => a.CastTo(Names.Of(memory), CType.Int),
        };
    }
}
