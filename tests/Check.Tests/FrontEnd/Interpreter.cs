using System.Reflection;
using System.Runtime.InteropServices;
using PureLcm.Kernels.Check.FrontEnd;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>
/// Runs what the front end makes, one work-item at a time and one instruction after the other, in the plainest way: so that the
/// front end is tested without a back end, and what the instructions mean is written down a second time.
/// </summary>
sealed class Interpreter
{
    const int MostSteps = 10_000_000;

    // An address is a buffer's number and a byte in it.
    const int BufferShift = 40;
    const long OffsetMask = (1L << BufferShift) - 1;

    readonly KernelMethod kernel;
    readonly List<byte[]> buffers = [];
    readonly Dictionary<int, (long Address, long Length)> views = [];
    readonly Dictionary<int, byte[]> values = [];
    readonly long[] shared;
    readonly (int X, int Y, int Z) group;

    Interpreter(KernelMethod kernel, object[] arguments, (int X, int Y, int Z) group)
    {
        (this.kernel, this.group) = (kernel, group);
        for (int i = 0; i < arguments.Length; i++)
        {
            if (kernel.Parameters[i].Kind == ParameterKind.View)
            {
                byte[] bytes = Bytes(arguments[i]);
                views[i] = (NewBuffer(bytes), bytes.Length / kernel.Parameters[i].Size);
            }
            else if (kernel.Parameters[i].Kind == ParameterKind.Value)
            {
                values[i] = Bytes(arguments[i]);
                Assert.Equal(kernel.Parameters[i].Size, values[i].Length);
            }
        }
        shared = [.. kernel.Shared.Select(allocation => NewBuffer(new byte[allocation.Bytes]))];
    }

    /// <summary>Translates a method and runs it as a grid of one group; arrays are views, and changed.</summary>
    public static KernelMethod Run(MethodInfo method, object[] arguments, (int X, int Y, int Z)? group = null)
    {
        long[] specialized = [.. arguments.Where(IsSpecialized).Select(argument => (long)SpecializedBits(argument))];
        var kernel = Translator.Translate(method, specialized);
        FormChecks.Check(kernel);
        var size = group ?? (1, 1, 1);
        var interpreter = new Interpreter(kernel, arguments, size);
        for (int z = 0; z < size.Z; z++)
            for (int y = 0; y < size.Y; y++)
                for (int x = 0; x < size.X; x++) interpreter.RunItem(x, y, z);
        for (int i = 0; i < arguments.Length; i++)
            if (interpreter.views.TryGetValue(i, out var view)) CopyBack(interpreter.buffers[(int)(view.Address >> BufferShift)], (Array)arguments[i]);
        return kernel;
    }

    static bool IsSpecialized(object argument) => argument.GetType() is { IsGenericType: true } type && type.GetGenericTypeDefinition() == typeof(ILGPU.Runtime.SpecializedValue<>);

    static long SpecializedBits(object argument)
    {
        object value = argument.GetType().GetProperty("Value")!.GetValue(argument)!;
        return (long)typeof(KernelSource).GetMethod(nameof(KernelSource.SpecializedBits))!.MakeGenericMethod(value.GetType()).Invoke(null, [value])!;
    }

    static byte[] Bytes(object value)
    {
        if (value is not Array array)
        {
            array = Array.CreateInstance(value.GetType(), 1);
            array.SetValue(value, 0);
        }
        return MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(array), ByteLength(array)).ToArray();
    }

    static int ByteLength(Array array) => array.Length * System.Runtime.CompilerServices.RuntimeHelpers.SizeOf(array.GetType().GetElementType()!.TypeHandle);

    static void CopyBack(byte[] bytes, Array array) => bytes.CopyTo(MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(array), bytes.Length));

    long NewBuffer(byte[] bytes)
    {
        buffers.Add(bytes);
        return (long)(buffers.Count - 1) << BufferShift;
    }

    void RunItem(int x, int y, int z)
    {
        var registers = new long?[kernel.Variables.Length];
        long[] local = [.. kernel.Local.Select(allocation => NewBuffer(new byte[allocation.Bytes]))];
        var block = kernel.Blocks[0];
        for (int steps = 0; ; steps++)
        {
            Assert.True(steps < MostSteps, "the kernel doesn't end");
            foreach (var instruction in block.Instructions)
            {
                long result = Execute(instruction);
                if (instruction.Target is not { } target) continue;
                // Registers hold what an operand's bits would be: cut to 32 bits and sign-extended.
                registers[target.Index] = target.Type is ValueType.Int32 or ValueType.Float32 ? (int)result : result;
            }
            if (block.End == End.Return) return;
            block = block.End switch
            {
                End.Branch => block.Targets[Read(block.Condition) != 0 ? 0 : 1],
                End.Switch => block.Targets[(int)Math.Min((uint)Read(block.Condition), (uint)(block.Targets.Length - 1))],
                _ => block.Targets[0],
            };
        }

        long Read(Operand operand)
        {
            if (operand.Variable is not { } variable) return operand.Bits;
            Assert.Same(variable, kernel.Variables[variable.Index]);
            return registers[variable.Index] ?? throw new InvalidOperationException($"{variable} is read before it is assigned");
        }

        long Execute(Instruction i)
        {
            long a = i.Operands > 0 ? Read(i.A) : 0, b = i.Operands > 1 ? Read(i.B) : 0, c = i.Operands > 2 ? Read(i.C) : 0;
            switch (i.Op)
            {
                case Op.Move: Assert.Equal(i.Target!.Type, i.A.Type); return a;
                case Op.ParameterValue: return Load(values[i.Index], i.Offset, i.Memory);
                case Op.ParameterPointer: return views[i.Index].Address;
                case Op.ParameterLength: return views[i.Index].Length;
                case Op.GroupIndex: return i.Index == 0 ? x : i.Index == 1 ? y : z;
                case Op.GroupDimension: return i.Index == 0 ? group.X : i.Index == 1 ? group.Y : group.Z;
                case Op.GridIndex: return 0;
                case Op.GridDimension: return 1;
                case Op.Allocation: return (i.Target!.Type == ValueType.Shared ? shared : local)[i.Index];
                case Op.Element:
                    long index = i.B.Type == ValueType.Int32 ? (uint)b : b;
                    if ((ulong)index >= (ulong)c) throw new IndexOutOfRangeException($"element {index} of {c}");
                    return a + index * i.Offset;
                case Op.Field: return a + i.Offset;
                case Op.Advance: return a + b * i.Offset;
                case Op.Load: return Load(Buffer(a), (int)(a & OffsetMask), i.Memory);
                case Op.Store: Store(a, i.Memory, b); return 0;
                case >= Op.AtomicAdd:
                    long old = Load(Buffer(a), (int)(a & OffsetMask), i.Memory);
                    Store(a, i.Memory, i.Op switch
                    {
                        Op.AtomicAdd => old + b,
                        Op.AtomicMax => Math.Max(old, b),
                        Op.AtomicMin => Math.Min(old, b),
                        Op.AtomicAnd => old & b,
                        Op.AtomicOr => old | b,
                        Op.AtomicExchange => b,
                        _ => old == b ? c : old,
                    });
                    return old;
                default: return Arithmetic.Of(i, a, b);
            }
        }
    }

    byte[] Buffer(long address) => buffers[(int)(address >> BufferShift)];

    static long Load(byte[] bytes, int at, MemoryType type) => type switch
    {
        MemoryType.Int8 => (sbyte)bytes[at],
        MemoryType.UInt8 => bytes[at],
        MemoryType.Int16 => BitConverter.ToInt16(bytes, at),
        MemoryType.UInt16 => BitConverter.ToUInt16(bytes, at),
        MemoryType.Int32 or MemoryType.Float32 => BitConverter.ToInt32(bytes, at),
        _ => BitConverter.ToInt64(bytes, at),
    };

    void Store(long address, MemoryType type, long value) =>
        BitConverter.GetBytes(value).AsSpan(0, type.Size()).CopyTo(Buffer(address).AsSpan((int)(address & OffsetMask)));
}
