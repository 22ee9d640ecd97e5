namespace PureLcm.Kernels.Check.Ir;

/// <summary>A virtual register. Not in SSA form: it may be assigned in several places, as a local of C# may.</summary>
sealed class Variable(int index, ValueType type)
{
    /// <summary>The place in <see cref="KernelMethod.Variables"/>.</summary>
    public int Index { get; set; } = index;

    public ValueType Type { get; } = type;

    public override string ToString() => $"v{Index}";
}

/// <summary>A variable or a constant. Constants are kept as bits: integers sign-extended, floats as their IEEE form.</summary>
readonly record struct Operand
{
    Operand(Variable? variable, ValueType type, long bits) => (Variable, Type, Bits) = (variable, type, bits);

    /// <summary>Null for a constant.</summary>
    public Variable? Variable { get; }

    public ValueType Type { get; }

    /// <summary>A constant's bits; see <see cref="AsFloat"/> and <see cref="AsDouble"/>.</summary>
    public long Bits { get; }

    public bool IsConstant => Variable is null;

    public float AsFloat => BitConverter.Int32BitsToSingle((int)Bits);

    public double AsDouble => BitConverter.Int64BitsToDouble(Bits);

    public static implicit operator Operand(Variable variable) => new(variable, variable.Type, 0);

    public static Operand Of(int value) => new(null, ValueType.Int32, value);

    public static Operand Of(long value) => new(null, ValueType.Int64, value);

    public static Operand Of(float value) => new(null, ValueType.Float32, BitConverter.SingleToInt32Bits(value));

    public static Operand Of(double value) => new(null, ValueType.Float64, BitConverter.DoubleToInt64Bits(value));

    public override string ToString() => Variable?.ToString() ?? Type switch
    {
        ValueType.Float32 => $"{AsFloat:R}f",
        ValueType.Float64 => $"{AsDouble:R}",
        ValueType.Int64 => $"{Bits}L",
        _ => $"{Bits}",
    };
}

/// <summary>What an instruction does. Operands a, b, c are <see cref="Instruction.A"/> and so on; d is <see cref="Instruction.Target"/>.</summary>
enum Op : byte
{
    /// <summary>d = a</summary>
    Move,

    // Arithmetic: a, b and d of one type, integers or floats. Unsigned says how integers are read (Divide, Remainder).
    Add, Subtract, Multiply, Divide, Remainder,
    /// <summary>d = -a</summary>
    Negate,

    // Integers only. A shift's count b is Int32, taken modulo the width of a. Unsigned: zeros come in from the left.
    And, Or, Xor,
    /// <summary>d = ~a</summary>
    Not,
    ShiftLeft, ShiftRight,

    // d (Int32) is 1 or 0. Unsigned: integers are read as unsigned; for floats, true where a or b is not a number.
    // Without it comparisons with what is not a number are false, but NotEqual is always true for them.
    Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual,

    /// <summary>
    /// d = a converted to <see cref="Instruction.Memory"/>: integers are cut or extended, floats are cut towards zero.
    /// Unsigned: the integer a is read as unsigned; from a float to an integer: the result is unsigned.
    /// </summary>
    Convert,
    /// <summary>d = the bits of a: between Float32 and Int32, and between Float64 and Int64.</summary>
    BitCast,

    // Functions of floats, by their IEEE or C meaning; Abs, Min and Max also of integers (Min and Max: Unsigned says how they are read).
    // Round is half to even. Min and Max: the other operand where one is not a number.
    Abs, Min, Max, Sqrt, ReciprocalSqrt, Exp, Exp2, Log, Log2, Sin, Cos, Tanh, Pow, Floor, Ceiling, Round,

    /// <summary>d = the scalar at byte <see cref="Instruction.Offset"/> of parameter <see cref="Instruction.Index"/>, of type Memory.</summary>
    ParameterValue,
    /// <summary>d (Global) = the address of the first element of the view that is parameter Index.</summary>
    ParameterPointer,
    /// <summary>d (Int64) = the number of elements of the view that is parameter Index.</summary>
    ParameterLength,

    // d (Int32) = the work-item's place; Index is the dimension, 0 to 2.
    GroupIndex, GroupDimension, GridIndex, GridDimension,

    /// <summary>d (Shared or Local) = the address of allocation Index; see <see cref="KernelMethod"/>.</summary>
    Allocation,
    /// <summary>
    /// d (pointer) = a (pointer) + b * Offset: element b (Int32 or Int64) of a view of elements of Offset bytes.
    /// c is the view's length (Int64): a b outside 0 .. c - 1 is reported. An Int32 b is zero-extended, as ILGPU does.
    /// </summary>
    Element,
    /// <summary>d (pointer) = a (pointer) + Offset: a field of a structure in memory.</summary>
    Field,
    /// <summary>d (pointer) = a (pointer) + b * Offset, b Int64 and signed, unchecked: where a sub-view begins.</summary>
    Advance,
    /// <summary>d = the value of type Memory at address a.</summary>
    Load,
    /// <summary>The value b is stored as type Memory at address a.</summary>
    Store,

    /// <summary>
    /// d = the old value at address a (Memory: Int32, Int64, Float32, Float64), which becomes old + b, in one piece.
    /// The other atomics likewise; AtomicCompareExchange stores c where the old value equals b.
    /// </summary>
    AtomicAdd, AtomicMax, AtomicMin, AtomicAnd, AtomicOr, AtomicExchange, AtomicCompareExchange,
}

/// <summary>One operation on scalars. Flat on purpose: what makes code of it is one switch over <see cref="Op"/>.</summary>
sealed class Instruction(Op op)
{
    public Op Op { get; } = op;

    /// <summary>What is assigned; null for a store.</summary>
    public Variable? Target { get; set; }

    public Operand A { get; set; }

    public Operand B { get; set; }

    public Operand C { get; set; }

    /// <summary>How many of A, B, C are in use.</summary>
    public int Operands { get; init; }

    public bool Unsigned { get; init; }

    public MemoryType Memory { get; init; }

    /// <summary>A parameter, a dimension or an allocation.</summary>
    public int Index { get; init; }

    /// <summary>Bytes: an element's size, or a field's place.</summary>
    public int Offset { get; init; }

    /// <summary>The method of the kernel's source that it came from, and the place in its IL: for reports.</summary>
    public (string Method, int IlOffset) Source { get; init; }

    public override string ToString() =>
        $"{(Target is null ? "" : $"{Target} = ")}{Op}{(Unsigned ? ".un" : "")} {Memory} #{Index} +{Offset} {string.Join(", ", new[] { A, B, C }.Take(Operands))}";
}
