using ILGPU.Compat.Ir;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace CompatTests.OpenCL;

static class Blocks
{
    /// <summary>The kernel's next block, to be written through what is given back.</summary>
    public static Block NewBlock(this KernelBuilder kernel) => new(kernel, kernel.Block());

    /// <summary>A parameter that is one number.</summary>
    public static int Number(this KernelBuilder kernel, string name, MemoryType type) => kernel.Value(name, type.Size(), (0, type));
}

/// <summary>A block of a <see cref="KernelBuilder"/>, for tests that write several side by side.</summary>
sealed class Block(KernelBuilder kernel, BasicBlock block)
{
    KernelBuilder Here => kernel.In(block);

    public BasicBlock Basic => block;

    public Variable Do(Op op, params Operand[] operands) => Here.Get(op, operands[0].Type, operands);

    public Variable Do(Op op, ValueType type, bool unsigned, params Operand[] operands) => unsigned ? Here.Unsigned(op, type, operands) : Here.Get(op, type, operands);

    public Variable Compare(Op op, Operand a, Operand b, bool unsigned = false) => Do(op, ValueType.Int32, unsigned, a, b);

    public Variable Convert(Operand a, MemoryType to, bool unsigned = false) => Here.Convert(to, a, unsigned);

    public void Set(Variable target, Operand value) => Here.Set(target, value);

    public void Set(Variable target, Op op, params Operand[] operands) => Here.Set(target, op, operands);

    public Variable Place(Op op, int dimension = 0) => Here.Dimension(op, dimension);

    public Variable Value(int parameter, MemoryType type, int offset = 0) => Here.ValueOf(parameter, type, offset);

    public Variable Length(int parameter) => Here.Add(Op.ParameterLength, kernel.Variable(ValueType.Int64), [], index: parameter);

    public Variable Pointer(int parameter) => Here.Add(Op.ParameterPointer, kernel.Variable(ValueType.Global), [], index: parameter);

    public Variable Allocation(ValueType space, int index) => Here.Add(Op.Allocation, kernel.Variable(space), [], index: index);

    public Variable Element(Variable pointer, Operand index, int size = 4) => Here.Element(pointer, index, Operand.Of(0L), size);

    public Variable Field(Variable pointer, int offset) => Here.Field(pointer, offset);

    public Variable Advance(Variable pointer, Operand index, int size = 4) => Here.Advance(pointer, index, size);

    public Variable Load(Variable address, MemoryType type) => Here.Load(address, type);

    public void Store(Variable address, Operand value, MemoryType type) => Here.Store(address, value, type);

    public Variable Atomic(Op op, MemoryType type, bool unsigned, params Operand[] operands) => Here.Add(op, kernel.Variable(type.Loaded()), operands, type, unsigned: unsigned);

    public void Jump(Block to) => Here.Jump(to.Basic);

    public void Barrier(Block to) => Here.Barrier(to.Basic);

    public void Branch(Operand condition, Block yes, Block no) => Here.Branch(condition, yes.Basic, no.Basic);

    public void Switch(Operand condition, params Block[] targets) => Here.Switch(condition, [.. targets.Select(target => target.Basic)]);
}
