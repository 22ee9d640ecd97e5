using ILGPU.Compat.Ir;

namespace ILGPU.Compat.OpenCL;

/// <summary>Where a kernel's variables are assigned and used: what decides which of them C gets to see.</summary>
sealed class Usage
{
    readonly KernelMethod kernel;
    readonly Entry[] entries;

    /// <summary>What is known of a variable.</summary>
    struct Entry
    {
        public int Definitions, Uses;
        /// <summary>The only block that touches it, or null if there are several.</summary>
        public BasicBlock? Block;
        /// <summary>Its one assignment, if there is one only.</summary>
        public Instruction? Definition;
        /// <summary>The first thing that its block does with it is to use it: the value is an earlier round's.</summary>
        public bool ReadFirst;
        public bool Seen;
    }

    public Usage(KernelMethod kernel)
    {
        this.kernel = kernel;
        entries = new Entry[kernel.Variables.Length];
        while (true)
        {
            Count();
            int removed = 0;
            foreach (var block in kernel.Blocks)
                foreach (var instruction in block.Instructions)
                    if (!HasEffect(instruction.Op) && instruction.Target is { } target && entries[target.Index].Uses == 0 && Dead.Add(instruction)) removed++;
            if (removed == 0) break;
        }
    }

    /// <summary>Instructions whose results nobody needs.</summary>
    public HashSet<Instruction> Dead { get; } = [];

    /// <summary>Assigned in one place only: that assignment.</summary>
    public Instruction? Definition(Variable variable) => entries[variable.Index] is { Definitions: 1 } entry ? entry.Definition : null;

    /// <summary>How often it is used.</summary>
    public int Uses(Variable variable) => entries[variable.Index].Uses;

    /// <summary>It appears in the program.</summary>
    public bool Exists(Variable variable) => entries[variable.Index].Seen;

    /// <summary>The block that it can be declared in: no other one touches it, and it carries nothing from one round to the next.</summary>
    public BasicBlock? Home(Variable variable) => entries[variable.Index] is { ReadFirst: false } entry ? entry.Block : null;

    /// <summary>The operands that C sees: a view's length is there for executors that check.</summary>
    public static int Operands(Instruction instruction) => instruction.Op == Op.Element ? 2 : instruction.Operands;

    public static Operand Operand(Instruction instruction, int i) => i switch { 0 => instruction.A, 1 => instruction.B, _ => instruction.C };

    /// <summary>It writes memory.</summary>
    public static bool HasEffect(Op op) => op is Op.Store or >= Op.AtomicAdd;

    void Count()
    {
        Array.Clear(entries);
        foreach (var block in kernel.Blocks)
        {
            foreach (var instruction in block.Instructions)
            {
                if (Dead.Contains(instruction)) continue;
                for (int i = 0; i < Operands(instruction); i++) Use(Operand(instruction, i), block);
                if (instruction.Target is not { } target) continue;
                ref var entry = ref Touch(target, block);
                entry.Definitions++;
                entry.Definition = instruction;
            }
            if (block.End is End.Branch or End.Switch) Use(block.Condition, block);
        }
    }

    void Use(Operand operand, BasicBlock block)
    {
        if (operand.Variable is not { } variable) return;
        ref var entry = ref Touch(variable, block);
        entry.Uses++;
        if (entry.Definitions == 0) entry.ReadFirst = true;
    }

    ref Entry Touch(Variable variable, BasicBlock block)
    {
        ref var entry = ref entries[variable.Index];
        entry.Block = !entry.Seen || entry.Block == block ? block : null;
        entry.Seen = true;
        return ref entry;
    }
}
