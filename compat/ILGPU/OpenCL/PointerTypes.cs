using ILGPU.Compat.Ir;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace ILGPU.Compat.OpenCL;

/// <summary>
/// What pointers point at. The kernel has addresses of bytes; C's optimisers see more in <c>a[i]</c> than in arithmetic on bytes,
/// and so do readers. So all pointers that flow into one another, with the parameter or allocation that they come from, make a
/// family; where every access through it is of one type, its pointers are of that type, else they stay pointers to bytes.
/// </summary>
sealed class PointerTypes
{
    readonly KernelMethod kernel;
    readonly int[] parent;
    readonly Family[] families;

    struct Family
    {
        public MemoryType Type;
        public bool Accessed, Mixed;
    }

    public PointerTypes(KernelMethod kernel, Usage usage)
    {
        this.kernel = kernel;
        parent = [.. Enumerable.Range(0, kernel.Variables.Length + kernel.Parameters.Length + kernel.Shared.Length + kernel.Local.Length)];
        families = new Family[parent.Length];
        var live = kernel.Blocks.SelectMany(block => block.Instructions).Where(instruction => !usage.Dead.Contains(instruction)).ToArray();
        foreach (var instruction in live)
        {
            if (instruction.Target is not { } target || !target.Type.IsPointer()) continue;
            if (instruction.Op == Op.ParameterPointer) Join(target.Index, ParameterSlot(instruction.Index));
            else if (instruction.Op == Op.Allocation) Join(target.Index, AllocationSlot(instruction.Index, target.Type));
            else if (instruction.A.Variable is { } from) Join(target.Index, from.Index);
        }
        foreach (var instruction in live)
            if (instruction.Op is Op.Load or Op.Store or >= Op.AtomicAdd && instruction.A.Variable is { } address) Access(ref families[Root(address.Index)], instruction.Memory);
        foreach (var instruction in live)
        {
            if (instruction.Op is not (Op.Element or Op.Field or Op.Advance)) continue;
            ref var family = ref families[Root(instruction.Target!.Index)];
            if (instruction.Offset % family.Type.Size() != 0) family.Mixed = true;
        }
    }

    /// <summary>What all pointers of this one's family point at; null: bytes.</summary>
    public MemoryType? Of(Variable pointer) => At(pointer.Index);

    public MemoryType? OfParameter(int index) => At(ParameterSlot(index));

    public MemoryType? OfAllocation(int index, ValueType space) => At(AllocationSlot(index, space));

    /// <summary>What Element, Field and Advance count in, in bytes.</summary>
    public int Unit(Variable pointer) => Of(pointer)?.Size() ?? 1;

    /// <summary>A pointer to it in C: <c>__global float*</c>.</summary>
    public static string CName(ValueType space, MemoryType? type) => $"{Names.Space(space)} {(type is { } scalar ? Names.Of(scalar) : "char")}*";

    MemoryType? At(int slot) => families[Root(slot)] is { Accessed: true, Mixed: false } family ? family.Type : null;

    int ParameterSlot(int index) => kernel.Variables.Length + index;

    int AllocationSlot(int index, ValueType space) =>
        kernel.Variables.Length + kernel.Parameters.Length + (space == ValueType.Shared ? index : kernel.Shared.Length + index);

    static void Access(ref Family family, MemoryType type)
    {
        family.Mixed |= family.Accessed && family.Type != type;
        (family.Type, family.Accessed) = (type, true);
    }

    int Root(int slot)
    {
        while (parent[slot] != slot) slot = parent[slot] = parent[parent[slot]];
        return slot;
    }

    void Join(int a, int b) => parent[Root(a)] = Root(b);
}
