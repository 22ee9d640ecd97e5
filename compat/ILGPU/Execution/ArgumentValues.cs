using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU.Compat.FrontEnd;
using ILGPU.Runtime;

namespace ILGPU.Compat.Execution;

/// <summary>A launch's arguments as the objects that the kernel's method takes.</summary>
static class ArgumentValues
{
    public static object?[] Of(KernelSource source, Arguments arguments)
    {
        var parameters = source.Method.GetParameters();
        var values = new object?[parameters.Length];
        int next = 0, nextSpecialized = 0;
        for (int i = 0; i < values.Length; i++)
        {
            var type = parameters[i].ParameterType;
            var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
            values[i] =
                definition == typeof(SpecializedValue<>) ? Activator.CreateInstance(type, Specialized(type.GetGenericArguments()[0], source.Specialized[nextSpecialized++]))
                : definition == typeof(ArrayView<>) ? View(type, arguments.List[next++])
                : Make(nameof(Value), type, arguments, arguments.List[next++]);
        }
        return values;
    }

    static object? View(Type type, Arguments.Argument argument) =>
        argument.Buffer is null ? Activator.CreateInstance(type) : Make(nameof(ViewOf), type.GetGenericArguments()[0], argument);

    static object ViewOf<T>(Arguments.Argument argument) where T : unmanaged =>
        new ArrayView<T>(argument.Buffer!, argument.Offset / Unsafe.SizeOf<T>(), argument.Length);

    static object Value<T>(Arguments arguments, Arguments.Argument argument) where T : unmanaged =>
        Unsafe.ReadUnaligned<T>(in arguments.Bytes[(int)argument.Offset]);

    /// <summary>What <see cref="KernelSource.SpecializedBits"/> made bits of.</summary>
    static object Specialized(Type type, long bits) =>
        type == typeof(float) ? BitConverter.Int32BitsToSingle((int)bits)
        : type == typeof(double) ? BitConverter.Int64BitsToDouble(bits)
        : type == typeof(bool) ? bits != 0
        : type == typeof(uint) ? (uint)bits
        : Convert.ChangeType(bits, type);

    static object Make(string method, Type type, params object[] values) =>
        typeof(ArgumentValues).GetMethod(method, BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(type).Invoke(null, values)!;
}
