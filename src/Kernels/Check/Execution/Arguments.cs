using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;
using PureLcm.Kernels.Check.FrontEnd;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>
/// What the host passes to a launch, in the order of the kernel's parameters: views as addresses in the host's memory, values as
/// bytes.
/// </summary>
sealed class Arguments
{
    /// <summary>A view, or a value's bytes.</summary>
    /// <param name="Start">The address of the view's first element, or where in <see cref="Bytes"/> the value begins.</param>
    /// <param name="Length">Elements of the view, or bytes of the value.</param>
    internal readonly record struct Argument(long Start, long Length);

    readonly List<Argument> list = [];
    readonly List<MemoryBuffer> buffers = []; // alive as long as this is
    byte[] bytes = new byte[256];
    int used;

    /// <summary>Views and values; specialised values are not among them.</summary>
    public IReadOnlyList<Argument> List => list;

    /// <summary>Where the values are.</summary>
    public ReadOnlySpan<byte> Bytes => bytes.AsSpan(0, used);

    /// <summary>The specialised values, each an int's or a float's bits.</summary>
    public List<long> Specialized { get; } = [];

    /// <summary>The next one.</summary>
    /// <exception cref="ArgumentException">A view of memory that the processor can't reach, or of a buffer that is gone.</exception>
    /// <exception cref="NotSupportedException">It is nothing that a kernel takes.</exception>
    public void Add<T>(T value) where T : struct => Writer<T>.Write(this, value);

    unsafe void AddValue<T>(T value) where T : unmanaged
    {
        used = (used + 7) & ~7;
        if (used + sizeof(T) > bytes.Length) Array.Resize(ref bytes, 2 * (used + sizeof(T)));
        Unsafe.WriteUnaligned(ref bytes[used], value);
        list.Add(new(used, sizeof(T)));
        used += sizeof(T);
    }

    void AddView<T>(ArrayView<T> view) where T : unmanaged =>
        list.Add(new(view.IsValid ? Address(view) : 0, view.Length));

    /// <summary>The buffer and the index are there only through the interface.</summary>
    long Address<TView>(TView view) where TView : IContiguousArrayView
    {
        var buffer = view.Buffer;
        if (buffer.AcceleratorType != AcceleratorType.CPU)
            throw new ArgumentException($"a view of memory on {buffer.Accelerator.Name}: the checker needs that of a CPU accelerator");
        if (buffer.NativePtr == 0 && buffer.LengthInBytes > 0) throw new ArgumentException("a view of a buffer that was disposed of");
        buffers.Add(buffer);
        return buffer.NativePtr + view.IndexInBytes;
    }

    void AddSpecialized<T>(SpecializedValue<T> value) where T : unmanaged, IEquatable<T> =>
        Specialized.Add(KernelSource.SpecializedBits(value.Value));

    /// <summary>How a parameter of some type is passed, found once a type.</summary>
    static class Writer<T> where T : struct
    {
        public static readonly Action<Arguments, T> Write = Create();

        static Action<Arguments, T> Create()
        {
            var type = typeof(T);
            string name = Layout.IsView(type) ? nameof(AddView) : Layout.IsSpecialized(type) ? nameof(AddSpecialized) : nameof(AddValue);
            if (name == nameof(AddValue) && RuntimeHelpers.IsReferenceOrContainsReferences<T>())
                throw new NotSupportedException($"{Names.Of(type)} can't be passed to a kernel: views, numbers, structures of numbers can");
            var method = typeof(Arguments).GetMethod(name, BindingFlags.NonPublic | BindingFlags.Instance)!;
            var filled = method.MakeGenericMethod(name == nameof(AddValue) ? type : type.GetGenericArguments()[0]);
            return filled.CreateDelegate<Action<Arguments, T>>();
        }
    }
}
