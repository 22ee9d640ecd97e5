using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>What stands on IL's evaluation stack while a kernel is translated.</summary>
abstract record Value
{
    public static implicit operator Value(Operand operand) => new Scalar(operand);

    public static implicit operator Value(Variable variable) => new Scalar(variable);

    /// <summary>The variables that it is read from.</summary>
    public IEnumerable<Variable> Variables => this switch
    {
        Scalar { Operand.Variable: { } variable } => [variable],
        Aggregate aggregate => aggregate.Fields.SelectMany(one => one.Variables),
        Reference { Place: MemoryPlace { Pointer.Variable: { } pointer } } => [pointer],
        _ => [],
    };
}

/// <summary>A number, or an address as a view's first field.</summary>
sealed record Scalar(Operand Operand) : Value;

/// <summary>A structure, field by field. A view is its first element's address and its length.</summary>
sealed record Aggregate(Type Type, Value[] Fields) : Value;

/// <summary>A <c>ref</c>, or <c>this</c> of a structure.</summary>
sealed record Reference(Place Place) : Value;

/// <summary>The address that a default view has: none, and in no address space.</summary>
sealed record NoAddress : Value;
