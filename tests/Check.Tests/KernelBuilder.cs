using ILGPU;
using PureLcm.Kernels.Check.Execution;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Check.Tests;

/// <summary>Kernels put together by hand, block by block, for what the front end would never make or not reliably.</summary>
sealed class KernelBuilder(string name)
{
    readonly List<Parameter> parameters = [];
    readonly List<BasicBlock> blocks = [];
    readonly List<Variable> variables = [];
    readonly List<Allocation> shared = [], local = [];
    BasicBlock current = new();

    public int View(string name, int elementSize = 4) => Parameter(new(ParameterKind.View, name, elementSize, []));

    public int Value(string name, int size, params (int, MemoryType)[] fields) => Parameter(new(ParameterKind.Value, name, size, fields));

    public int Shared(int bytes, int elementSize = 4) => Allocation(shared, bytes, elementSize);

    public int Local(int bytes, int elementSize = 4) => Allocation(local, bytes, elementSize);

    /// <summary>Blocks are in the order in which they are made.</summary>
    public BasicBlock Block()
    {
        blocks.Add(new() { Index = blocks.Count, Source = (name, 100 * blocks.Count) });
        return blocks[^1];
    }

    public KernelBuilder In(BasicBlock block)
    {
        current = block;
        return this;
    }

    public Variable Variable(ValueType type)
    {
        variables.Add(new(variables.Count, type));
        return variables[^1];
    }

    public void Set(Variable target, Op op, params Operand[] operands) => Add(op, target, operands);

    public void Set(Variable target, Operand value) => Add(Op.Move, target, [value]);

    public Variable Get(Op op, ValueType type, params Operand[] operands) => Add(op, Variable(type), operands);

    public Variable Unsigned(Op op, ValueType type, params Operand[] operands) => Add(op, Variable(type), operands, unsigned: true);

    public Variable Convert(MemoryType to, Operand value, bool unsigned = false) => Add(Op.Convert, Variable(to.Loaded()), [value], memory: to, unsigned: unsigned);

    public Variable ValueOf(int parameter, MemoryType type, int offset = 0) => Add(Op.ParameterValue, Variable(type.Loaded()), [], memory: type, index: parameter, offset: offset);

    public Variable Dimension(Op op, int dimension = 0) => Add(op, Variable(ValueType.Int32), [], index: dimension);

    public Variable ElementOf(int view, Operand index) => Element(
        Add(Op.ParameterPointer, Variable(ValueType.Global), [], index: view), index,
        Add(Op.ParameterLength, Variable(ValueType.Int64), [], index: view), parameters[view].Size);

    public Variable SharedAt(int allocation, Operand index) => Element(
        Add(Op.Allocation, Variable(ValueType.Shared), [], index: allocation), index,
        Operand.Of((long)shared[allocation].Bytes / shared[allocation].ElementSize), shared[allocation].ElementSize);

    public Variable LocalAt(int allocation, Operand index) => Element(
        Add(Op.Allocation, Variable(ValueType.Local), [], index: allocation), index,
        Operand.Of((long)local[allocation].Bytes / local[allocation].ElementSize), local[allocation].ElementSize);

    public Variable Element(Variable pointer, Operand index, Operand length, int size) => Add(Op.Element, Variable(pointer.Type), [pointer, index, length], offset: size);

    public Variable Field(Variable pointer, int offset) => Add(Op.Field, Variable(pointer.Type), [pointer], offset: offset);

    public Variable Advance(Variable pointer, Operand count, int size) => Add(Op.Advance, Variable(pointer.Type), [pointer, count], offset: size);

    public Variable Load(Variable address, MemoryType type) => Add(Op.Load, Variable(type.Loaded()), [address], memory: type);

    public void Store(Variable address, Operand value, MemoryType type) => Add(Op.Store, null, [address, value], memory: type);

    public Variable Atomic(Op op, Variable address, MemoryType type, params Operand[] values) => Add(op, Variable(type.Loaded()), [address, .. values], memory: type);

    public void Jump(BasicBlock target) => Finish(End.Jump, target);

    public void Barrier(BasicBlock target) => Finish(End.Barrier, target);

    public void Return() => Finish(End.Return);

    public void Branch(Operand condition, BasicBlock yes, BasicBlock no)
    {
        current.Condition = condition;
        Finish(End.Branch, yes, no);
    }

    public void Switch(Operand condition, params BasicBlock[] targets)
    {
        current.Condition = condition;
        Finish(End.Switch, targets);
    }

    public KernelMethod Build() => new()
    {
        Name = name, Parameters = [.. parameters], Blocks = [.. blocks], Variables = [.. variables], Shared = [.. shared], Local = [.. local],
    };

    /// <summary>Runs it as a new program; arguments in the order of the parameters.</summary>
    public void Run(KernelConfig config, params object[] arguments)
    {
        var list = new Arguments();
        var add = typeof(Arguments).GetMethod(nameof(Arguments.Add))!;
        foreach (var argument in arguments) add.MakeGenericMethod(argument.GetType()).Invoke(list, [argument]);
        LockstepKernel.Launch(new(Build()), config, list);
    }

    void Finish(End end, params BasicBlock[] targets)
    {
        current.End = end;
        current.Targets = targets;
    }

    /// <summary>Any instruction, into the current block.</summary>
    public Variable Add(Op op, Variable? target, Operand[] operands, MemoryType memory = default, int index = 0, int offset = 0, bool unsigned = false)
    {
        current.Instructions.Add(new(op)
        {
            Target = target, Operands = operands.Length,
            A = operands.ElementAtOrDefault(0), B = operands.ElementAtOrDefault(1), C = operands.ElementAtOrDefault(2),
            Memory = memory, Index = index, Offset = offset, Unsigned = unsigned,
            Source = (name, 100 * current.Index + current.Instructions.Count),
        });
        return target!;
    }

    int Parameter(Parameter parameter)
    {
        parameters.Add(parameter);
        return parameters.Count - 1;
    }

    static int Allocation(List<Allocation> list, int bytes, int elementSize)
    {
        list.Add(new(bytes, elementSize));
        return list.Count - 1;
    }
}
