using ILGPU.Compat.Ir;

namespace ILGPU.Compat.OpenCL;

/// <summary>
/// Variables that are only another name for something that C can name by itself: a parameter, a work-item's place, a constant. They
/// are written as what they are and never become variables of C.
/// </summary>
sealed class Invariants(KernelMethod kernel, Usage usage)
{
    readonly bool?[] known = new bool?[kernel.Variables.Length];

    public bool Contains(Variable variable)
    {
        if (known[variable.Index] is { } answer) return answer;
        known[variable.Index] = false; // for one that depends on itself
        return (known[variable.Index] = usage.Definition(variable) is { } definition && IsName(definition)).Value;
    }

    bool IsName(Instruction definition) => definition.Op switch
    {
        Op.ParameterValue or Op.ParameterPointer or Op.ParameterLength or Op.Allocation or (>= Op.GroupIndex and <= Op.GridDimension) => true,
        Op.Move => definition.A.Variable is not { } source || Contains(source),
        _ => false,
    };
}
