using ILGPU.Compat.Ir;

namespace ILGPU.Compat.OpenCL;

/// <summary>
/// Variables that a work-item could compute anew at any place: from its index, parameters and constants alone. The cheapest,
/// which are just names in C, never become variables. Of the others, those of a kernel with barriers are computed again in
/// each block that needs them: a driver that runs a group as a loop (PoCL) must save what lives across a barrier for
/// each work-item, and an index read back from memory is one that it can't see through, so that nothing vectorises.
/// </summary>
sealed class Invariants
{
    /// <summary>More operations than this are not worth doing twice.</summary>
    const int Most = 12;

    readonly Usage usage;
    readonly bool recompute;
    readonly int?[] costs;

    public Invariants(KernelMethod kernel, Usage usage)
    {
        this.usage = usage;
        recompute = kernel.HasBarriers;
        costs = new int?[kernel.Variables.Length];
    }

    /// <summary>It is read by writing down what it is, not by its name.</summary>
    public bool Contains(Variable variable) => Cost(variable) is var cost && (cost == 0 || (recompute && cost <= Most));

    /// <summary>Operations that it takes: 0 for a name or a constant, more than <see cref="Most"/> for what is no invariant.</summary>
    int Cost(Variable variable)
    {
        if (costs[variable.Index] is { } known) return known;
        costs[variable.Index] = int.MaxValue; // for one that depends on itself
        return (costs[variable.Index] = Find(usage.Definition(variable))).Value;
    }

    int Find(Instruction? definition)
    {
        if (definition is null) return int.MaxValue;
        int cost = definition.Op switch
        {
            Op.ParameterValue or Op.ParameterPointer or Op.ParameterLength or Op.Allocation or (>= Op.GroupIndex and <= Op.GridDimension) or Op.Move => 0,
            Op.Add or Op.Subtract or Op.Multiply or Op.Negate or Op.And or Op.Or or Op.Xor or Op.Not or Op.ShiftLeft or Op.ShiftRight when !definition.A.Type.IsFloat() => 1,
            Op.Divide or Op.Remainder when !definition.A.Type.IsFloat() && definition.B.IsConstant => 2,
            Op.Convert when !definition.A.Type.IsFloat() => 1,
            Op.Element or Op.Field or Op.Advance => 1,
            _ => int.MaxValue,
        };
        for (int i = 0; i < Usage.Operands(definition) && cost <= Most; i++)
        {
            if (Usage.Operand(definition, i).Variable is not { } operand) continue;
            int other = Cost(operand);
            cost = other > Most ? int.MaxValue : cost + other;
        }
        return cost;
    }
}
