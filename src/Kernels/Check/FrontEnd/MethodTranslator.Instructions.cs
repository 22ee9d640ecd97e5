using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.FrontEnd;

sealed partial class MethodTranslator
{
    void TranslateInstruction(IlInstruction instruction)
    {
        string name = instruction.Name;
        switch (name)
        {
            case "nop" or "break" or "volatile." or "unaligned." or "readonly." or "constrained." or "tail.": return;
            case "dup": Push(stack[^1]); return;
            case "pop": Pop(); return;

            case "ldc.i4": Push(Operand.Of(instruction.Int)); return;
            case "ldc.i8": Push(Operand.Of((long)instruction.Operand!)); return;
            case "ldc.r4": Push(Operand.Of((float)instruction.Operand!)); return;
            case "ldc.r8": Push(Operand.Of((double)instruction.Operand!)); return;
            case "sizeof": Push(Operand.Of(SizeOf(il.ResolveType(instruction.Int)))); return;

            case "ldarg": Push(arguments[instruction.Int].Read(builder)); return;
            case "ldarga": Push(new Reference(arguments[instruction.Int])); return;
            case "starg": arguments[instruction.Int].Write(builder, Fit(Pop(), il.Parameters[instruction.Int])); return;
            case "ldloc": Push(Local().Read(builder)); return;
            case "ldloca": Push(new Reference(Local())); return;
            case "stloc": Local().Write(builder, Fit(Pop(), Local().Type)); return;

            case "ldfld": LoadField(il.ResolveField(instruction.Int)); return;
            case "ldflda": Push(new Reference(FieldOf(PopPlace(), il.ResolveField(instruction.Int)))); return;
            case "stfld":
                var field = il.ResolveField(instruction.Int);
                var value = Fit(Pop(), field.FieldType);
                FieldOf(PopPlace(), field).Write(builder, value);
                return;
            case "ldsfld": LoadStatic(il.ResolveField(instruction.Int)); return;
            case "ldsflda" or "stsfld": throw StaticField(il.ResolveField(instruction.Int));

            case "initobj":
                var place = PopPlace();
                place.Write(builder, builder.Zero(place.Type));
                return;
            case "stobj":
                var stored = Pop();
                PopPlace().Write(builder, stored);
                return;
            case "ldobj": Push(PopPlace().Read(builder)); return;
            case "cpobj":
                var source = PopPlace();
                PopPlace().Write(builder, source.Read(builder));
                return;

            case "add": Arithmetic(Op.Add); return;
            case "sub": Arithmetic(Op.Subtract); return;
            case "mul": Arithmetic(Op.Multiply); return;
            case "div": Arithmetic(Op.Divide); return;
            case "div.un": Arithmetic(Op.Divide, unsigned: true); return;
            case "rem": Arithmetic(Op.Remainder); return;
            case "rem.un": Arithmetic(Op.Remainder, unsigned: true); return;
            case "and": Arithmetic(Op.And); return;
            case "or": Arithmetic(Op.Or); return;
            case "xor": Arithmetic(Op.Xor); return;
            case "shl": Shift(Op.ShiftLeft, false); return;
            case "shr": Shift(Op.ShiftRight, false); return;
            case "shr.un": Shift(Op.ShiftRight, true); return;
            case "neg": Push(builder.Compute(Op.Negate, PopOperand())); return;
            case "not": Push(builder.Compute(Op.Not, PopOperand())); return;

            case "call" or "callvirt": Call(instruction, isVirtual: name == "callvirt"); return;
            case "newobj": New(il.ResolveMethod(instruction.Int)); return;
        }
        if (Comparison(name) is var (op, unsigned))
        {
            var (a, b) = PopPair();
            Push(op == Op.Equal && b is { IsConstant: true, Bits: 0 } && Inverse(a) is { } inverse ? inverse : builder.Compute(op, a, b, unsigned));
        }
        else if (name.StartsWith("ldind", StringComparison.Ordinal)) Push(PopPlace().Read(builder));
        else if (name.StartsWith("stind", StringComparison.Ordinal))
        {
            var value = Pop();
            var place = PopPlace();
            place.Write(builder, Fit(value, place.Type));
        }
        else if (name.StartsWith("conv.", StringComparison.Ordinal)) Convert(name);
        else throw Refusals.Instruction(builder, il, instruction);
    }

    void Arithmetic(Op op, bool unsigned = false)
    {
        var (a, b) = PopPair();
        Push(builder.Compute(op, a, b, unsigned));
    }

    void Shift(Op op, bool unsigned)
    {
        var count = PopOperand();
        var value = PopOperand();
        Push(builder.Compute(op, value, count.Type == ValueType.Int64 ? builder.Convert(count, MemoryType.Int32) : count, unsigned));
    }

    /// <summary>IL writes "not less" as "less is 0"; this is the comparison that says so itself, if the last instruction made it.</summary>
    Operand? Inverse(Operand comparison)
    {
        if (builder.Block.Instructions.LastOrDefault() is not { } last || last.Target != comparison.Variable || comparison.IsConstant) return default(Operand?);
        Op? inverse = last.Op switch
        {
            Op.Equal => Op.NotEqual,
            Op.NotEqual => Op.Equal,
            Op.Less => Op.GreaterOrEqual,
            Op.LessOrEqual => Op.Greater,
            Op.Greater => Op.LessOrEqual,
            Op.GreaterOrEqual => Op.Less,
            _ => null,
        };
        // Of floats, the inverse of "less" is "not less, or not a number", and the other way round.
        bool unsigned = last.A.Type.IsFloat() ? !last.Unsigned && inverse is not (Op.Equal or Op.NotEqual) : last.Unsigned;
        return inverse is { } op ? builder.Compute(op, last.A, last.B, unsigned) : default(Operand?);
    }

    void Convert(string name)
    {
        var value = PopOperand();
        if (value.Type.IsPointer()) throw builder.Refuse("makes a number of an address", "Index a view");
        bool isFloat = value.Type.IsFloat();
        switch (name)
        {
            case "conv.i1": Small(MemoryType.Int8); return;
            case "conv.u1": Small(MemoryType.UInt8); return;
            case "conv.i2": Small(MemoryType.Int16); return;
            case "conv.u2": Small(MemoryType.UInt16); return;
            case "conv.i4": Push(builder.Convert(value, MemoryType.Int32)); return;
            case "conv.u4": Push(builder.Convert(value, MemoryType.Int32, unsigned: isFloat)); return;
            case "conv.i8" or "conv.i": Push(builder.Convert(value, MemoryType.Int64)); return;
            case "conv.u8" or "conv.u": Push(value.Type == ValueType.Int64 ? value : builder.Convert(value, MemoryType.Int64, unsigned: true)); return;
            case "conv.r4": Push(builder.Convert(value, MemoryType.Float32)); return;
            case "conv.r8": Push(builder.Convert(value, MemoryType.Float64)); return;
            case "conv.r.un":
                // C# says to what in the next instruction; in one step, it needs no double.
                bool single = at + 1 < il.Instructions.Length && il.Instructions[at + 1].Name == "conv.r4";
                Push(builder.Convert(value, single ? MemoryType.Float32 : MemoryType.Float64, unsigned: true));
                return;
            default: throw builder.Refuse("uses checked arithmetic", "Kernels have no exceptions: write unchecked(…)");
        }

        void Small(MemoryType to) => Push(builder.Convert(isFloat ? builder.Convert(value, MemoryType.Int32) : value, to));
    }

    void LoadField(System.Reflection.FieldInfo field)
    {
        var holder = Pop();
        if (holder is Aggregate aggregate) Push(aggregate.Fields[Layout.FieldIndex(field)]);
        else Push(FieldOf(PlaceOf(holder), field).Read(builder));
    }

    Place FieldOf(Place place, System.Reflection.FieldInfo field) =>
        field.FieldType.IsByRef ? throw builder.Refuse($"has a structure with the ref field {field.Name}", "Pass the ref or the view itself") : place.Field(builder, Layout.FieldIndex(field));

    void LoadStatic(System.Reflection.FieldInfo field)
    {
        if (!field.IsInitOnly || Layout.Number(field.FieldType) is not { } number) throw StaticField(field);
        object value = field.GetValue(null)!;
        if (field.FieldType.IsEnum) value = System.Convert.ChangeType(value, Enum.GetUnderlyingType(field.FieldType), System.Globalization.CultureInfo.InvariantCulture);
        Push(Constant(value));
    }

    static Operand Constant(object value) => value switch
    {
        float x => Operand.Of(x),
        double x => Operand.Of(x),
        bool x => Operand.Of(x ? 1 : 0),
        char x => Operand.Of((int)x),
        uint x => Operand.Of((int)x),
        ulong x => Operand.Of((long)x),
        long x => Operand.Of(x),
        nint x => Operand.Of((long)x),
        nuint x => Operand.Of((long)x),
        _ => Operand.Of(System.Convert.ToInt32(value, System.Globalization.CultureInfo.InvariantCulture)),
    };

    NotSupportedException StaticField(System.Reflection.FieldInfo field) => field.FieldType.IsSubclassOf(typeof(Delegate))
        ? Refusals.Delegate(builder, field.FieldType) // where C# keeps a lambda's delegate
        : builder.Refuse($"uses the static field {Names.Of(field.DeclaringType!)}.{field.Name}", "Use a const, a static readonly number, or a parameter");

    Place PopPlace() => PlaceOf(Pop());

    Place PlaceOf(Value value) => value is Reference reference ? reference.Place : throw builder.Refuse("uses a pointer", "Use a ref or a view");

    /// <summary>A number as a place of some type keeps it: cut to its width, where IL leaves that to the store.</summary>
    Value Fit(Value value, Type type)
    {
        if (value is Scalar { Operand: { IsConstant: true, Type: ValueType.Int32 } operand } && Layout.Number(type) is { } number && number.Loaded() == ValueType.Int32)
            return builder.Convert(operand, number);
        return value;
    }

    int SizeOf(Type type) => Layout.Objection(type) is { } objection ? throw builder.Refuse($"asks for the size of {Names.Of(type)}", objection) : Layout.Size(type);
}
