using System.Collections;
using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>Removes instructions whose result nobody reads, by the usual liveness analysis.</summary>
static class UnusedInstructions
{
    public static bool Remove(BasicBlock[] blocks)
    {
        int count = 0;
        foreach (var instruction in blocks.SelectMany(block => block.Instructions))
        {
            if (instruction.Target is { } target) count = Math.Max(count, target.Index + 1);
            foreach (var operand in instruction.Read()) count = Math.Max(count, (operand.Variable?.Index ?? 0) + 1);
        }

        // From the last block to the first, until nothing changes: what is alive at a block's start.
        var atStart = blocks.ToDictionary(block => block, _ => new BitArray(count));
        for (bool changed = true; changed;)
        {
            changed = false;
            for (int i = blocks.Length - 1; i >= 0; i--)
            {
                var live = Walk(blocks[i], remove: false, out _);
                if (!live.Xor(atStart[blocks[i]]).HasAnySet()) continue;
                atStart[blocks[i]].Xor(live); // live is the difference now
                changed = true;
            }
        }

        bool removed = false;
        foreach (var block in blocks)
        {
            Walk(block, remove: true, out bool some);
            removed |= some;
        }
        return removed;

        BitArray Walk(BasicBlock block, bool remove, out bool some)
        {
            some = false;
            var live = new BitArray(count);
            foreach (var target in block.Targets) live.Or(atStart[target]);
            if (block.Condition.Variable is { } condition) live[condition.Index] = true;
            for (int i = block.Instructions.Count - 1; i >= 0; i--)
            {
                var instruction = block.Instructions[i];
                if (instruction.Target is { } assigned && !live[assigned.Index] && !HasEffect(instruction.Op) || IsIdle(instruction))
                {
                    if (!remove) continue;
                    block.Instructions.RemoveAt(i);
                    some = true;
                    continue;
                }
                if (instruction.Target is { } target) live[target.Index] = false;
                foreach (var operand in instruction.Read())
                    if (operand.Variable is { } variable) live[variable.Index] = true;
            }
            return live;
        }
    }

    static bool HasEffect(Op op) => op is Op.Store or >= Op.AtomicAdd;

    /// <summary>x = x</summary>
    static bool IsIdle(Instruction instruction) => instruction is { Op: Op.Move, Target: { } target, A.Variable: { } source } && target == source;
}
