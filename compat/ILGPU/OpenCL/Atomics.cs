using System.Text;
using ILGPU.Compat.Ir;

namespace ILGPU.Compat.OpenCL;

/// <summary>
/// Atomic operations. OpenCL C 1.2 has them for integers; for floats, a loop around compare-and-exchange of their bits.
/// Functions are written once for each address space: pointers have no common one in 1.2.
/// </summary>
sealed class Atomics
{
    readonly SortedDictionary<string, string> functions = new(StringComparer.Ordinal);

    /// <summary>64-bit ones are used.</summary>
    public bool UsesLong { get; private set; }

    /// <summary>The functions that the kernel needs.</summary>
    public void WriteFunctions(StringBuilder text)
    {
        foreach (string function in functions.Values) text.Append(function).Append('\n');
    }

    public Expression Call(Instruction instruction, Expression place, Expression operand, Expression? replacement)
    {
        var memory = instruction.Memory;
        var type = memory.Loaded();
        bool isWide = memory is MemoryType.Int64 or MemoryType.Float64;
        UsesLong |= isWide;
        string space = Names.Space(instruction.A.Type);
        string integer = instruction.Unsigned ? isWide ? "ulong" : "uint" : isWide ? "long" : "int";
        string prefix = isWide ? "atom_" : "atomic_";
        var result = Names.TypeOf(type);
        Expression[] arguments = replacement is null ? [operand] : [operand, replacement];
        if (!type.IsFloat())
        {
            if (instruction.Unsigned) arguments = [.. arguments.Select(argument => argument.Unsigned)];
            var call = Plain(prefix + Function(instruction.Op), integer, arguments);
            return instruction.Unsigned ? new Expression(call.Text, call.Level, isWide ? CType.ULong : CType.UInt).From(call) : call;
        }
        if (instruction.Op is Op.AtomicExchange or Op.AtomicCompareExchange)
        {
            string bits = isWide ? "as_long" : "as_int";
            var call = Plain(prefix + Function(instruction.Op), integer, [.. arguments.Select(argument => Expression.Call(bits, CType.Int, argument))]);
            return Expression.Call(isWide ? "as_double" : "as_float", result, call);
        }
        string name = $"{Function(instruction.Op)}_{Names.Of(memory)}{space}";
        functions.TryAdd(name, Loop(name, instruction.Op, memory, space));
        return new Expression($"{name}({Cast(Names.Of(memory))}, {operand.Text})", Level.Primary, result).From(place, operand);

        Expression Plain(string function, string element, Expression[] values) =>
            new Expression($"{function}({Cast(element)}, {string.Join(", ", values.Select(value => value.Text))})", Level.Primary, result).From([place, .. values]);

        string Cast(string element) => $"(volatile {space} {element}*){place.At(Level.Unary)}";
    }

    static string Function(Op op) => op switch
    {
        Op.AtomicAdd => "add",
        Op.AtomicMax => "max",
        Op.AtomicMin => "min",
        Op.AtomicAnd => "and",
        Op.AtomicOr => "or",
        Op.AtomicExchange => "xchg",
        _ => "cmpxchg",
    };

    static string Loop(string name, Op op, MemoryType memory, string space)
    {
        string type = Names.Of(memory);
        bool isWide = memory == MemoryType.Float64;
        var (bits, asBits, exchange) = isWide ? ("long", "as_long", "atom_cmpxchg") : ("int", "as_int", "atomic_cmpxchg");
        string next = op switch { Op.AtomicAdd => $"as_{type}(old) + x", Op.AtomicMax => $"fmax(as_{type}(old), x)", _ => $"fmin(as_{type}(old), x)" };
        return $$"""
            {{type}} {{name}}(volatile {{space}} {{type}}* p, {{type}} x)
            {
                volatile {{space}} {{bits}}* place = (volatile {{space}} {{bits}}*)p;
                {{bits}} seen = *place, old;
                do
                {
                    old = seen;
                    seen = {{exchange}}(place, old, {{asBits}}({{next}}));
                } while (seen != old);
                return as_{{type}}(old);
            }

            """;
    }
}
