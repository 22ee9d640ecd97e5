using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU.Compat.FrontEnd;

namespace ILGPU.Runtime;

/// <summary>One variant of a kernel on a device.</summary>
interface ICompiledKernel
{
    /// <summary>Queues a launch. The arguments are the caller's again when this returns.</summary>
    void Launch(AcceleratorStream stream, in KernelConfig config, Arguments arguments);
}

/// <summary>A kernel of an accelerator, with its compiled variants.</summary>
sealed class Kernel(Accelerator accelerator, MethodInfo method)
{
    readonly Dictionary<string, ICompiledKernel> variants = [];
    readonly Arguments arguments = new();
    readonly Lock guard = new();
    ICompiledKernel? only;

    /// <summary>Puts the arguments of one launch together; the caller adds them, then launches. One launch at a time.</summary>
    public Arguments Begin()
    {
        guard.Enter();
        arguments.Clear();
        return arguments;
    }

    public void Launch(AcceleratorStream stream, in KernelConfig config)
    {
        try
        {
            if (config.GridDim.X == 0 || config.GridDim.Y == 0 || config.GridDim.Z == 0) return;
            Variant().Launch(stream, config, arguments);
        }
        finally
        {
            guard.Exit();
        }
    }

    ICompiledKernel Variant()
    {
        if (arguments.Specialized.Count == 0) return only ??= accelerator.Compile(new(method, []));
        string key = string.Join(',', arguments.Specialized);
        if (!variants.TryGetValue(key, out var compiled)) variants[key] = compiled = accelerator.Compile(new(method, [.. arguments.Specialized]));
        return compiled;
    }
}

/// <summary>What the host passes to a kernel: in the order of its parameters, views as buffers with a range, values as bytes.</summary>
sealed class Arguments
{
    /// <summary>A view, or a value's bytes.</summary>
    /// <param name="Buffer">The view's buffer; null for a value, and for a view of nothing.</param>
    /// <param name="Offset">Bytes from the buffer's start to the view's first element, or where in <see cref="Bytes"/> the value begins.</param>
    /// <param name="Length">Elements of the view, or bytes of the value.</param>
    /// <param name="IsView">Which of the two.</param>
    internal readonly record struct Argument(MemoryBuffer? Buffer, long Offset, long Length, bool IsView);

    readonly List<Argument> list = [];
    byte[] bytes = new byte[256];
    int used;

    /// <summary>Views and values; specialised values are not among them.</summary>
    public IReadOnlyList<Argument> List => list;

    /// <summary>Where the values are.</summary>
    public ReadOnlySpan<byte> Bytes => bytes.AsSpan(0, used);

    /// <summary>The specialised values, each an int's or a float's bits.</summary>
    public List<long> Specialized { get; } = [];

    public void Clear()
    {
        list.Clear();
        Specialized.Clear();
        used = 0;
    }

    public void Add<T>(T value) where T : struct => Writer<T>.Write(this, value);

    unsafe void AddValue<T>(T value) where T : unmanaged
    {
        used = (used + 7) & ~7;
        if (used + sizeof(T) > bytes.Length) Array.Resize(ref bytes, 2 * (used + sizeof(T)));
        Unsafe.WriteUnaligned(ref bytes[used], value);
        list.Add(new(null, used, sizeof(T), IsView: false));
        used += sizeof(T);
    }

    void AddView<T>(ArrayView<T> view) where T : unmanaged => list.Add(new(view.Source, view.Start * Unsafe.SizeOf<T>(), view.Length, IsView: true));

    void AddSpecialized<T>(SpecializedValue<T> value) where T : unmanaged => Specialized.Add(KernelSource.SpecializedBits(value.Value));

    /// <summary>How a parameter of some type is passed, found once a type.</summary>
    static class Writer<T> where T : struct
    {
        public static readonly Action<Arguments, T> Write = Create();

        static Action<Arguments, T> Create()
        {
            var type = typeof(T);
            var definition = type.IsGenericType ? type.GetGenericTypeDefinition() : null;
            string name = definition == typeof(ArrayView<>) ? nameof(AddView) : definition == typeof(SpecializedValue<>) ? nameof(AddSpecialized) : nameof(AddValue);
            if (name == nameof(AddValue) && RuntimeHelpers.IsReferenceOrContainsReferences<T>())
                throw new NotSupportedException($"{type.Name} can't be passed to a kernel: parameters are views, numbers, and structures of numbers");
            var method = typeof(Arguments).GetMethod(name, BindingFlags.NonPublic | BindingFlags.Instance)!;
            return method.MakeGenericMethod(name == nameof(AddValue) ? type : type.GetGenericArguments()[0]).CreateDelegate<Action<Arguments, T>>();
        }
    }
}

/// <summary>A parameter whose value is a constant of the compiled kernel: a variant is compiled for each value.</summary>
public readonly struct SpecializedValue<T>(T value) where T : unmanaged
{
    /// <summary>The value.</summary>
    public T Value { get; } = value;

    /// <summary>The value.</summary>
    public static implicit operator T(SpecializedValue<T> value) => value.Value;
}

/// <summary>Makes specialised values.</summary>
public static class SpecializedValue
{
    /// <summary>Of this value.</summary>
    public static SpecializedValue<T> New<T>(T value) where T : unmanaged => new(value);
}
