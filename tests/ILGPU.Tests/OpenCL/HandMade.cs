using ILGPU.Compat.Ir;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace CompatTests.OpenCL;

/// <summary>A kernel written down block by block, without a front end.</summary>
sealed class HandMade(string name)
{
    readonly List<Parameter> parameters = [];
    readonly List<BasicBlock> blocks = [];
    readonly List<Variable> variables = [];
    readonly List<Allocation> shared = [], local = [];

    public int View(string name, int elementSize = 4) => Parameter(new(ParameterKind.View, name, elementSize, []));

    public int Number(string name, MemoryType type) => Parameter(new(ParameterKind.Value, name, type.Size(), [(0, type)]));

    public int Parameter(Parameter parameter)
    {
        parameters.Add(parameter);
        return parameters.Count - 1;
    }

    public int Shared(int bytes)
    {
        shared.Add(new(bytes, 4));
        return shared.Count - 1;
    }

    public int Local(int bytes)
    {
        local.Add(new(bytes, 4));
        return local.Count - 1;
    }

    public Block Block()
    {
        blocks.Add(new() { Index = blocks.Count });
        return new(this, blocks[^1]);
    }

    public Variable Variable(ValueType type)
    {
        variables.Add(new(variables.Count, type));
        return variables[^1];
    }

    public KernelMethod Build() => new()
    {
        Name = name,
        Parameters = [.. parameters],
        Blocks = [.. blocks],
        Variables = [.. variables],
        Shared = [.. shared],
        Local = [.. local],
    };
}

/// <summary>A block under construction.</summary>
sealed class Block(HandMade kernel, BasicBlock block)
{
    public BasicBlock Basic => block;

    public Variable Do(Op op, params ReadOnlySpan<Operand> operands) => Do(op, operands[0].Type, false, operands);

    public Variable Do(Op op, ValueType type, bool unsigned, params ReadOnlySpan<Operand> operands) => Add(op, kernel.Variable(type), operands, unsigned);

    public Variable Compare(Op op, Operand a, Operand b, bool unsigned = false) => Add(op, kernel.Variable(ValueType.Int32), [a, b], unsigned);

    public Variable Convert(Operand a, MemoryType to, bool unsigned = false) => Add(Op.Convert, kernel.Variable(to.Loaded()), [a], unsigned, to);

    public void Set(Variable target, Operand value) => Add(Op.Move, target, [value]);

    public void Set(Variable target, Op op, params ReadOnlySpan<Operand> operands) => Add(op, target, operands);

    public Variable Place(Op op, int dimension = 0) => Add(op, kernel.Variable(ValueType.Int32), [], index: dimension);

    public Variable Value(int parameter, MemoryType type, int offset = 0) => Add(Op.ParameterValue, kernel.Variable(type.Loaded()), [], memory: type, index: parameter, offset: offset);

    public Variable Length(int parameter) => Add(Op.ParameterLength, kernel.Variable(ValueType.Int64), [], index: parameter);

    public Variable Pointer(int parameter) => Add(Op.ParameterPointer, kernel.Variable(ValueType.Global), [], index: parameter);

    public Variable Allocation(ValueType space, int index) => Add(Op.Allocation, kernel.Variable(space), [], index: index);

    public Variable Element(Operand pointer, Operand index, int size = 4) => Add(Op.Element, kernel.Variable(pointer.Type), [pointer, index, Operand.Of(0L)], offset: size);

    public Variable Field(Operand pointer, int offset) => Add(Op.Field, kernel.Variable(pointer.Type), [pointer], offset: offset);

    public Variable Advance(Operand pointer, Operand index, int size = 4) => Add(Op.Advance, kernel.Variable(pointer.Type), [pointer, index], offset: size);

    public Variable Load(Operand address, MemoryType type) => Add(Op.Load, kernel.Variable(type.Loaded()), [address], memory: type);

    public void Store(Operand address, Operand value, MemoryType type) => Add(Op.Store, null, [address, value], memory: type);

    public Variable Atomic(Op op, MemoryType type, bool unsigned, params ReadOnlySpan<Operand> operands) => Add(op, kernel.Variable(type.Loaded()), operands, unsigned, type);

    public void Jump(Block to) => End(ILGPU.Compat.Ir.End.Jump, to);

    public void Barrier(Block to) => End(ILGPU.Compat.Ir.End.Barrier, to);

    public void Branch(Operand condition, Block yes, Block no)
    {
        block.Condition = condition;
        End(ILGPU.Compat.Ir.End.Branch, yes, no);
    }

    public void Switch(Operand condition, params Block[] targets)
    {
        block.Condition = condition;
        End(ILGPU.Compat.Ir.End.Switch, targets);
    }

    void End(End end, params Block[] targets)
    {
        block.End = end;
        block.Targets = [.. targets.Select(target => target.Basic)];
    }

    Variable Add(Op op, Variable? target, ReadOnlySpan<Operand> operands, bool unsigned = false, MemoryType memory = default, int index = 0, int offset = 0)
    {
        block.Instructions.Add(new(op)
        {
            Target = target,
            A = operands.Length > 0 ? operands[0] : default,
            B = operands.Length > 1 ? operands[1] : default,
            C = operands.Length > 2 ? operands[2] : default,
            Operands = operands.Length,
            Unsigned = unsigned,
            Memory = memory,
            Index = index,
            Offset = offset,
        });
        return target!;
    }
}
