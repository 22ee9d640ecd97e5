using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>Which variables a block leaves to later ones: only these need to be kept between blocks.</summary>
sealed class Liveness
{
    readonly HashSet<Variable>[] before, after;

    /// <param name="method">The kernel.</param>
    /// <param name="kept">Which variables are kept at all.</param>
    public Liveness(KernelMethod method, Predicate<Variable> kept)
    {
        int count = method.Blocks.Length;
        (before, after) = (new HashSet<Variable>[count], new HashSet<Variable>[count]);
        var assigned = new HashSet<Variable>[count];
        for (int i = 0; i < count; i++)
        {
            (before[i], after[i], assigned[i]) = ([], [], []);
            foreach (var instruction in method.Blocks[i].Instructions)
            {
                if (instruction.Operands > 0) Use(instruction.A);
                if (instruction.Operands > 1) Use(instruction.B);
                if (instruction.Operands > 2) Use(instruction.C);
                if (instruction.Target is not null && kept(instruction.Target)) assigned[i].Add(instruction.Target);
            }
            if (method.Blocks[i].End is End.Branch or End.Switch) Use(method.Blocks[i].Condition);

            void Use(Operand operand)
            {
                if (operand.Variable is { } variable && kept(variable) && !assigned[i].Contains(variable)) before[i].Add(variable);
            }
        }

        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = count - 1; i >= 0; i--)
                foreach (var target in method.Blocks[i].Targets)
                    foreach (var variable in before[target.Index])
                        if (after[i].Add(variable) && !assigned[i].Contains(variable))
                            changed |= before[i].Add(variable);
        }
    }

    /// <summary>Every variable that lives from one block to another.</summary>
    public IEnumerable<Variable> AcrossBlocks => before.Concat(after).SelectMany(set => set).Distinct();

    /// <summary>Whether a later block may read what the variable holds at the end of this one.</summary>
    public bool IsLiveAfter(BasicBlock block, Variable variable) => after[block.Index].Contains(variable);
}
