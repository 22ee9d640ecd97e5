using System.Reflection;
using System.Reflection.Emit;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>
/// Makes a basic block into IL: what is the same for all work-items, then a loop over those that run, with straight-line code
/// for one of them inside. Checks branch away to the end of the method, where the reports are. This part is the frame of it and
/// where variables are; <c>InstructionCompiler.cs</c> has the operations, <c>AccessCompiler.cs</c> memory.
/// </summary>
sealed partial class BlockCompiler
{
    readonly LockstepProgram program;
    readonly KernelMethod method;
    readonly FrameLayout layout;
    readonly BasicBlock block;
    readonly ILGenerator il;
    readonly Dictionary<Variable, LocalBuilder> locals = [];
    readonly HashSet<Variable> present = [], changed = [];
    readonly List<Action> reports = [];
    // All of these are native ints but the last four: the numbers of the work-item and of the epochs, see Stamp.
    readonly LocalBuilder cursor, frame, constants, shared, stamps, me, since, now;

    BlockCompiler(LockstepProgram program, BasicBlock block, ILGenerator il)
    {
        (this.program, this.block, this.il) = (program, block, il);
        (method, layout) = (program.Method, program.Layout);
        cursor = il.DeclareLocal(typeof(nint));
        frame = il.DeclareLocal(typeof(nint));
        constants = il.DeclareLocal(typeof(nint));
        shared = il.DeclareLocal(typeof(nint));
        stamps = il.DeclareLocal(typeof(Stamp*));
        me = il.DeclareLocal(typeof(uint));
        since = il.DeclareLocal(typeof(uint));
        now = il.DeclareLocal(typeof(uint));
    }

    public static unsafe BlockCode Compile(LockstepProgram program, BasicBlock block)
    {
        var code = new DynamicMethod($"{program.Method.Name}.{block.Index}", typeof(void), [typeof(LockstepGroup), typeof(nint*), typeof(int)], typeof(BlockCompiler).Module, skipVisibility: true) { InitLocals = false };
        new BlockCompiler(program, block, code.GetILGenerator()).Emit();
        return code.CreateDelegate<BlockCode>();
    }

    void Emit()
    {
        bool watches = block.Instructions.Exists(i => FrameLayout.IsAccess(i.Op) && i.A.Type == ValueType.Shared);
        Fetch(nameof(LockstepGroup.Constants), constants);
        if (watches)
        {
            Fetch(nameof(LockstepGroup.Shared), shared);
            Fetch(nameof(LockstepGroup.Stamps), stamps);
            Fetch(nameof(LockstepGroup.Since), since);
            Fetch(nameof(LockstepGroup.Now), now);
        }
        EmitUniforms();
        var tails = EmitTails();
        var end = il.DeclareLocal(typeof(nint));
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Stloc, cursor);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Conv_I);
        il.Emit(OpCodes.Ldc_I4, sizeof(long));
        il.Emit(OpCodes.Mul);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, end);

        var next = il.DefineLabel();
        il.MarkLabel(next);
        il.Emit(OpCodes.Ldloc, cursor);
        il.Emit(OpCodes.Ldind_I);
        il.Emit(OpCodes.Stloc, frame);
        Step(cursor);
        if (watches)
        {
            il.Emit(OpCodes.Ldloc, frame);
            il.Emit(OpCodes.Ldind_U4);
            il.Emit(OpCodes.Ldloc, now);
            il.Emit(OpCodes.Or);
            il.Emit(OpCodes.Stloc, me);
        }
        for (int i = 0; i < block.Instructions.Count; i++)
            EmitInstruction(block.Instructions[i], LockstepProgram.NumberOf(block, i));
        if (block.End is End.Branch or End.Switch) Load(block.Condition);
        foreach (var variable in changed)
            if (layout.Liveness.IsLiveAfter(block, variable)) Keep(variable);

        var through = il.DefineLabel();
        EmitEnd(tails, through);
        il.MarkLabel(through);
        il.Emit(OpCodes.Ldloc, cursor);
        il.Emit(OpCodes.Ldloc, end);
        il.Emit(OpCodes.Blt_Un, next);
        foreach (var (list, tail) in tails)
        {
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldc_I4, list);
            il.Emit(OpCodes.Ldloc, tail);
            il.Emit(OpCodes.Call, Method(typeof(LockstepGroup), nameof(LockstepGroup.SetTail)));
        }
        il.Emit(OpCodes.Ret);
        foreach (var report in reports) report();
    }

    /// <summary>For each list that work-items can go to: where its next entry goes.</summary>
    Dictionary<int, LocalBuilder> EmitTails()
    {
        var tails = new Dictionary<int, LocalBuilder>();
        foreach (int list in block.End == End.Barrier ? [program.ParkingLists[block.Index]] : block.Targets.Select(target => target.Index).Distinct())
        {
            tails[list] = il.DeclareLocal(typeof(nint));
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldc_I4, list);
            il.Emit(OpCodes.Call, Method(typeof(LockstepGroup), nameof(LockstepGroup.Tail)));
            il.Emit(OpCodes.Stloc, tails[list]);
        }
        return tails;
    }

    /// <summary>The work-item goes where the block's end says; the condition is on the stack.</summary>
    void EmitEnd(Dictionary<int, LocalBuilder> tails, Label through)
    {
        if (block.End == End.Branch)
        {
            var other = il.DefineLabel();
            il.Emit(OpCodes.Brfalse, other);
            Go(block.Targets[0]);
            il.MarkLabel(other);
            Go(block.Targets[1]);
        }
        else if (block.End == End.Switch)
        {
            var labels = block.Targets[..^1].Select(_ => il.DefineLabel()).ToArray();
            il.Emit(OpCodes.Switch, labels);
            Go(block.Targets[^1]);
            for (int i = 0; i < labels.Length; i++)
            {
                il.MarkLabel(labels[i]);
                Go(block.Targets[i]);
            }
        }
        else
            foreach (var tail in tails.Values) Append(tail);

        void Go(BasicBlock target)
        {
            Append(tails[target.Index]);
            il.Emit(OpCodes.Br, through);
        }

        void Append(LocalBuilder tail)
        {
            il.Emit(OpCodes.Ldloc, tail);
            il.Emit(OpCodes.Ldloc, frame);
            il.Emit(OpCodes.Stind_I);
            Step(tail);
        }
    }

    /// <summary>What all work-items agree on, computed before the loop.</summary>
    void EmitUniforms()
    {
        foreach (var instruction in block.Instructions)
            if (instruction.Target is null || !layout.IsUniform(instruction.Target)) UseAll(instruction);
        if (block.End is End.Branch or End.Switch) Use(block.Condition);

        void UseAll(Instruction instruction)
        {
            if (instruction.Operands > 0) Use(instruction.A);
            if (instruction.Operands > 1) Use(instruction.B);
            if (instruction.Operands > 2) Use(instruction.C);
        }

        void Use(Operand operand)
        {
            if (operand.Variable is not { } variable || !layout.IsUniform(variable) || !present.Add(variable)) return;
            var definition = layout.Definition(variable)!;
            UseAll(definition);
            EmitOperation(definition, number: -1);
            il.Emit(OpCodes.Stloc, Local(variable));
        }
    }

    /// <summary>An operand onto the stack.</summary>
    void Load(Operand operand)
    {
        if (operand.Variable is { } variable)
        {
            if (present.Add(variable)) Fetch(variable);
            il.Emit(OpCodes.Ldloc, Local(variable));
            return;
        }
        switch (operand.Type)
        {
            case ValueType.Int32: il.Emit(OpCodes.Ldc_I4, (int)operand.Bits); break;
            case ValueType.Float32: il.Emit(OpCodes.Ldc_R4, operand.AsFloat); break;
            case ValueType.Float64: il.Emit(OpCodes.Ldc_R8, operand.AsDouble); break;
            default: il.Emit(OpCodes.Ldc_I8, operand.Bits); if (operand.Type.IsPointer()) il.Emit(OpCodes.Conv_I); break;
        }
    }

    /// <summary>What is on the stack becomes the variable's value.</summary>
    void Assign(Variable variable)
    {
        il.Emit(OpCodes.Stloc, Local(variable));
        present.Add(variable);
        changed.Add(variable);
    }

    /// <summary>A variable's value at the beginning of the block.</summary>
    void Fetch(Variable variable)
    {
        if (layout.IsFromFrame(variable)) EmitOperation(layout.Definition(variable)!, number: -1);
        else
        {
            InFrame(layout.Offset(variable));
            il.Emit(variable.Type switch
            {
                ValueType.Int32 => OpCodes.Ldind_I4,
                ValueType.Int64 => OpCodes.Ldind_I8,
                ValueType.Float32 => OpCodes.Ldind_R4,
                ValueType.Float64 => OpCodes.Ldind_R8,
                _ => OpCodes.Ldind_I,
            });
        }
        il.Emit(OpCodes.Stloc, Local(variable));
    }

    /// <summary>Puts a variable into the frame, for later blocks.</summary>
    void Keep(Variable variable)
    {
        InFrame(layout.Offset(variable));
        il.Emit(OpCodes.Ldloc, Local(variable));
        il.Emit(variable.Type switch
        {
            ValueType.Int32 => OpCodes.Stind_I4,
            ValueType.Int64 => OpCodes.Stind_I8,
            ValueType.Float32 => OpCodes.Stind_R4,
            ValueType.Float64 => OpCodes.Stind_R8,
            _ => OpCodes.Stind_I,
        });
    }

    void Fetch(string field, LocalBuilder local)
    {
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldfld, typeof(LockstepGroup).GetField(field)!);
        il.Emit(OpCodes.Stloc, local);
    }

    void InFrame(int offset)
    {
        il.Emit(OpCodes.Ldloc, frame);
        il.Emit(OpCodes.Ldc_I4, offset);
        il.Emit(OpCodes.Add);
    }

    void Step(LocalBuilder pointer)
    {
        il.Emit(OpCodes.Ldloc, pointer);
        il.Emit(OpCodes.Ldc_I4, sizeof(long));
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Stloc, pointer);
    }

    LocalBuilder Local(Variable variable)
    {
        if (!locals.TryGetValue(variable, out var local))
            locals[variable] = local = il.DeclareLocal(variable.Type switch
            {
                ValueType.Int32 => typeof(int),
                ValueType.Int64 => typeof(long),
                ValueType.Float32 => typeof(float),
                ValueType.Float64 => typeof(double),
                _ => typeof(nint),
            });
        return local;
    }

    static MethodInfo Method(Type type, string name, params Type[] parameters) =>
        (parameters.Length == 0 ? type.GetMethod(name) : type.GetMethod(name, parameters)) ?? throw new NotSupportedException($"the checker has no {type.Name}.{name}({string.Join<Type>(", ", parameters)})");
}
