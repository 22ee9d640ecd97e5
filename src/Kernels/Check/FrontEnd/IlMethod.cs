using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Reflection;
using System.Reflection.Emit;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>An instruction of IL. Its short forms are gone: <c>ldarg.0</c> and <c>ldarg.s 0</c> are both ldarg with an operand.</summary>
/// <param name="Offset">Where it is in the method.</param>
/// <param name="Code">For what it takes off the stack.</param>
/// <param name="Name">Its plain name.</param>
/// <param name="Operand">An int (number, index, offset or token), a long, float or double, or a switch's offsets.</param>
sealed record IlInstruction(int Offset, OpCode Code, string Name, object? Operand)
{
    public int Int => (int)Operand!;

    /// <summary>Nothing after it is reached from it, unless it jumps there.</summary>
    public bool Leaves => Code.FlowControl is FlowControl.Branch or FlowControl.Return or FlowControl.Throw;
}

/// <summary>Instructions that run one after the other.</summary>
sealed class IlBlock(int first)
{
    public int First { get; } = first;

    public int Last { get; set; }

    /// <summary>Where a branch or switch may go, in the operand's order, then the next instruction if that is reached.</summary>
    public List<IlBlock> Successors { get; } = [];

    /// <summary>The place in reverse post-order; -1 where nothing leads.</summary>
    public int Order { get; set; } = -1;
}

/// <summary>A method's IL, decoded, in the types that it is called with.</summary>
sealed class IlMethod
{
    static readonly FrozenDictionary<short, OpCode> Codes = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToFrozenDictionary(code => code.Value);

    readonly Type[]? typeArguments, methodArguments;

    /// <exception cref="InvalidOperationException">The method has no IL.</exception>
    public IlMethod(MethodBase method)
    {
        var body = method.GetMethodBody() ?? throw new InvalidOperationException($"{method} has no body");
        Method = method;
        typeArguments = method.DeclaringType?.GetGenericArguments();
        methodArguments = method.IsGenericMethod ? method.GetGenericArguments() : null;
        Parameters = [.. ThisParameter(method), .. method.GetParameters().Select(parameter => parameter.ParameterType)];
        Locals = [.. body.LocalVariables];
        HasHandlers = body.ExceptionHandlingClauses.Count > 0;
        Instructions = Decode(body.GetILAsByteArray()!);
        Blocks = FindBlocks();
        Variables = new(this);
    }

    public MethodBase Method { get; }

    /// <summary>The types of its arguments, <c>this</c> among them.</summary>
    public Type[] Parameters { get; }

    public LocalVariableInfo[] Locals { get; }

    public bool HasHandlers { get; }

    public IlInstruction[] Instructions { get; }

    /// <summary>Those that are reached, in reverse post-order.</summary>
    public IlBlock[] Blocks { get; }

    /// <summary>How its locals and arguments are used.</summary>
    public LocalUse Variables { get; }

    public MethodBase ResolveMethod(int token) => Method.Module.ResolveMethod(token, typeArguments, methodArguments)!;

    public FieldInfo ResolveField(int token) => Method.Module.ResolveField(token, typeArguments, methodArguments)!;

    public Type ResolveType(int token) => Method.Module.ResolveType(token, typeArguments, methodArguments);

    static Type[] ThisParameter(MethodBase method) =>
        method.IsStatic ? [] : method.DeclaringType!.IsValueType ? [method.DeclaringType.MakeByRefType()] : [method.DeclaringType];

    static IlInstruction[] Decode(ReadOnlySpan<byte> il)
    {
        var list = new List<IlInstruction>();
        for (int at = 0; at < il.Length;)
        {
            int start = at;
            short value = il[at++];
            if (value == 0xfe) value = (short)(0xfe00 | il[at++]);
            var code = Codes[value];
            var rest = il[at..];
            object? operand = null;
            int size = 0;
            switch (code.OperandType)
            {
                case OperandType.InlineNone: break;
                case OperandType.ShortInlineBrTarget: (operand, size) = (at + 1 + (sbyte)rest[0], 1); break;
                case OperandType.InlineBrTarget: (operand, size) = (at + 4 + Int(rest), 4); break;
                case OperandType.ShortInlineI: (operand, size) = ((int)(sbyte)rest[0], 1); break;
                case OperandType.ShortInlineVar: (operand, size) = ((int)rest[0], 1); break;
                case OperandType.InlineVar: (operand, size) = ((int)BinaryPrimitives.ReadUInt16LittleEndian(rest), 2); break;
                case OperandType.InlineI8: (operand, size) = (BinaryPrimitives.ReadInt64LittleEndian(rest), 8); break;
                case OperandType.ShortInlineR: (operand, size) = (BinaryPrimitives.ReadSingleLittleEndian(rest), 4); break;
                case OperandType.InlineR: (operand, size) = (BinaryPrimitives.ReadDoubleLittleEndian(rest), 8); break;
                case OperandType.InlineSwitch:
                    int count = Int(rest);
                    size = 4 + 4 * count;
                    var targets = new int[count];
                    for (int i = 0; i < count; i++) targets[i] = at + size + Int(rest[(4 + 4 * i)..]);
                    operand = targets;
                    break;
                default: (operand, size) = (Int(rest), 4); break;
            }
            at += size;
            list.Add(Plain(start, code, operand));
        }
        return [.. list];

        static int Int(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }

    /// <summary>Without the short forms.</summary>
    static IlInstruction Plain(int offset, OpCode code, object? operand)
    {
        string name = code.Name!;
        if (name == "ldc.i4.m1") return new(offset, code, "ldc.i4", -1);
        if (name.EndsWith(".s", StringComparison.Ordinal)) name = name[..^2];
        if (operand is null && name.Length > 2 && name[^2] == '.' && char.IsAsciiDigit(name[^1]) && name[..^2] is "ldarg" or "ldloc" or "stloc" or "ldc.i4")
            (name, operand) = (name[..^2], name[^1] - '0');
        return new(offset, code, name, operand);
    }

    IlBlock[] FindBlocks()
    {
        var at = new Dictionary<int, int>();
        for (int i = 0; i < Instructions.Length; i++) at[Instructions[i].Offset] = i;
        int[] Targets(IlInstruction instruction) => instruction.Code.OperandType switch
        {
            OperandType.InlineSwitch => [.. ((int[])instruction.Operand!).Select(offset => at[offset])],
            OperandType.InlineBrTarget or OperandType.ShortInlineBrTarget => [at[instruction.Int]],
            _ => [],
        };

        var leaders = new SortedSet<int> { 0 };
        for (int i = 0; i < Instructions.Length; i++)
        {
            int[] targets = Targets(Instructions[i]);
            leaders.UnionWith(targets);
            if ((targets.Length > 0 || Instructions[i].Leaves) && i + 1 < Instructions.Length) leaders.Add(i + 1);
        }

        var blocks = leaders.ToDictionary(first => first, first => new IlBlock(first));
        int end = Instructions.Length;
        foreach (int first in leaders.Reverse())
        {
            var block = blocks[first];
            var last = Instructions[block.Last = end - 1];
            foreach (int target in Targets(last)) block.Successors.Add(blocks[target]);
            if (!last.Leaves && end < Instructions.Length) block.Successors.Add(blocks[end]);
            end = first;
        }

        var postOrder = new List<IlBlock>();
        var seen = new HashSet<IlBlock>();
        Visit(blocks[0]);
        postOrder.Reverse();
        for (int i = 0; i < postOrder.Count; i++) postOrder[i].Order = i;
        return [.. postOrder];

        void Visit(IlBlock block)
        {
            if (!seen.Add(block)) return;
            foreach (var successor in block.Successors) Visit(successor);
            postOrder.Add(block);
        }
    }
}
