using ILGPU.Compat.Ir;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace ILGPU.Compat.OpenCL;

/// <summary>
/// Which variables say where in memory something is, and nothing else. Integers of a kernel wrap, and C's signed ones may not, so
/// their arithmetic is written in unsigned numbers; but then no compiler can see that the elements at i + 1 and i + 2 are
/// neighbours (i + 1 might have wrapped), and none vectorises. An index that overflows 31 bits is no index of any view, so
/// what leads to addresses alone, or is compared with a bound on the way, is written in signed arithmetic. Hashes and random
/// numbers lead there through a mask, a shift or a remainder, and wrap.
/// </summary>
sealed class IndexArithmetic
{
    readonly bool[] allowed, leads;

    public IndexArithmetic(KernelMethod kernel, Usage usage)
    {
        leads = new bool[kernel.Variables.Length];
        allowed = [.. kernel.Variables.Select(variable => variable.Type is ValueType.Int32 or ValueType.Int64)];
        var live = kernel.Blocks.SelectMany(block => block.Instructions).Where(instruction => !usage.Dead.Contains(instruction)).ToArray();
        for (bool changed = true; changed;)
        {
            changed = false;
            foreach (var instruction in live)
            {
                for (int i = 0; i < Usage.Operands(instruction); i++)
                {
                    if (Usage.Operand(instruction, i).Variable is not { } variable) continue;
                    var use = Classify(instruction, i);
                    bool passedOn = use == Use.PassedOn && instruction.Target is not null;
                    bool isAllowed = allowed[variable.Index] && (use is Use.Address or Use.Compared || (passedOn && allowed[instruction.Target!.Index]));
                    bool isLeading = leads[variable.Index] || use == Use.Address || (passedOn && leads[instruction.Target!.Index]);
                    changed |= isAllowed != allowed[variable.Index] || isLeading != leads[variable.Index];
                    (allowed[variable.Index], leads[variable.Index]) = (isAllowed, isLeading);
                }
            }
        }
    }

    enum Use { Address, Compared, PassedOn, Other }

    /// <summary>It leads to addresses, and to nothing else.</summary>
    public bool Contains(Variable? variable) => variable is not null && allowed[variable.Index] && leads[variable.Index];

    static Use Classify(Instruction instruction, int operand) => instruction.Op switch
    {
        Op.Element or Op.Advance when operand == 1 => Use.Address,
        >= Op.Equal and <= Op.GreaterOrEqual => Use.Compared,
        Op.Add or Op.Subtract or Op.Multiply or Op.Negate or Op.Move or Op.Min or Op.Max => Use.PassedOn,
        Op.ShiftLeft when operand == 0 && instruction.B.IsConstant => Use.PassedOn,
        Op.Convert when !instruction.Unsigned && instruction.Memory == MemoryType.Int64 => Use.PassedOn,
        _ => Use.Other,
    };
}
