using System.Reflection.Emit;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.Execution;

// The operations of a block, each as IL.
sealed partial class BlockCompiler
{
    void EmitInstruction(Instruction instruction, int number)
    {
        // These are computed where they are first used: before the loop, or from the frame.
        if (instruction.Target is { } target && (layout.IsUniform(target) || layout.IsFromFrame(target))) return;
        EmitOperation(instruction, number);
        if (instruction.Target is not null) Assign(instruction.Target);
        else if (instruction.Op != Op.Store) il.Emit(OpCodes.Pop);
    }

    /// <summary>Leaves the result on the stack. The number is for reports.</summary>
    void EmitOperation(Instruction i, int number)
    {
        switch (i.Op)
        {
            case Op.Move: Load(i.A); break;
            case Op.Add: Arithmetic(i, OpCodes.Add); break;
            case Op.Subtract: Arithmetic(i, OpCodes.Sub); break;
            case Op.Multiply: Arithmetic(i, OpCodes.Mul); break;
            case Op.Divide or Op.Remainder: Division(i, number); break;
            case Op.Negate: Load(i.A); il.Emit(OpCodes.Neg); break;
            case Op.And: Arithmetic(i, OpCodes.And); break;
            case Op.Or: Arithmetic(i, OpCodes.Or); break;
            case Op.Xor: Arithmetic(i, OpCodes.Xor); break;
            case Op.Not: Load(i.A); il.Emit(OpCodes.Not); break;
            case Op.ShiftLeft: Shift(i, OpCodes.Shl); break;
            case Op.ShiftRight: Shift(i, i.Unsigned ? OpCodes.Shr_Un : OpCodes.Shr); break;
            case Op.Equal or Op.NotEqual or Op.Less or Op.LessOrEqual or Op.Greater or Op.GreaterOrEqual: Comparison(i); break;
            case Op.Convert: Conversion(i); break;
            case >= Op.BitCast and <= Op.Round: Function(i); break;

            case Op.ParameterValue: InConstants(layout.ParameterOffsets[i.Index] + i.Offset, LoadCode(i.Memory)); break;
            case Op.ParameterPointer: InConstants(layout.ParameterOffsets[i.Index], OpCodes.Ldind_I); break;
            case Op.ParameterLength: InConstants(layout.ParameterOffsets[i.Index] + sizeof(long), OpCodes.Ldind_I8); break;
            case Op.GroupDimension: InConstants(FrameLayout.GroupDimension + sizeof(int) * i.Index, OpCodes.Ldind_I4); break;
            case Op.GridIndex: InConstants(FrameLayout.GridIndex + sizeof(int) * i.Index, OpCodes.Ldind_I4); break;
            case Op.GridDimension: InConstants(FrameLayout.GridDimension + sizeof(int) * i.Index, OpCodes.Ldind_I4); break;
            case Op.GroupIndex: InFrame(FrameLayout.GroupIndex + sizeof(int) * i.Index); il.Emit(OpCodes.Ldind_I4); break;
            // An address in shared memory is an offset, so that it is also the place of its stamp.
            case Op.Allocation when i.Target!.Type == ValueType.Shared: il.Emit(OpCodes.Ldc_I4, layout.SharedOffsets[i.Index]); il.Emit(OpCodes.Conv_I); break;
            case Op.Allocation: InFrame(layout.LocalOffsets[i.Index]); break;

            case Op.Element: Element(i, number); break;
            case Op.Field: Load(i.A); il.Emit(OpCodes.Ldc_I4, i.Offset); il.Emit(OpCodes.Add); break;
            case Op.Advance: Load(i.A); LoadIndex(i.B); Scale(i.Offset); il.Emit(OpCodes.Add); break;
            case Op.Load: Checked(i, number); Address(i); il.Emit(LoadCode(i.Memory)); break;
            case Op.Store: Checked(i, number); Address(i); Load(i.B); il.Emit(StoreCode(i.Memory)); break;
            case >= Op.AtomicAdd: Checked(i, number); Atomic(i); break;
            default: throw new NotSupportedException($"{method.Name}: the checker has no {i.Op}");
        }
    }

    void Arithmetic(Instruction i, OpCode code)
    {
        Load(i.A);
        Load(i.B);
        il.Emit(code);
        RoundResult(i);
    }

    /// <summary>IL lets floats be more precise than their type until they are converted.</summary>
    void RoundResult(Instruction i)
    {
        if (i.Target!.Type == ValueType.Float32) il.Emit(OpCodes.Conv_R4);
    }

    void Shift(Instruction i, OpCode code)
    {
        Load(i.A);
        Load(i.B);
        il.Emit(OpCodes.Ldc_I4, i.A.Type == ValueType.Int32 ? 31 : 63);
        il.Emit(OpCodes.And);
        il.Emit(code);
    }

    void Division(Instruction i, int number)
    {
        if (i.Target!.Type.IsFloat())
        {
            Arithmetic(i, i.Op == Op.Divide ? OpCodes.Div : OpCodes.Rem);
            return;
        }
        if (!i.B.IsConstant || i.B.Bits == 0)
        {
            Load(i.B);
            Report(OpCodes.Brfalse, nameof(LockstepGroup.DivisionByZero), number);
        }
        if (i.Unsigned) Arithmetic(i, i.Op == Op.Divide ? OpCodes.Div_Un : OpCodes.Rem_Un);
        else if (i.B.IsConstant && i.B.Bits != -1) Arithmetic(i, i.Op == Op.Divide ? OpCodes.Div : OpCodes.Rem);
        else Function(i);
    }

    void Comparison(Instruction i)
    {
        Load(i.A);
        Load(i.B);
        bool isFloat = i.A.Type.IsFloat();
        // The negation of an ordered comparison is true for what is not a number, of an unordered one false.
        switch (i.Op)
        {
            case Op.Equal when isFloat && i.Unsigned: il.Emit(OpCodes.Call, Method(typeof(KernelMath), nameof(KernelMath.EqualOrUnordered), typeof(double), typeof(double))); break;
            case Op.Equal: il.Emit(OpCodes.Ceq); break;
            case Op.NotEqual: il.Emit(OpCodes.Ceq); Invert(); break;
            case Op.Less: il.Emit(i.Unsigned ? OpCodes.Clt_Un : OpCodes.Clt); break;
            case Op.Greater: il.Emit(i.Unsigned ? OpCodes.Cgt_Un : OpCodes.Cgt); break;
            case Op.LessOrEqual: il.Emit(i.Unsigned != isFloat ? OpCodes.Cgt_Un : OpCodes.Cgt); Invert(); break;
            default: il.Emit(i.Unsigned != isFloat ? OpCodes.Clt_Un : OpCodes.Clt); Invert(); break;
        }

        void Invert()
        {
            il.Emit(OpCodes.Ldc_I4_0);
            il.Emit(OpCodes.Ceq);
        }
    }

    void Conversion(Instruction i)
    {
        Load(i.A);
        bool toUnsigned = i.Unsigned && i.A.Type.IsFloat();
        switch (i.Memory)
        {
            case MemoryType.Int8: il.Emit(OpCodes.Conv_I1); break;
            case MemoryType.UInt8: il.Emit(OpCodes.Conv_U1); break;
            case MemoryType.Int16: il.Emit(OpCodes.Conv_I2); break;
            case MemoryType.UInt16: il.Emit(OpCodes.Conv_U2); break;
            case MemoryType.Int32: il.Emit(toUnsigned ? OpCodes.Conv_U4 : OpCodes.Conv_I4); break;
            case MemoryType.Int64: il.Emit(i.Unsigned ? OpCodes.Conv_U8 : OpCodes.Conv_I8); break;
            default:
                if (i.Unsigned && !i.A.Type.IsFloat()) il.Emit(OpCodes.Conv_R_Un);
                il.Emit(i.Memory == MemoryType.Float32 ? OpCodes.Conv_R4 : OpCodes.Conv_R8);
                break;
        }
    }

    /// <summary>One of <see cref="KernelMath"/>, which has them by the names of the operations.</summary>
    void Function(Instruction i)
    {
        var type = (i.A.Type, i.Unsigned && i.Op is Op.Min or Op.Max) switch
        {
            (ValueType.Int32, false) => typeof(int),
            (ValueType.Int32, true) => typeof(uint),
            (ValueType.Int64, false) => typeof(long),
            (ValueType.Int64, true) => typeof(ulong),
            (ValueType.Float32, _) => typeof(float),
            _ => typeof(double),
        };
        Load(i.A);
        if (i.Operands > 1) Load(i.B);
        il.Emit(OpCodes.Call, Method(typeof(KernelMath), i.Op.ToString(), i.Operands > 1 ? [type, type] : [type]));
    }

    void InConstants(int offset, OpCode code)
    {
        il.Emit(OpCodes.Ldloc, constants);
        il.Emit(OpCodes.Ldc_I4, offset);
        il.Emit(OpCodes.Add);
        il.Emit(code);
    }

    /// <summary>Branches to a report, by what is on the stack. The report gets the work-item, the instruction and some operands.</summary>
    void Report(OpCode branch, string report, int number, params Operand[] details)
    {
        var label = il.DefineLabel();
        il.Emit(branch, label);
        reports.Add(() =>
        {
            il.MarkLabel(label);
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldloc, frame);
            il.Emit(OpCodes.Ldc_I4, number);
            foreach (var detail in details)
            {
                LoadIndex(detail);
                il.Emit(OpCodes.Conv_I8);
            }
            il.Emit(OpCodes.Call, Method(typeof(LockstepGroup), report));
            il.Emit(OpCodes.Throw);
        });
    }
}
