using System.Collections.Frozen;
using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;
using PureLcm.Kernels.Check.Ir;
using ILGPU.Runtime;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>The methods that kernels call and that have an instruction, or a few, in place of their IL.</summary>
static class Intrinsics
{
    /// <summary>Gives what the method returns; null for void.</summary>
    public delegate Value? Intrinsic(KernelBuilder builder, MethodBase method, Value[] values);

    static readonly FrozenDictionary<(Type, string), Intrinsic> Table = MakeTable();

    public static Intrinsic? Find(MethodBase method)
    {
        if (method.DeclaringType is not { } type) return null;
        if (type.IsGenericType) type = type.GetGenericTypeDefinition();
        return Table.GetValueOrDefault((type, method.Name));
    }

    static FrozenDictionary<(Type, string), Intrinsic> MakeTable()
    {
        var table = new Dictionary<(Type, string), Intrinsic>();

        foreach (var (suffix, dimension) in new[] { ("X", 0), ("Y", 1), ("Z", 2) })
        {
            AddPosition(typeof(Grid), $"get_Idx{suffix}", Op.GridIndex, dimension);
            AddPosition(typeof(Grid), $"get_Dim{suffix}", Op.GridDimension, dimension);
            AddPosition(typeof(Group), $"get_Idx{suffix}", Op.GroupIndex, dimension);
            AddPosition(typeof(Group), $"get_Dim{suffix}", Op.GroupDimension, dimension);
        }
        table[(typeof(Group), nameof(Group.Barrier))] = (builder, _, _) =>
        {
            var next = new BasicBlock();
            builder.Finish(End.Barrier, default, next);
            builder.Block = next;
            return null;
        };

        table[(typeof(SharedMemory), nameof(SharedMemory.Allocate))] = (builder, method, values) => ViewIntrinsics.Allocate(builder, method, values[0], builder.Shared, ValueType.Shared);
        table[(typeof(LocalMemory), nameof(LocalMemory.Allocate))] = (builder, method, values) => ViewIntrinsics.Allocate(builder, method, values[0], builder.Local, ValueType.Local);
        ViewIntrinsics.AddTo(table);

        AddAtomic(nameof(Atomic.Add), Op.AtomicAdd);
        AddAtomic(nameof(Atomic.Max), Op.AtomicMax);
        AddAtomic(nameof(Atomic.Min), Op.AtomicMin);
        AddAtomic(nameof(Atomic.And), Op.AtomicAnd);
        AddAtomic(nameof(Atomic.Or), Op.AtomicOr);
        AddAtomic(nameof(Atomic.Exchange), Op.AtomicExchange);
        AddAtomic(nameof(Atomic.CompareExchange), Op.AtomicCompareExchange);

        table[(typeof(Unsafe), nameof(Unsafe.SizeOf))] = (builder, method, _) => (Value)Operand.Of(Layout.Size(method.GetGenericArguments()[0]));
        foreach (string name in new[] { nameof(Interop.FloatAsInt), nameof(Interop.IntAsFloat) }) table[(typeof(Interop), name)] = BitCast;
        foreach (string name in new[]
        {
            nameof(BitConverter.SingleToInt32Bits), nameof(BitConverter.SingleToUInt32Bits), nameof(BitConverter.Int32BitsToSingle), nameof(BitConverter.UInt32BitsToSingle),
            nameof(BitConverter.DoubleToInt64Bits), nameof(BitConverter.DoubleToUInt64Bits), nameof(BitConverter.Int64BitsToDouble), nameof(BitConverter.UInt64BitsToDouble),
        })
            table[(typeof(BitConverter), name)] = BitCast;

        foreach (var type in new[] { typeof(XMath), typeof(MathF), typeof(Math) })
        {
            foreach (var (name, op) in new[]
            {
                ("Abs", Op.Abs), ("Sqrt", Op.Sqrt), ("Rsqrt", Op.ReciprocalSqrt), ("Exp", Op.Exp), ("Exp2", Op.Exp2), ("Log", Op.Log), ("Log2", Op.Log2), ("Sin", Op.Sin),
                ("Cos", Op.Cos), ("Tanh", Op.Tanh), ("Pow", Op.Pow), ("Floor", Op.Floor), ("Ceiling", Op.Ceiling), ("Round", Op.Round), ("Min", Op.Min), ("Max", Op.Max),
            })
                table[(type, name)] = (builder, method, values) => Function(builder, method, values, op);
            table[(type, "Clamp")] = Clamp;
        }
        table[(typeof(XMath), nameof(XMath.Rcp))] = (builder, _, values) =>
        {
            var a = builder.Operand(values[0]);
            return builder.Compute(Op.Divide, a.Type == ValueType.Float32 ? Operand.Of(1f) : Operand.Of(1d), a);
        };

        foreach (var type in new[] { typeof(float), typeof(double) })
        {
            table[(type, "IsNaN")] = (builder, _, values) => builder.Compute(Op.NotEqual, builder.Operand(values[0]), builder.Operand(values[0]));
            table[(type, "IsFinite")] = (builder, _, values) => AgainstInfinity(builder, values[0], Op.Less);
            table[(type, "IsInfinity")] = (builder, _, values) => AgainstInfinity(builder, values[0], Op.Equal);
        }
        return table.ToFrozenDictionary();

        void AddPosition(Type type, string name, Op op, int dimension) =>
            table[(type, name)] = (builder, _, _) => builder.Emit(op, ValueType.Int32, [], index: dimension);

        void AddAtomic(string name, Op op) => table[(typeof(Atomic), name)] = (builder, method, values) =>
        {
            if (values[0] is not Reference { Place: MemoryPlace memory }) throw builder.Refuse($"calls Atomic.{name} on a local variable", "Atomics change elements of views");
            var number = Layout.Number(memory.Type) ?? throw builder.Refuse($"calls {Names.Of(method)} of {Names.Of(memory.Type)}", "Call it on numbers");
            return builder.Emit(op, number.Loaded(), [memory.Address(builder), .. values.Skip(1).Select(builder.Operand)], IsWideUnsigned(memory.Type), number);
        };
    }

    static Value? BitCast(KernelBuilder builder, MethodBase method, Value[] values) => builder.BitCast(builder.Operand(values[0]));

    static Value? Function(KernelBuilder builder, MethodBase method, Value[] values, Op op)
    {
        var parameters = method.GetParameters();
        var type = parameters[0].ParameterType;
        if (parameters.Length != (Folding.IsUnary(op) ? 1 : 2)) throw builder.Refuse($"calls {Names.Of(method)} with {parameters.Length} arguments", "Call the plain one");
        if (Layout.Number(type) is null) throw builder.Refuse($"calls {Names.Of(method)} of {Names.Of(type)}", "Call it on numbers");
        var a = builder.Operand(values[0]);
        return Folding.IsUnary(op) ? builder.Compute(op, a) : builder.Compute(op, a, builder.Operand(values[1]), IsWideUnsigned(type));
    }

    static Value? Clamp(KernelBuilder builder, MethodBase method, Value[] values)
    {
        bool unsigned = IsWideUnsigned(method.GetParameters()[0].ParameterType);
        var least = builder.Compute(Op.Max, builder.Operand(values[0]), builder.Operand(values[1]), unsigned);
        return builder.Compute(Op.Min, least, builder.Operand(values[2]), unsigned);
    }

    /// <summary>Smaller unsigned numbers are never negative as an Int32.</summary>
    static bool IsWideUnsigned(Type type) => Layout.IsUnsigned(type) && Layout.Size(type) >= 4;

    static Value? AgainstInfinity(KernelBuilder builder, Value value, Op comparison)
    {
        var size = builder.Compute(Op.Abs, builder.Operand(value));
        return builder.Compute(comparison, size, size.Type == ValueType.Float32 ? Operand.Of(float.PositiveInfinity) : Operand.Of(double.PositiveInfinity));
    }
}
