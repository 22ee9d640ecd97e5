using ILGPU.Compat.Ir;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace ILGPU.Compat.OpenCL;

/// <summary>What C takes an expression for; an Int32 of the kernel may be either int or uint here, whichever came cheaper.</summary>
enum CType : byte { Int, UInt, Long, ULong, Float, Double, Pointer }

/// <summary>How tightly an expression of C holds together, tightest first: what decides where parentheses go.</summary>
enum Level : byte { Primary, Unary, Product, Sum, Shift, Relation, Equality, And, Xor, Or }

/// <summary>An expression of C, with what must be known to move it to the place where it is used.</summary>
sealed class Expression(string text, Level level, CType type)
{
    public string Text { get; } = text;

    public Level Level { get; } = level;

    public CType Type { get; } = type;

    /// <summary>The value of an integer literal.</summary>
    public long? Literal { get; init; }

    /// <summary>The factors, if this is a product of floats: a sum makes it a fused multiply-add.</summary>
    public (Expression A, Expression B)? Factors { get; init; }

    /// <summary>The bits that may be set in it, where an And says so.</summary>
    public long? Mask { get; private set; }

    /// <summary>Variables in it that may change; null: none.</summary>
    public HashSet<Variable>? Leaves { get; private set; }

    /// <summary>It reads memory, which may change.</summary>
    public bool Loads { get; private set; }

    /// <summary>Operations in it.</summary>
    public int Size { get; private set; } = 1;

    /// <summary>The text where something as tight as <paramref name="level"/> is needed.</summary>
    public string At(Level level) => Level <= level ? Text : $"({Text})";

    /// <summary>This, as made from parts.</summary>
    public Expression From(params ReadOnlySpan<Expression> parts)
    {
        foreach (var part in parts)
        {
            Size += part.Size;
            Loads |= part.Loads;
            if (part.Leaves is null) continue;
            if (Leaves is null) Leaves = [.. part.Leaves];
            else Leaves.UnionWith(part.Leaves);
        }
        return this;
    }

    /// <summary>This, as something that reads memory.</summary>
    public Expression Loading()
    {
        Loads = true;
        return this;
    }

    /// <summary>This, with no bits set but some of a mask's.</summary>
    public Expression Masked(long? mask)
    {
        Mask = mask;
        return this;
    }

    /// <summary>A variable's name.</summary>
    public static Expression Of(Variable variable) =>
        new(Names.Of(variable), Level.Primary, Names.TypeOf(variable.Type)) { Leaves = [variable] };

    /// <summary>A name of something that never changes.</summary>
    public static Expression Fixed(string name, CType type) => new(name, Level.Primary, type);

    public static Expression Int(long value) => new(Literals.Int((int)value), value < 0 ? Level.Unary : Level.Primary, CType.Int) { Literal = value };

    public static Expression Long(long value) => new(Literals.Long(value), value < 0 ? Level.Unary : Level.Primary, CType.Long) { Literal = value };

    public static Expression Of(Operand constant) => constant.Type switch
    {
        ValueType.Int32 => Int((int)constant.Bits),
        ValueType.Int64 => Long(constant.Bits),
        ValueType.Float32 => new(Literals.Float(constant.AsFloat), constant.AsFloat < 0 ? Level.Unary : Level.Primary, CType.Float),
        ValueType.Float64 => new(Literals.Double(constant.AsDouble), constant.AsDouble < 0 ? Level.Unary : Level.Primary, CType.Double),
        _ => Fixed("0", CType.Pointer),
    };

    public static Expression Call(string function, CType type, params ReadOnlySpan<Expression> arguments)
    {
        var texts = new string[arguments.Length];
        for (int i = 0; i < texts.Length; i++) texts[i] = arguments[i].Text;
        return new Expression($"{function}({string.Join(", ", texts)})", Level.Primary, type).From(arguments);
    }

    public Expression CastTo(string type, CType result) => new Expression($"({type}){At(Level.Unary)}", Level.Unary, result).From(this);

    public bool IsUnsigned => Type is CType.UInt or CType.ULong;

    bool IsWide => Type is CType.Long or CType.ULong;

    /// <summary>The same bits, for an operation that looks at the sign.</summary>
    public Expression Signed => !IsUnsigned ? this : IsWide ? CastTo("long", CType.Long) : CastTo("int", CType.Int);

    /// <summary>The same bits, for an operation that wraps or that has no sign.</summary>
    public Expression Unsigned =>
        Type is not (CType.Int or CType.Long) ? this
        : Literal is { } value ? new(IsWide ? Literals.ULong((ulong)value) : Literals.UInt((uint)value), Level.Primary, IsWide ? CType.ULong : CType.UInt)
        : IsWide ? CastTo("ulong", CType.ULong) : CastTo("uint", CType.UInt);

    /// <summary>
    /// A binary operation on signed integers, which may not overflow, on floats, or, with an unsigned one among the two, in
    /// unsigned arithmetic.
    /// </summary>
    public static Expression Binary(Expression a, string op, Level level, Expression b)
    {
        var type = b.IsUnsigned && !a.IsUnsigned ? b.Type : a.Type;
        // Who remembers how << and & bind? They get parentheses that C doesn't need.
        var (left, right) = level switch
        {
            <= Level.Sum => (level, level - 1),
            Level.Relation or Level.Equality => (Level.Sum, Level.Sum),
            _ => (Level.Unary, Level.Unary),
        };
        return new Expression($"{a.At(left)} {op} {b.At(right)}", level, type).From(a, b);
    }

    /// <summary>A shift: its type is what is shifted.</summary>
    public static Expression Shift(Expression a, string op, Expression count) =>
        new Expression($"{a.At(Level.Unary)} {op} {count.At(Level.Unary)}", Level.Shift, a.Type).From(a, count);

    /// <summary>A binary operation on integers that wraps: in C only unsigned ones do.</summary>
    public static Expression Wrapping(Expression a, string op, Level level, Expression b) =>
        a.IsUnsigned || b.IsUnsigned ? Binary(a, op, level, b)
        : b.Literal is not null || a.Literal is null ? b.Literal is not null ? Binary(a, op, level, b.Unsigned) : Binary(a.Unsigned, op, level, b)
        : Binary(a.Unsigned, op, level, b);
}

/// <summary>How variables are called and typed in C.</summary>
static class Names
{
    public static string Of(Variable variable) => variable.Type switch
    {
        ValueType.Int32 => "i",
        ValueType.Int64 => "l",
        ValueType.Float32 => "f",
        ValueType.Float64 => "d",
        _ => "p",
    } + variable.Index;

    public static CType TypeOf(ValueType type) => type switch
    {
        ValueType.Int32 => CType.Int,
        ValueType.Int64 => CType.Long,
        ValueType.Float32 => CType.Float,
        ValueType.Float64 => CType.Double,
        _ => CType.Pointer,
    };

    public static string Of(MemoryType type) => type switch
    {
        MemoryType.Int8 => "char",
        MemoryType.UInt8 => "uchar",
        MemoryType.Int16 => "short",
        MemoryType.UInt16 => "ushort",
        MemoryType.Int32 => "int",
        MemoryType.Int64 => "long",
        MemoryType.Float32 => "float",
        _ => "double",
    };

    public static string Of(ValueType type) => type switch
    {
        ValueType.Int32 => "int",
        ValueType.Int64 => "long",
        ValueType.Float32 => "float",
        _ => "double",
    };

    public static string Space(ValueType type) => type switch
    {
        ValueType.Global => "__global",
        ValueType.Shared => "__local",
        _ => "__private",
    };

    /// <summary>
    /// A name of the source as one of C's: no letters but ASCII's, and with a _ at its end, so that it is neither a keyword
    /// nor a function of OpenCL C (min, step, length…).
    /// </summary>
    public static string Clean(string name)
    {
        var letters = name.Select(c => char.IsAsciiLetterOrDigit(c) ? c : '_').ToArray();
        string clean = new string(letters).Trim('_') + "_";
        return char.IsAsciiLetter(clean[0]) ? clean : "k" + clean;
    }
}
