using ILGPU.Compat.Ir;

namespace ILGPU.Compat.OpenCL;

/// <summary>
/// Writes a block's instructions as statements of C. What is used once, later in the block, waits as an expression and becomes
/// part of the statement that uses it, unless something that it reads changes before.
/// </summary>
sealed class BlockWriter(KernelWriter kernel, BasicBlock block)
{
    /// <summary>Operations of one expression: beyond it is hard on readers.</summary>
    const int Longest = 24;

    readonly List<string> lines = [];
    readonly List<(Variable Variable, Expression Value, Address? Address)> waiting = [];
    readonly HashSet<Variable> declared = [];

    /// <summary>The statements declare variables: braces are needed around them.</summary>
    public bool Declares { get; private set; }

    /// <summary>The statements, all but the block's end.</summary>
    public List<string> Write()
    {
        foreach (var instruction in block.Instructions)
            if (!kernel.Usage.Dead.Contains(instruction)) Write(instruction);
        return lines;
    }

    /// <summary>The condition that the block ends with, after <see cref="Write()"/>, to whose statements it may add some.</summary>
    public Expression Condition() => Read(block.Condition);

    void Write(Instruction instruction)
    {
        if (instruction.Target is { } invariant && kernel.Invariants.Contains(invariant)) return; // written where it is read
        if (instruction.Op == Op.Store)
        {
            var place = AddressOf(instruction.A).Value(instruction.Memory);
            var stored = Read(instruction.B);
            Declare(other => other.Value.Loads);
            Line($"{place.Text} = {stored.Text};");
            return;
        }
        bool isAtomic = Usage.HasEffect(instruction.Op);
        var (value, address) = Evaluate(instruction);
        if (isAtomic) Declare(other => other.Value.Loads);
        var target = instruction.Target;
        if (target is null || (isAtomic && kernel.Usage.Uses(target) == 0)) Line($"{value.Text};");
        else if (!isAtomic && kernel.Usage.Home(target) == block && kernel.Usage.Definition(target) is not null && kernel.Usage.Uses(target) == 1 && value.Size < Longest)
            waiting.Add((target, value, address));
        else Assign(target, value);
    }

    void Assign(Variable target, Expression value)
    {
        if (kernel.Usage.Home(target) == block && declared.Add(target))
        {
            Declares = true;
            string constant = kernel.Usage.Definition(target) is null ? "" : "const ";
            Line(target.Type.IsPointer() ? $"{kernel.TypeOf(target)} {constant}{Names.Of(target)} = {value.Text};" : $"{constant}{kernel.TypeOf(target)} {Names.Of(target)} = {value.Text};");
            return;
        }
        Declare(other => other.Value.Leaves?.Contains(target) == true);
        Line($"{Names.Of(target)} = {value.Text};");
    }

    /// <summary>Makes variables of the waiting expressions that something changes.</summary>
    void Declare(Predicate<(Variable Variable, Expression Value, Address? Address)> changed)
    {
        for (int i = 0; i < waiting.Count;)
        {
            var entry = waiting[i];
            if (changed(entry))
            {
                waiting.RemoveAt(i);
                Assign(entry.Variable, entry.Value);
            }
            else i++;
        }
    }

    Expression Read(Operand operand)
    {
        if (operand.Variable is not { } variable) return Expression.Of(operand);
        return Take(variable) is { } entry ? entry.Value : kernel.Invariants.Contains(variable) ? Evaluate(kernel.Usage.Definition(variable)!).Value : Expression.Of(variable);
    }

    Address AddressOf(Operand operand)
    {
        var variable = operand.Variable ?? throw new NotSupportedException("a kernel that uses a null reference");
        if (Take(variable) is { } entry) return entry.Address ?? Plain(entry.Value);
        if (!kernel.Invariants.Contains(variable)) return Plain(Expression.Of(variable));
        var (value, address) = Evaluate(kernel.Usage.Definition(variable)!);
        return address ?? Plain(value);

        Address Plain(Expression pointer) => new(pointer, [], 0, kernel.Pointers.Of(variable), variable.Type);
    }

    (Expression Value, Address? Address)? Take(Variable variable)
    {
        int i = waiting.FindIndex(entry => entry.Variable == variable);
        if (i < 0) return null;
        var found = waiting[i];
        waiting.RemoveAt(i);
        return (found.Value, found.Address);
    }

    (Expression Value, Address? Address) Evaluate(Instruction instruction)
    {
        switch (instruction.Op)
        {
            case Op.Element or Op.Advance:
                return Pointer(AddressOf(instruction.A).Plus(Read(instruction.B), instruction.Offset));
            case Op.Field:
                return Pointer(AddressOf(instruction.A).Plus(instruction.Offset));
            case Op.Load:
                return (AddressOf(instruction.A).Value(instruction.Memory).Loading(), null);
            case Op.Move when instruction.Target!.Type.IsPointer():
                return Pointer(AddressOf(instruction.A));
            case Op.ParameterPointer:
                return (Expression.Fixed(kernel.Signature.Name(instruction.Index), CType.Pointer), null);
            case Op.ParameterLength:
                return (Expression.Fixed(kernel.Signature.Name(instruction.Index) + "length", CType.Long), null);
            case Op.ParameterValue:
                return (Expression.Fixed(kernel.Signature.Value(instruction.Index, instruction.Offset), Names.TypeOf(instruction.Memory.Loaded())), null);
            case Op.Allocation:
                return (Expression.Fixed(Signature.Allocation(instruction.Index, instruction.Target!.Type), CType.Pointer), null);
            case Op.GroupIndex:
                return (Place("get_local_id", instruction.Index), null);
            case Op.GroupDimension:
                return (Place("get_local_size", instruction.Index), null);
            case Op.GridIndex:
                return (Place("get_group_id", instruction.Index), null);
            case Op.GridDimension:
                return (Place("get_num_groups", instruction.Index), null);
            case >= Op.AtomicAdd:
                var place = AddressOf(instruction.A).Pointer;
                var operand = Read(instruction.B);
                return (kernel.Atomics.Call(instruction, place, operand, instruction.Op == Op.AtomicCompareExchange ? Read(instruction.C) : null), null);
            default:
                var a = Read(instruction.A);
                var b = instruction.Operands > 1 ? Read(instruction.B) : null;
                return (Operations.Of(instruction, a, b, kernel.Indices.Contains(instruction.Target), kernel.Target.Fuses(instruction.A.Type)), null);
        }

        static (Expression, Address?) Pointer(Address address) => (address.Pointer, address);
        static Expression Place(string function, int dimension) => new($"(int){function}({dimension})", Level.Unary, CType.Int);
    }

    void Line(string statement) => lines.Add(statement);
}
