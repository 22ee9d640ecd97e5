using ILGPU.Compat.Ir;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace ILGPU.Compat.OpenCL;

/// <summary>An address as a pointer of C with an index, counted in what the pointer points at.</summary>
sealed record Address(Expression Base, Expression[] Terms, long Constant, MemoryType? Type, ValueType Space)
{
    /// <summary>This many bytes further on.</summary>
    /// <param name="index">How many elements.</param>
    /// <param name="bytes">Of which size.</param>
    public Address Plus(Expression index, int bytes)
    {
        int scale = bytes / Unit;
        if (index.Literal is { } literal) return this with { Constant = Constant + literal * scale };
        index = index.Signed;
        // Elements are counted in 31 bits; their parts, in a large buffer, need more.
        bool widen = Space == ValueType.Global && index.Type == CType.Int && (scale != 1 || Terms.Length > 0);
        if (widen) index = index.CastTo("long", CType.Long);
        if (scale != 1) index = Expression.Binary(index, "*", Level.Product, Expression.Int(scale));
        return this with { Terms = [.. Terms, index] };
    }

    public Address Plus(int bytes) => this with { Constant = Constant + bytes / Unit };

    /// <summary>The memory there, as something to read or to assign to.</summary>
    public Expression Value(MemoryType type) =>
        (Type is not null
            ? new Expression($"{Base.At(Level.Primary)}[{IndexText}]", Level.Primary, Names.TypeOf(type.Loaded()))
            : new Expression($"*({Names.Space(Space)} any_{Names.Of(type)}*){Pointer.At(Level.Unary)}", Level.Unary, Names.TypeOf(type.Loaded())))
        .From([Base, .. Terms]);

    /// <summary>The address itself.</summary>
    public Expression Pointer => Terms.Length == 0 && Constant == 0
        ? Base
        : new Expression($"{Base.At(Level.Sum)} + {(Terms.Length + (Constant != 0 ? 1 : 0) > 1 ? $"({IndexText})" : IndexText)}", Level.Sum, CType.Pointer).From([Base, .. Terms]);

    int Unit => Type?.Size() ?? 1;

    string IndexText => Terms.Length == 0
        ? Literals.Int(checked((int)Constant))
        : string.Join(" + ", Terms.Select((term, i) => term.At(Level.Sum))) + (Constant > 0 ? $" + {Constant}" : Constant < 0 ? $" - {-Constant}" : "");
}
