using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>What the back ends rely on in every kernel: types, numbering, order.</summary>
static class FormChecks
{
    public static void Check(KernelMethod kernel)
    {
        for (int i = 0; i < kernel.Blocks.Length; i++) Assert.Equal(i, kernel.Blocks[i].Index);
        for (int i = 0; i < kernel.Variables.Length; i++) Assert.Equal(i, kernel.Variables[i].Index);
        Assert.DoesNotContain(kernel.Blocks, block => block.Targets.Contains(kernel.Blocks[0]));
        var assigned = kernel.Blocks.SelectMany(block => block.Instructions).Select(instruction => instruction.Target).ToHashSet();
        Assert.All(kernel.Variables, variable => Assert.Contains(variable, assigned));

        foreach (var block in kernel.Blocks)
        {
            // In reverse post-order, a block other than the entry is led to from one before it.
            if (block.Index > 0) Assert.Contains(kernel.Blocks[..block.Index], earlier => earlier.Targets.Contains(block));
            Assert.All(block.Targets, target => Assert.Same(target, kernel.Blocks[target.Index]));
            Assert.True(block.End switch { End.Return => block.Targets.Length == 0, End.Jump or End.Barrier => block.Targets.Length == 1, End.Branch => block.Targets.Length == 2, _ => block.Targets.Length > 1 });
            if (block.End is End.Branch or End.Switch) Assert.True(block.Condition is { IsConstant: false, Type: ValueType.Int32 });
            foreach (var instruction in block.Instructions) Assert.True(IsTyped(instruction), $"{instruction}");
        }
    }

    static bool IsTyped(Instruction i)
    {
        ValueType? d = i.Target?.Type;
        ValueType a = i.A.Type, b = i.B.Type;
        return i.Op switch
        {
            Op.Move => i.Operands == 1 && a == d,
            Op.ShiftLeft or Op.ShiftRight => i.Operands == 2 && a == d && b == ValueType.Int32 && !a.IsFloat(),
            Op.And or Op.Or or Op.Xor => i.Operands == 2 && a == b && a == d && !a.IsFloat(),
            Op.Not => i.Operands == 1 && a == d && !a.IsFloat(),
            >= Op.Equal and <= Op.GreaterOrEqual => i.Operands == 2 && a == b && d == ValueType.Int32,
            Op.Convert => i.Operands == 1 && d == i.Memory.Loaded() && !a.IsPointer(),
            Op.BitCast => i.Operands == 1 && d != a && !a.IsPointer(),
            Op.Add or Op.Subtract or Op.Multiply or Op.Divide or Op.Remainder or Op.Min or Op.Max or Op.Pow => i.Operands == 2 && a == b && a == d && !a.IsPointer(),
            >= Op.Add and <= Op.Round => i.Operands == 1 && a == d && !a.IsPointer(),
            Op.ParameterValue => i.Operands == 0 && d == i.Memory.Loaded(),
            Op.ParameterPointer => i.Operands == 0 && d == ValueType.Global,
            Op.ParameterLength => i.Operands == 0 && d == ValueType.Int64,
            Op.Allocation => i.Operands == 0 && d is ValueType.Shared or ValueType.Local,
            Op.GroupIndex or Op.GroupDimension or Op.GridIndex or Op.GridDimension => i.Operands == 0 && d == ValueType.Int32,
            Op.Element => i.Operands == 3 && a.IsPointer() && a == d && b is ValueType.Int32 or ValueType.Int64 && i.C.Type == ValueType.Int64,
            Op.Field => i.Operands == 1 && a.IsPointer() && a == d,
            Op.Advance => i.Operands == 2 && a.IsPointer() && a == d && b == ValueType.Int64,
            Op.Load => i.Operands == 1 && a.IsPointer() && d == i.Memory.Loaded(),
            Op.Store => i.Operands == 2 && a.IsPointer() && d is null && b == i.Memory.Loaded(),
            _ => i.Operands == (i.Op == Op.AtomicCompareExchange ? 3 : 2) && a.IsPointer() && d == i.Memory.Loaded() && b == d,
        };
    }
}
