using System.Reflection;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>Where a translation puts its instructions, and what all its inlined methods have in common.</summary>
sealed class KernelBuilder(string kernel)
{
    readonly HashSet<Variable> reassignable = [];
    readonly Dictionary<MethodBase, IlMethod> methods = [];
    int variables;

    /// <summary>The block that instructions go to.</summary>
    public BasicBlock Block { get; set; } = new();

    /// <summary>The method and instruction that are being translated.</summary>
    public (string Method, int IlOffset) Source { get; set; }

    /// <summary>While a method of .NET's own library is being inlined: which, and where it was called.</summary>
    public (string Method, (string, int) Source)? Library { get; set; }

    /// <summary>The evaluation stacks of the methods that are being translated, the kernel's first.</summary>
    public List<List<Value>> Stacks { get; } = [];

    public List<Allocation> Shared { get; } = [];

    public List<Allocation> Local { get; } = [];

    public IlMethod Decode(MethodBase method) => methods.TryGetValue(method, out var il) ? il : methods[method] = new(method);

    /// <summary>The error for what a kernel can't do.</summary>
    /// <param name="construct">With a verb: "boxes an Int32".</param>
    /// <param name="instead">What to do about it.</param>
    public NotSupportedException Refuse(string construct, string instead)
    {
        var (method, offset) = Source;
        if (Library is { } library)
        {
            // The reader knows the method that called .NET's, and can change only that.
            (method, offset) = library.Source;
            (construct, instead) = ($"calls {library.Method}, which {construct}", "Call a function of XMath, or write it for kernels");
        }
        return new($"Kernel {kernel}: {method} {construct} (IL_{offset:x4}). {instead}.");
    }

    /// <summary>Throws for a type of which there are no values in kernels.</summary>
    public void RefuseType(Type type)
    {
        if (type.FullName is "System.Half" or "ILGPU.Half") throw Refuse($"has a value of type {type.FullName}", Refusals.Half);
        if (type.IsPointer) throw Refuse("uses a pointer", "Use a ref or a view");
        if (!type.IsValueType) throw Refuse($"has a value of class {Names.Of(type)}", "Kernels know numbers, structures and views");
    }

    /// <summary>A variable that is assigned in one place.</summary>
    public Variable Temporary(ValueType type) => new(variables++, type);

    /// <summary>A variable that may be assigned in several places.</summary>
    public Variable Reassignable(ValueType type)
    {
        var variable = Temporary(type);
        reassignable.Add(variable);
        return variable;
    }

    public Variable Emit(Op op, ValueType type, Operand[] operands, bool unsigned = false, MemoryType memory = default, int index = 0, int offset = 0)
    {
        var target = Temporary(type);
        Add(op, target, operands, unsigned, memory, index, offset);
        return target;
    }

    public void EmitStore(MemoryType memory, Operand address, Operand value) => Add(Op.Store, null, [address, value], memory: memory);

    /// <summary>Arithmetic, a comparison or a function of one or two operands; at once, if they are constants.</summary>
    public Operand Compute(Op op, Operand a, Operand b = default, bool unsigned = false)
    {
        bool unary = Folding.IsUnary(op);
        if (Folding.Fold(op, unsigned, default, a, b) is { } folded) return folded;
        return Emit(op, Folding.IsComparison(op) ? ValueType.Int32 : a.Type, unary ? [a] : [a, b], unsigned);
    }

    public Operand Convert(Operand a, MemoryType to, bool unsigned = false)
    {
        if (Folding.Fold(Op.Convert, unsigned, to, a, default) is { } folded) return folded;
        return Emit(Op.Convert, to.Loaded(), [a], unsigned, to);
    }

    public Operand BitCast(Operand a)
    {
        if (Folding.Fold(Op.BitCast, false, default, a, default) is { } folded) return folded;
        return Emit(Op.BitCast, Folding.BitCastType(a.Type), [a]);
    }

    /// <summary>As the Int64 that it is as a signed number.</summary>
    public Operand Long(Operand a) => a.Type == ValueType.Int64 ? a : Convert(a, MemoryType.Int64);

    /// <summary>variable = value. What stands on a stack as the variable's old value is put aside first.</summary>
    public void Assign(Variable variable, Operand value)
    {
        if (value.Variable == variable) return;
        foreach (var stack in Stacks)
            for (int i = 0; i < stack.Count; i++)
                if (stack[i].Variables.Contains(variable)) stack[i] = Copy(stack[i]);
        Add(Op.Move, variable, [value]);
    }

    /// <summary>The same value, whatever is assigned later to the variables that it was read from.</summary>
    public Value Settled(Value value) => value.Variables.Any(reassignable.Contains) ? Copy(value) : value;

    /// <summary>The value in variables of its own.</summary>
    public Value Copy(Value value) => value switch
    {
        Scalar { Operand.IsConstant: false } scalar => Emit(Op.Move, scalar.Operand.Type, [scalar.Operand]),
        Aggregate aggregate => aggregate with { Fields = [.. aggregate.Fields.Select(Copy)] },
        Reference { Place: MemoryPlace memory } => new Reference(new MemoryPlace(memory.Type, Emit(Op.Move, memory.Pointer.Type, [memory.Address(this)]), 0)),
        _ => value,
    };

    /// <summary>A value that is a number or an address.</summary>
    public Operand Operand(Value value) => value switch
    {
        Scalar scalar => scalar.Operand,
        NoAddress => throw Refuse("uses a default view", "Assign a view that looks at memory"),
        Reference => throw Refuse("calculates with an address", "Index a view"),
        _ => throw Refuse("uses a structure as a number", "Use its fields"),
    };

    /// <summary>default(T)</summary>
    public Value Zero(Type type)
    {
        if (Layout.Number(type) is { } number) return Folding.Constant(number.Loaded(), 0);
        if (Layout.IsView(type)) return new Aggregate(type, [new NoAddress(), Ir.Operand.Of(0L)]);
        RefuseType(type);
        return new Aggregate(type, [.. Layout.Fields(type).Select(field => Zero(field.FieldType))]);
    }

    /// <summary>Ends the block; the next one is for the caller to set.</summary>
    public void Finish(End end, Operand condition, params BasicBlock[] targets)
    {
        (Block.End, Block.Condition, Block.Targets, Block.Source) = (end, condition, targets, Source);
    }

    void Add(Op op, Variable? target, Operand[] operands, bool unsigned = false, MemoryType memory = default, int index = 0, int offset = 0) =>
        Block.Instructions.Add(new(op)
        {
            Target = target,
            A = operands.ElementAtOrDefault(0),
            B = operands.ElementAtOrDefault(1),
            C = operands.ElementAtOrDefault(2),
            Operands = operands.Length,
            Unsigned = unsigned,
            Memory = memory,
            Index = index,
            Offset = offset,
            Source = Source,
        });
}
