using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>
/// Where a kernel's values live while a group runs in lockstep. A work-item has a frame: its place in the group, the variables
/// that live across blocks, and its local memory. What all work-items agree on is not in the frame but is computed before a
/// block's loop over them; a variable of one block only is a local of that block's code.
/// </summary>
sealed class FrameLayout
{
    /// <summary>A frame begins with the work-item's number in its group and its place along x, y, z, as ints.</summary>
    public const int Number = 0, GroupIndex = 4, Header = 16;

    /// <summary>What a group has in common begins with these, three ints each; the parameters follow.</summary>
    public const int GridIndex = 0, GridDimension = 12, GroupDimension = 24, FirstParameter = 40;

    /// <summary>Between shared allocations, so that running out of one is not running into the next.</summary>
    const int SharedGap = 16;

    readonly KernelMethod method;
    readonly Instruction?[] definitions;
    readonly bool[] uniform, fromFrame;
    readonly Dictionary<Variable, int> offsets = [];

    public FrameLayout(KernelMethod method)
    {
        this.method = method;
        definitions = SingleDefinitions(method);
        (uniform, fromFrame) = Recomputed();
        Liveness = new(method, variable => !uniform[variable.Index] && !fromFrame[variable.Index]);

        int end = Header;
        foreach (var variable in Liveness.AcrossBlocks.OrderBy(variable => SizeOf(variable.Type) == 4 ? 1 : 0).ThenBy(variable => variable.Index))
        {
            offsets[variable] = end = Align(end, SizeOf(variable.Type));
            end += SizeOf(variable.Type);
        }
        LocalStart = Align(end, 16);
        (LocalOffsets, LocalBytes) = Place(method.Local, LocalStart, gap: 0);
        LocalBytes -= LocalStart;
        // An odd number of cache lines, so that the same place in every frame doesn't fall into the same set of the cache.
        FrameBytes = Align(LocalStart + LocalBytes, 64) | 64;

        (SharedOffsets, SharedBytes) = Place(method.Shared, 0, SharedGap);
        var accesses = method.Blocks.SelectMany(block => block.Instructions).Where(i => IsAccess(i.Op) && i.A.Type == Ir.ValueType.Shared);
        GranuleBytes = accesses.Select(access => access.Memory.Size()).Append(4).Min();

        ParameterOffsets = new int[method.Parameters.Length];
        ConstantBytes = FirstParameter;
        for (int i = 0; i < ParameterOffsets.Length; i++)
        {
            ParameterOffsets[i] = ConstantBytes;
            ConstantBytes += method.Parameters[i].Kind switch { ParameterKind.View => 16, ParameterKind.Value => Align(method.Parameters[i].Size, 8), _ => 0 };
        }
    }

    public Liveness Liveness { get; }

    public int FrameBytes { get; }

    /// <summary>Local memory in a frame: where it begins, how much, and where each allocation is.</summary>
    public int LocalStart { get; }

    public int LocalBytes { get; }

    public int[] LocalOffsets { get; }

    /// <summary>Of all shared memory, with gaps; and where each allocation is.</summary>
    public int SharedBytes { get; }

    public int[] SharedOffsets { get; }

    /// <summary>What shared memory is watched by: its smallest access, but at most 4 bytes.</summary>
    public int GranuleBytes { get; }

    public int[] ParameterOffsets { get; }

    public int ConstantBytes { get; }

    /// <summary>The same for the whole group, and made from nothing but constants.</summary>
    public bool IsUniform(Variable variable) => uniform[variable.Index];

    /// <summary>Follows from where the frame is: a place in the group, or a local allocation.</summary>
    public bool IsFromFrame(Variable variable) => fromFrame[variable.Index];

    /// <summary>The only instruction that assigns it, if there is only one.</summary>
    public Instruction? Definition(Variable variable) => definitions[variable.Index];

    /// <summary>Where in the frame.</summary>
    public int Offset(Variable variable) => offsets[variable];

    public static bool IsAccess(Op op) => op is Op.Load or Op.Store or >= Op.AtomicAdd;

    static int SizeOf(Ir.ValueType type) => type is Ir.ValueType.Int32 or Ir.ValueType.Float32 ? 4 : 8;

    static int Align(int offset, int alignment) => (offset + alignment - 1) & -alignment;

    static (int[] Offsets, int End) Place(Allocation[] allocations, int start, int gap)
    {
        var offsets = new int[allocations.Length];
        int end = start;
        for (int i = 0; i < offsets.Length; i++)
        {
            offsets[i] = end;
            end = Align(end + allocations[i].Bytes, 16) + (i < offsets.Length - 1 ? gap : 0);
        }
        return (offsets, end);
    }

    static Instruction?[] SingleDefinitions(KernelMethod method)
    {
        var definitions = new Instruction?[method.Variables.Length];
        var counts = new int[method.Variables.Length];
        foreach (var instruction in method.Blocks.SelectMany(block => block.Instructions))
            if (instruction.Target is { } target)
                definitions[target.Index] = counts[target.Index]++ == 0 ? instruction : null;
        return definitions;
    }

    (bool[] Uniform, bool[] FromFrame) Recomputed()
    {
        var (same, frame) = (new bool[definitions.Length], new bool[definitions.Length]);
        foreach (var instruction in method.Blocks.SelectMany(block => block.Instructions))
        {
            if (instruction.Target is not { } target || definitions[target.Index] is null) continue;
            frame[target.Index] = instruction.Op == Op.GroupIndex || instruction.Op == Op.Allocation && target.Type == Ir.ValueType.Local;
            same[target.Index] = !frame[target.Index] && (instruction.Op <= Op.Round
                // What can fault must not run before its turn.
                ? !(instruction.Op is Op.Divide or Op.Remainder && !target.Type.IsFloat()) && Same(instruction.A, 0) && Same(instruction.B, 1) && Same(instruction.C, 2)
                : instruction.Op <= Op.Allocation);

            bool Same(Operand operand, int place) => place >= instruction.Operands || operand.IsConstant || same[operand.Variable!.Index];
        }
        return (same, frame);
    }
}
