using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>
/// Takes away what a translation of one instruction after the other leaves behind: copies, constants that only showed later,
/// what nobody uses, and jumps to the next line.
/// </summary>
/// <remarks>
/// C# assigns every local before it is used, on every path. So a variable that is assigned in one place has that value wherever
/// it is read, and a copy of it, itself assigned in one place, is the same.
/// </remarks>
static class Cleanup
{
    const int MostRounds = 20;

    /// <summary>The blocks that are reached from the entry, tidied up, in reverse post-order and numbered.</summary>
    public static BasicBlock[] Run(BasicBlock entry)
    {
        for (int round = 0; round < MostRounds; round++)
        {
            bool changed = Straighten(entry);
            var blocks = BlockOrder.Reached(entry);
            changed |= Propagate(blocks);
            foreach (var block in blocks) changed |= PropagateWithin(block);
            changed |= AssignDirectly(blocks);
            changed |= UnusedInstructions.Remove(blocks);
            if (!changed) break;
        }
        var ordered = BlockOrder.ReversePostOrder(entry);
        for (int i = 0; i < ordered.Length; i++) ordered[i].Index = i;
        return ordered;
    }

    /// <summary>Numbers the variables in the order in which they appear.</summary>
    public static Variable[] Number(BasicBlock[] blocks)
    {
        var variables = new List<Variable>();
        var seen = new HashSet<Variable>();
        foreach (var block in blocks)
        {
            foreach (var instruction in block.Instructions)
            {
                foreach (var operand in instruction.Read()) Meet(operand.Variable);
                Meet(instruction.Target);
            }
            Meet(block.Condition.Variable);
        }
        for (int i = 0; i < variables.Count; i++) variables[i].Index = i;
        return [.. variables];

        void Meet(Variable? variable)
        {
            if (variable is not null && seen.Add(variable)) variables.Add(variable);
        }
    }

    /// <summary>The operands in use.</summary>
    public static ReadOnlySpan<Operand> Read(this Instruction instruction) =>
        new Operand[] { instruction.A, instruction.B, instruction.C }.AsSpan(0, instruction.Operands);

    /// <summary>Decides branches on constants, skips empty blocks, and joins blocks that always follow one another.</summary>
    static bool Straighten(BasicBlock entry)
    {
        bool changed = false;
        var blocks = BlockOrder.Reached(entry);
        foreach (var block in blocks)
        {
            for (int i = 0; i < block.Targets.Length; i++)
            {
                var target = block.Targets[i];
                for (int hops = 0; target is { Instructions.Count: 0, End: End.Jump } && target.Targets[0] != target && hops < blocks.Length; hops++) target = target.Targets[0];
                changed |= block.Targets[i] != target;
                block.Targets[i] = target;
            }
            if (block.End is not (End.Branch or End.Switch)) continue;
            BasicBlock? only = block.Targets.Distinct().Count() == 1 ? block.Targets[0] : null;
            if (block.Condition.IsConstant)
                only = block.End == End.Branch ? block.Targets[block.Condition.Bits != 0 ? 0 : 1] : block.Targets[(int)Math.Min((uint)block.Condition.Bits, (uint)(block.Targets.Length - 1))];
            if (only is null) continue;
            (block.End, block.Condition, block.Targets) = (End.Jump, default, [only]);
            changed = true;
        }

        blocks = BlockOrder.Reached(entry);
        var arrivals = blocks.SelectMany(block => block.Targets).CountBy(target => target).ToDictionary();
        var joined = new HashSet<BasicBlock>();
        foreach (var block in blocks)
        {
            while (!joined.Contains(block) && block.End == End.Jump && block.Targets[0] is var next && next != block && next != entry && arrivals[next] == 1)
            {
                block.Instructions.AddRange(next.Instructions);
                (block.End, block.Condition, block.Targets, block.Source) = (next.End, next.Condition, next.Targets, next.Source);
                joined.Add(next);
                changed = true;
            }
        }
        return changed;
    }

    /// <summary>Reads of a variable that is once assigned a constant, or another such variable, become reads of that.</summary>
    static bool Propagate(BasicBlock[] blocks)
    {
        var instructions = blocks.SelectMany(block => block.Instructions);
        var assignments = Assignments(blocks);
        bool Once(Variable variable) => assignments.GetValueOrDefault(variable) == 1;
        var values = new Dictionary<Variable, Operand>();
        foreach (var instruction in instructions)
            if (instruction is { Op: Op.Move, Target: { } target } && Once(target) && (instruction.A.Variable is not { } source || source != target && Once(source)))
                values[target] = instruction.A;
        if (values.Count == 0) return false;

        bool changed = false;
        foreach (var block in blocks)
        {
            foreach (var instruction in block.Instructions) changed |= Replace(instruction, Value);
            var condition = Value(block.Condition);
            changed |= condition != block.Condition;
            block.Condition = condition;
        }
        return changed;

        Operand Value(Operand operand)
        {
            while (operand.Variable is { } variable && values.TryGetValue(variable, out var value)) operand = value;
            return operand;
        }
    }

    /// <summary>The same for any variable, from its assignment to the next or to the block's end; and constants are calculated with.</summary>
    static bool PropagateWithin(BasicBlock block)
    {
        bool changed = false;
        var values = new Dictionary<Variable, Operand>();
        var copies = new Dictionary<Variable, List<Variable>>(); // who stands for a variable
        Operand Value(Operand operand) => operand.Variable is { } variable && values.TryGetValue(variable, out var value) ? value : operand;
        for (int i = 0; i < block.Instructions.Count; i++)
        {
            var instruction = block.Instructions[i];
            changed |= Replace(instruction, Value);
            if (instruction.Op is >= Op.Add and <= Op.Round && Folding.Fold(instruction.Op, instruction.Unsigned, instruction.Memory, instruction.A, instruction.B) is { } folded)
            {
                block.Instructions[i] = instruction = new(Op.Move) { Target = instruction.Target, A = folded, Operands = 1, Source = instruction.Source };
                changed = true;
            }
            if (instruction.Target is not { } target) continue;
            values.Remove(target);
            if (copies.Remove(target, out var old))
                foreach (var copy in old)
                    if (values.TryGetValue(copy, out var value) && value.Variable == target) values.Remove(copy);
            if (instruction.Op != Op.Move || instruction.A.Variable == target) continue;
            values[target] = instruction.A;
            if (instruction.A.Variable is not { } source) continue;
            if (!copies.TryGetValue(source, out var list)) copies[source] = list = [];
            list.Add(target);
        }
        var condition = Value(block.Condition);
        changed |= condition != block.Condition;
        block.Condition = condition;
        return changed;
    }

    /// <summary>t = a + b; x = t, where t is for nothing else, becomes x = a + b.</summary>
    static bool AssignDirectly(BasicBlock[] blocks)
    {
        var assignments = Assignments(blocks);
        var uses = new Dictionary<Variable, int>();
        foreach (var block in blocks)
        {
            foreach (var instruction in block.Instructions)
                foreach (var operand in instruction.Read()) Count(operand.Variable);
            Count(block.Condition.Variable);
        }

        bool changed = false;
        foreach (var block in blocks)
        {
            var list = block.Instructions;
            for (int i = 0; i < list.Count; i++)
            {
                if (list[i] is not { Op: Op.Move, Target: { } x, A.Variable: { } t } || assignments[t] != 1 || uses[t] != 1) continue;
                int made = i - 1;
                while (made >= 0 && list[made].Target != t && list[made].Target != x && !Reads(list[made], x)) made--;
                if (made < 0 || list[made].Target != t) continue;
                list[made].Target = x;
                list.RemoveAt(i--);
                changed = true;
            }
        }
        return changed;

        void Count(Variable? variable)
        {
            if (variable is not null) uses[variable] = uses.GetValueOrDefault(variable) + 1;
        }

        static bool Reads(Instruction instruction, Variable variable)
        {
            foreach (var operand in instruction.Read())
                if (operand.Variable == variable) return true;
            return false;
        }
    }

    static Dictionary<Variable, int> Assignments(BasicBlock[] blocks) =>
        blocks.SelectMany(block => block.Instructions).Where(instruction => instruction.Target is not null).CountBy(instruction => instruction.Target!).ToDictionary();

    static bool Replace(Instruction instruction, Func<Operand, Operand> value)
    {
        var (a, b, c) = (value(instruction.A), value(instruction.B), value(instruction.C));
        if (a == instruction.A && b == instruction.B && c == instruction.C) return false;
        (instruction.A, instruction.B, instruction.C) = (a, b, c);
        return true;
    }
}
