using System.Reflection.Emit;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.Execution;

// Addresses and what is done with memory, as IL, with the checks before it.
sealed partial class BlockCompiler
{
    /// <summary>An address in a view, once the index is known to be in it.</summary>
    void Element(Instruction i, int number)
    {
        if (!(i.B.IsConstant && i.C.IsConstant && (ulong)Zeroed(i.B) < (ulong)i.C.Bits))
        {
            if (i.B.Type == ValueType.Int64) // Zero-extended ints can't be negative.
            {
                LoadIndex(i.B);
                il.Emit(OpCodes.Ldc_I4_0);
                il.Emit(OpCodes.Conv_I8);
                Report(OpCodes.Blt, nameof(LockstepGroup.OutOfView), number, i.B, i.C);
            }
            LoadIndex(i.B);
            Load(i.C);
            Report(OpCodes.Bge, nameof(LockstepGroup.OutOfView), number, i.B, i.C);
        }
        Load(i.A);
        LoadIndex(i.B);
        Scale(i.Offset);
        il.Emit(OpCodes.Add);

        static long Zeroed(Operand index) => index.Type == ValueType.Int32 ? (uint)index.Bits : index.Bits;
    }

    /// <summary>An index as 64 bits; an int is zero-extended, as ILGPU does.</summary>
    void LoadIndex(Operand index)
    {
        Load(index);
        if (index.Type == ValueType.Int32) il.Emit(OpCodes.Conv_U8);
    }

    void Scale(int bytes)
    {
        il.Emit(OpCodes.Ldc_I8, (long)bytes);
        il.Emit(OpCodes.Mul);
        il.Emit(OpCodes.Conv_I);
    }

    /// <summary>Looks whether memory may be touched there.</summary>
    void Checked(Instruction i, int number)
    {
        int size = i.Memory.Size();
        switch (i.A.Type)
        {
            case ValueType.Global:
                if (program.Origins.IsAdvanced(i.A) && program.Origins.Of(i.A) is { Index: var view }) WholeView(i, view, number);
                if (size == 1) break;
                Load(i.A);
                il.Emit(OpCodes.Ldc_I4, size - 1);
                il.Emit(OpCodes.Conv_I);
                il.Emit(OpCodes.And);
                Report(OpCodes.Brtrue, nameof(LockstepGroup.Misaligned), number);
                break;
            case ValueType.Local:
                Load(i.A);
                InFrame(layout.LocalStart);
                il.Emit(OpCodes.Sub);
                il.Emit(OpCodes.Ldc_I4, layout.LocalBytes - size);
                il.Emit(OpCodes.Conv_I);
                Report(OpCodes.Bgt_Un, nameof(LockstepGroup.OutOfLocal), number);
                break;
            default:
                Load(i.A);
                il.Emit(OpCodes.Ldc_I4, layout.SharedBytes);
                il.Emit(OpCodes.Ldc_I4, size);
                il.Emit(OpCodes.Call, Method(typeof(MemoryChecks), nameof(MemoryChecks.IsOutside)));
                Report(OpCodes.Brtrue, nameof(LockstepGroup.OutOfShared), number, i.A);
                for (int granule = 0; granule < size; granule += layout.GranuleBytes) Watch(i, number, granule);
                break;
        }
    }

    /// <summary>Looks whether an address made through a sub-view is in its view at all.</summary>
    void WholeView(Instruction i, int view, int number)
    {
        Load(i.A);
        InConstants(layout.ParameterOffsets[view], OpCodes.Ldind_I);
        il.Emit(OpCodes.Sub);
        InConstants(layout.ParameterOffsets[view] + sizeof(long), OpCodes.Ldind_I8);
        Scale(method.Parameters[view].Size);
        il.Emit(OpCodes.Ldc_I4, i.Memory.Size());
        il.Emit(OpCodes.Call, Method(typeof(MemoryChecks), nameof(MemoryChecks.IsOutsideView)));
        Report(OpCodes.Brtrue, nameof(LockstepGroup.OutOfWholeView), number);
    }

    /// <summary>Looks for races at one granule of shared memory, and remembers the access.</summary>
    void Watch(Instruction i, int number, int offset)
    {
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldloc, stamps);
        Load(i.A);
        il.Emit(OpCodes.Ldc_I4, offset);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldc_I4, layout.GranuleBytes);
        il.Emit(OpCodes.Call, Method(typeof(MemoryChecks), nameof(MemoryChecks.At)));
        if (i.Op == Op.Load) il.Emit(OpCodes.Ldloc, since);
        il.Emit(OpCodes.Ldloc, now);
        il.Emit(OpCodes.Ldloc, me);
        il.Emit(OpCodes.Ldc_I4, number);
        il.Emit(OpCodes.Call, Method(typeof(MemoryChecks), i.Op switch { Op.Load => nameof(MemoryChecks.Read), Op.Store => nameof(MemoryChecks.Write), _ => nameof(MemoryChecks.Change) }));
    }

    void Address(Instruction i)
    {
        if (i.A.Type == ValueType.Shared) il.Emit(OpCodes.Ldloc, shared);
        Load(i.A);
        if (i.A.Type == ValueType.Shared) il.Emit(OpCodes.Add);
    }

    /// <summary>One of <see cref="Atomics"/>, which has them by the names of the operations.</summary>
    void Atomic(Instruction i)
    {
        var type = i.Memory switch
        {
            MemoryType.Int32 => i.Unsigned ? typeof(uint) : typeof(int),
            MemoryType.Int64 => i.Unsigned ? typeof(ulong) : typeof(long),
            MemoryType.Float32 => typeof(float),
            _ => typeof(double),
        };
        Address(i);
        Load(i.B);
        if (i.Operands > 2) Load(i.C);
        il.Emit(OpCodes.Call, Method(typeof(Atomics), i.Op.ToString()["Atomic".Length..], [type.MakeByRefType(), type, .. i.Operands > 2 ? new[] { type } : []]));
    }

    static OpCode LoadCode(MemoryType type) => type switch
    {
        MemoryType.Int8 => OpCodes.Ldind_I1,
        MemoryType.UInt8 => OpCodes.Ldind_U1,
        MemoryType.Int16 => OpCodes.Ldind_I2,
        MemoryType.UInt16 => OpCodes.Ldind_U2,
        MemoryType.Int32 => OpCodes.Ldind_I4,
        MemoryType.Int64 => OpCodes.Ldind_I8,
        MemoryType.Float32 => OpCodes.Ldind_R4,
        _ => OpCodes.Ldind_R8,
    };

    static OpCode StoreCode(MemoryType type) => type.Size() switch
    {
        1 => OpCodes.Stind_I1,
        2 => OpCodes.Stind_I2,
        4 => type == MemoryType.Float32 ? OpCodes.Stind_R4 : OpCodes.Stind_I4,
        _ => type == MemoryType.Float64 ? OpCodes.Stind_R8 : OpCodes.Stind_I8,
    };
}
