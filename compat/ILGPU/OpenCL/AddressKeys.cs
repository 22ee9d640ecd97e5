using System.Text;
using ILGPU.Compat.Ir;

namespace ILGPU.Compat.OpenCL;

/// <summary>
/// Addresses as a sum of what isn't known and a number of bytes that is: two with the same unknown part are a known distance apart.
/// The unknown part is a text, so that equal sums are equal wherever they were computed.
/// </summary>
sealed class AddressKeys
{
    readonly Dictionary<Variable, List<(BasicBlock Block, int Position, Instruction Instruction)>> definitions = [];
    readonly Dictionary<Variable, Sum> sums = [];

    /// <summary>Terms with their factors, and a constant.</summary>
    sealed record Sum(SortedDictionary<string, long> Terms, long Constant)
    {
        public static Sum Of(long constant) => new(new(StringComparer.Ordinal), constant);

        public static Sum Of(string term) => new(new(StringComparer.Ordinal) { [term] = 1 }, 0);

        public Sum Plus(Sum other, long factor)
        {
            var terms = new SortedDictionary<string, long>(Terms, StringComparer.Ordinal);
            foreach (var (term, count) in other.Terms)
            {
                long sum = terms.GetValueOrDefault(term) + count * factor;
                if (sum == 0) terms.Remove(term);
                else terms[term] = sum;
            }
            return new(terms, Constant + other.Constant * factor);
        }

        public string Key
        {
            get
            {
                var text = new StringBuilder();
                foreach (var (term, count) in Terms) text.Append(term).Append('*').Append(count).Append('+');
                return text.ToString();
            }
        }
    }

    public AddressKeys(KernelMethod kernel)
    {
        foreach (var block in kernel.Blocks)
            for (int i = 0; i < block.Instructions.Count; i++)
                if (block.Instructions[i].Target is { } target)
                {
                    if (!definitions.TryGetValue(target, out var list)) definitions[target] = list = [];
                    list.Add((block, i, block.Instructions[i]));
                }
    }

    /// <summary>An address that is computed in one place; null for any other.</summary>
    public (string Unknown, long Bytes)? Of(Operand address)
    {
        if (address.Variable is not { } variable || definitions[variable].Count != 1) return null;
        var sum = Find(variable);
        return (sum.Key, sum.Constant);
    }

    Sum Find(Operand operand, BasicBlock block, int position)
    {
        if (operand.Variable is not { } variable) return Sum.Of(operand.Bits);
        if (!definitions.TryGetValue(variable, out var list)) return Sum.Of($"{variable}");
        if (list.Count == 1) return Find(variable);
        // One that changes: equal only if read between the same two changes in the same block.
        return Sum.Of($"{variable}@{block.Index}:{list.Count(definition => definition.Block == block && definition.Position < position)}");
    }

    Sum Find(Variable variable)
    {
        if (sums.TryGetValue(variable, out var known)) return known;
        sums[variable] = Sum.Of($"{variable}"); // for one that depends on itself
        var (block, position, instruction) = definitions[variable][0];
        return sums[variable] = instruction.Op switch
        {
            Op.Move => Find(instruction.A, block, position),
            Op.Add => A().Plus(B(), 1),
            Op.Subtract => A().Plus(B(), -1),
            Op.Multiply when instruction.B.IsConstant => Sum.Of(0).Plus(A(), instruction.B.Bits),
            Op.ShiftLeft when instruction.B.IsConstant => Sum.Of(0).Plus(A(), 1L << (int)(instruction.B.Bits & 31)),
            Op.Convert when instruction is { Unsigned: false, Memory: MemoryType.Int64 } && !instruction.A.Type.IsFloat() => A(),
            Op.Field => A().Plus(Sum.Of(instruction.Offset), 1),
            Op.Element or Op.Advance => A().Plus(B(), instruction.Offset),
            Op.Multiply or Op.Divide or Op.Remainder or Op.And or Op.ShiftRight when !instruction.A.Type.IsFloat() => Sum.Of($"{instruction.Op}{(instruction.Unsigned ? "u" : "")}({Text(A())},{Text(B())})"),
            Op.ParameterPointer or Op.ParameterValue or Op.ParameterLength or Op.Allocation or (>= Op.GroupIndex and <= Op.GridDimension) =>
                Sum.Of($"{instruction.Op}{(instruction.Op == Op.Allocation ? variable.Type : "")}#{instruction.Index}+{instruction.Offset}"),
            _ => Sum.Of($"{variable}"),
        };

        Sum A() => Find(instruction.A, block, position);
        Sum B() => Find(instruction.B, block, position);
        static string Text(Sum sum) => sum.Key + sum.Constant;
    }
}
