using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>
/// Translates one method, in place of a call of it: its blocks in reverse post-order, each against a stack of values. This part
/// is about where control goes; the others about instructions and calls.
/// </summary>
sealed partial class MethodTranslator
{
    /// <summary>How control comes to a block of the method: from where, with what on the stack.</summary>
    sealed class Arrivals
    {
        public BasicBlock Entry { get; } = new();

        public List<(BasicBlock From, Value[] Stack)> List { get; } = [];
    }

    readonly KernelBuilder builder;
    readonly IlMethod il;
    readonly MethodTranslator? caller;
    readonly Place[] arguments;
    readonly Place?[] locals;
    readonly List<Value> stack = [];
    readonly Arrivals?[] arrivals;
    readonly List<(BasicBlock From, Value? Value)> returns = [];
    int at; // the instruction that is being translated

    MethodTranslator(KernelBuilder builder, IlMethod il, MethodTranslator? caller, Value[] values)
    {
        (this.builder, this.il, this.caller) = (builder, il, caller);
        arrivals = new Arrivals?[il.Blocks.Length];
        locals = new Place?[il.Variables.Webs.Length];
        arguments = [.. values.Select((value, i) => Argument(i, value))];
    }

    /// <summary>Puts a kernel's instructions into the builder's block and the blocks after it.</summary>
    public static void TranslateKernel(KernelBuilder builder, IlMethod kernel, Value[] arguments)
    {
        var translator = new MethodTranslator(builder, kernel, null, arguments);
        translator.Translate();
        foreach (var (from, _) in translator.returns)
        {
            builder.Block = from;
            builder.Finish(End.Return, default);
        }
    }

    /// <summary>An argument that the method doesn't change is another name for the caller's value.</summary>
    Place Argument(int index, Value value)
    {
        var type = il.Parameters[index];
        if (!il.Variables.IsAssigned(index)) return new NamePlace(type, value);
        var place = Place.Create(builder, type);
        place.Write(builder, value);
        return place;
    }

    /// <summary>The place of the local that the current instruction names.</summary>
    Place Local()
    {
        ref var place = ref locals[il.Variables.WebAt(at)];
        var web = il.Variables.Webs[il.Variables.WebAt(at)];
        var type = web.Local.LocalType;
        if (web.Local.IsPinned) throw builder.Refuse("pins memory with fixed", "Use a ref or a view");
        if (type.IsPointer) throw builder.Refuse("uses a pointer", "Use a ref or a view");
        return place ??= web.IsName ? new NamePlace(type) : Place.Create(builder, type);
    }

    void Translate()
    {
        builder.Stacks.Add(stack);
        builder.Source = (Names.Of(il.Method), 0);
        if (il.HasHandlers) throw builder.Refuse("has a try block", "Kernels have no exceptions: test instead");
        if (il.Blocks.Any(block => block.Successors.Contains(il.Blocks[0]))) GoTo(il.Blocks[0]);
        foreach (var block in il.Blocks)
        {
            if (arrivals[block.Order] is { } arrival) Enter(arrival);
            else if (block.Order > 0) continue; // a branch on a constant goes the other way
            TranslateBlock(block);
        }
        builder.Stacks.RemoveAt(builder.Stacks.Count - 1);
    }

    /// <summary>Goes on where control arrives from one or several blocks that were translated before.</summary>
    void Enter(Arrivals arrival)
    {
        stack.Clear();
        int depth = arrival.List[0].Stack.Length;
        for (int i = 0; i < depth; i++)
            stack.Add(Merge([.. arrival.List.Select(one => (one.From, one.Stack[i]))]));
        builder.Block = arrival.Entry;
    }

    void TranslateBlock(IlBlock block)
    {
        bool ended = false;
        if (il.Instructions[block.Last] is { Name: "throw" } end) // not a word about the exception's making
        {
            builder.Source = (Names.Of(il.Method), end.Offset);
            throw builder.Refuse("throws", "Kernels have no exceptions: return, or write a value that says it");
        }
        for (at = block.First; at <= block.Last && !ended; at++)
        {
            builder.Source = (Names.Of(il.Method), il.Instructions[at].Offset);
            ended = TranslateEnd(block, il.Instructions[at]);
            if (!ended) TranslateInstruction(il.Instructions[at]);
        }
        if (!ended) GoTo(block.Successors[^1]);
    }

    /// <summary>An instruction that says where control goes; false for any other.</summary>
    bool TranslateEnd(IlBlock block, IlInstruction instruction)
    {
        switch (instruction.Name)
        {
            case "br":
                GoTo(block.Successors[0]);
                return true;
            case "ret":
                returns.Add((builder.Block, stack.Count == 0 ? null : Pop()));
                return true;
            case "switch":
                Switch(block, PopOperand());
                return true;
            case "brtrue":
            case "brfalse":
                var value = PopOperand();
                var condition = value.Type == Ir.ValueType.Int32 ? value : builder.Compute(Op.NotEqual, value, Folding.Constant(value.Type, 0));
                Branch(condition, block, instruction.Name == "brtrue");
                return true;
        }
        if (Comparison(instruction.Name) is not var (op, unsigned) || instruction.Name[0] != 'b') return false;
        var (a, b) = PopPair();
        // bne.un is just "not equal", which is true of what is not a number anyway.
        Branch(builder.Compute(op, a, b, unsigned && op != Op.NotEqual), block, true);
        return true;
    }

    /// <summary>The comparison that an instruction makes.</summary>
    static (Op Op, bool Unsigned)? Comparison(string name) => name switch
    {
        "beq" or "ceq" => (Op.Equal, false),
        "bne.un" => (Op.NotEqual, true),
        "blt" or "clt" => (Op.Less, false),
        "blt.un" or "clt.un" => (Op.Less, true),
        "ble" => (Op.LessOrEqual, false),
        "ble.un" => (Op.LessOrEqual, true),
        "bgt" or "cgt" => (Op.Greater, false),
        "bgt.un" or "cgt.un" => (Op.Greater, true),
        "bge" => (Op.GreaterOrEqual, false),
        "bge.un" => (Op.GreaterOrEqual, true),
        _ => null,
    };

    void Branch(Operand condition, IlBlock block, bool jumpsIf)
    {
        var (jump, next) = (block.Successors[0], block.Successors[1]);
        if (condition.IsConstant)
        {
            GoTo(condition.Bits != 0 == jumpsIf ? jump : next);
            return;
        }
        var (yes, no) = jumpsIf ? (jump, next) : (next, jump);
        builder.Finish(End.Branch, condition, Arrive(yes), Arrive(no));
    }

    void Switch(IlBlock block, Operand condition)
    {
        var targets = block.Successors;
        if (condition.IsConstant) GoTo(targets[(int)Math.Min((uint)condition.Bits, (uint)(targets.Count - 1))]);
        else builder.Finish(End.Switch, condition, [.. targets.Select(Arrive)]);
    }

    void GoTo(IlBlock target) => builder.Finish(End.Jump, default, Arrive(target));

    /// <summary>Notes that the current block leads to a block of the method.</summary>
    BasicBlock Arrive(IlBlock target)
    {
        var arrival = arrivals[target.Order] ??= new();
        if (stack.Count > 0 && arrival.List.Count > 0 && arrival.List[0].Stack.Length != stack.Count)
            throw new InvalidOperationException($"{il.Method}: stacks of {stack.Count} and {arrival.List[0].Stack.Length} values meet");
        arrival.List.Add((builder.Block, [.. stack]));
        return arrival.Entry;
    }

    /// <summary>One value for what several blocks bring along; where they differ, through a variable that each assigns at its end.</summary>
    Value Merge((BasicBlock From, Value Value)[] values)
    {
        var first = values[0].Value;
        if (values.All(one => one.Value.Equals(first))) return first;
        switch (first)
        {
            case Aggregate aggregate:
                var fields = new Value[aggregate.Fields.Length];
                for (int i = 0; i < fields.Length; i++) fields[i] = Merge([.. values.Select(one => (one.From, ((Aggregate)one.Value).Fields[i]))]);
                return aggregate with { Fields = fields };
            case Reference { Place: MemoryPlace memory }:
                if (!values.All(one => one.Value is Reference { Place: MemoryPlace })) break;
                var address = Merge([.. values.Select(one => (one.From, (Value)In(one.From, ((MemoryPlace)((Reference)one.Value).Place).Address)))]);
                return new Reference(new MemoryPlace(memory.Type, ((Scalar)address).Operand, 0));
            case Scalar or NoAddress:
                var numbers = values.Where(one => one.Value is Scalar).Select(one => (one.From, ((Scalar)one.Value).Operand)).ToArray();
                var type = numbers[0].Operand.Type;
                if (numbers.Any(one => one.Operand.Type != type)) throw builder.Refuse("chooses between views of different kinds of memory", "Branch on the condition and use each in its branch");
                // Assigned anew only on the way here, so that it may be named; unless a block that assigns it can go elsewhere.
                var variable = values.All(one => one.From.End == End.Jump) ? builder.Temporary(type) : builder.Reassignable(type);
                foreach (var (from, operand) in numbers)
                    In(from, builder =>
                    {
                        builder.Assign(variable, operand);
                        return operand;
                    });
                return variable;
        }
        throw builder.Refuse("lets a ref refer to one local variable or another", "Choose between values, or index memory");
    }

    Operand In(BasicBlock block, Func<KernelBuilder, Operand> emit)
    {
        var current = builder.Block;
        builder.Block = block;
        var result = emit(builder);
        builder.Block = current;
        return result;
    }

    Value Pop()
    {
        var value = stack[^1];
        stack.RemoveAt(stack.Count - 1);
        return value;
    }

    Operand PopOperand() => builder.Operand(Pop());

    /// <summary>Two numbers of one type: where one is a native integer or a double, the other becomes it too.</summary>
    (Operand A, Operand B) PopPair()
    {
        var b = PopOperand();
        var a = PopOperand();
        if (a.Type.IsPointer() || b.Type.IsPointer()) throw builder.Refuse("calculates with an address", "Index a view");
        if (a.Type == b.Type) return (a, b);
        var to = a.Type.IsFloat() ? MemoryType.Float64 : MemoryType.Int64;
        return (builder.Convert(a, to), builder.Convert(b, to));
    }

    void Push(Value value) => stack.Add(value);
}
