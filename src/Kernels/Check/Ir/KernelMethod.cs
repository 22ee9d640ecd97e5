namespace PureLcm.Kernels.Check.Ir;

/// <summary>How a block ends.</summary>
enum End : byte
{
    Return,
    /// <summary>On to Targets[0].</summary>
    Jump,
    /// <summary>To Targets[0] where the condition (Int32) is not 0, else to Targets[1].</summary>
    Branch,
    /// <summary>To Targets[condition] (read as unsigned) where there is one, else to the last target.</summary>
    Switch,
    /// <summary>All work-items of the group wait for one another, then go on to Targets[0]; shared memory is then seen by all.</summary>
    Barrier,
}

/// <summary>Instructions without a branch between them. A barrier is an end, so that no block has one in its middle.</summary>
sealed class BasicBlock
{
    /// <summary>The place in <see cref="KernelMethod.Blocks"/>.</summary>
    public int Index { get; set; }

    public List<Instruction> Instructions { get; } = [];

    public End End { get; set; }

    public Operand Condition { get; set; }

    public BasicBlock[] Targets { get; set; } = [];

    /// <summary>Where the end came from, for reports.</summary>
    public (string Method, int IlOffset) Source { get; set; }
}

/// <summary>What the host passes for a parameter of a kernel.</summary>
enum ParameterKind : byte
{
    /// <summary>A view: the buffer's address, and where the view begins and how long it is.</summary>
    View,
    /// <summary>A number or a structure of numbers, by value.</summary>
    Value,
    /// <summary>A <c>SpecializedValue</c>: a constant of the compiled kernel; nothing is passed.</summary>
    Specialized,
}

/// <summary>A parameter of a kernel.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Its name in the source.</param>
/// <param name="Size">Bytes of an element of a view, or of the value.</param>
/// <param name="Fields">The scalars of a value: where in it, and of which type. C's layout: each aligned to its own size.</param>
sealed record Parameter(ParameterKind Kind, string Name, int Size, (int Offset, MemoryType Type)[] Fields);

/// <summary>Memory that a kernel declares: shared by its group, or each work-item's own.</summary>
/// <param name="Bytes">How much.</param>
/// <param name="ElementSize">Bytes of the scalars in it, for alignment and for reports.</param>
sealed record Allocation(int Bytes, int ElementSize);

/// <summary>A kernel as the front end leaves it: scalars, addresses and basic blocks; every call is inlined.</summary>
sealed class KernelMethod
{
    /// <summary>What the source calls it, with type arguments: for reports and for the names in generated code.</summary>
    public required string Name { get; init; }

    public required Parameter[] Parameters { get; init; }

    /// <summary>In reverse post-order: a block comes before all that it dominates. The first one is the entry; nothing jumps to it.</summary>
    public required BasicBlock[] Blocks { get; init; }

    /// <summary>Every variable, at the place of its index.</summary>
    public required Variable[] Variables { get; init; }

    public required Allocation[] Shared { get; init; }

    public required Allocation[] Local { get; init; }

    public bool HasBarriers => Blocks.Any(block => block.End == End.Barrier);
}
