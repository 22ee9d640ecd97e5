using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>Which view or allocation an address was made from, wherever all that is assigned to a variable agrees on it.</summary>
sealed class Origins
{
    /// <summary>What an address that may come from several places comes from.</summary>
    static readonly Instruction several = new(Op.Move);

    readonly Instruction?[] roots;
    readonly bool[] advanced;

    public Origins(KernelMethod method)
    {
        (roots, advanced) = (new Instruction?[method.Variables.Length], new bool[method.Variables.Length]);
        var pointers = method.Blocks.SelectMany(block => block.Instructions).Where(i => i.Target is { } target && target.Type.IsPointer()).ToArray();
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var instruction in pointers)
            {
                int target = instruction.Target!.Index, from = instruction.Operands > 0 && instruction.A.Variable is { } source ? source.Index : -1;
                var root = Merge(roots[target], instruction.Op is Op.ParameterPointer or Op.Allocation ? instruction : from < 0 ? several : roots[from]);
                bool moved = advanced[target] || instruction.Op == Op.Advance || from >= 0 && advanced[from];
                changed |= root != roots[target] || moved != advanced[target];
                (roots[target], advanced[target]) = (root, moved);
            }
        }

        static Instruction? Merge(Instruction? a, Instruction? b) =>
            a is null || b is null ? a ?? b : a.Op == b.Op && a.Index == b.Index && a != several ? a : several;
    }

    /// <summary>The <see cref="Op.ParameterPointer"/> or <see cref="Op.Allocation"/>; null where there may be several.</summary>
    public Instruction? Of(Operand pointer) => pointer.Variable is { } variable && roots[variable.Index] is { } root && root != several ? root : null;

    /// <summary>Whether a sub-view was taken on the way, so that an index within a length is not yet within the view.</summary>
    public bool IsAdvanced(Operand pointer) => pointer.Variable is { } variable && advanced[variable.Index];
}
