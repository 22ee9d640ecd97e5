using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace PureLcm.Check.Tests.Execution;

/// <summary>Memory for the checker, and ILGPU's own CPU accelerator to hold it to.</summary>
static class Host
{
    static readonly CPUDevice small = new(2, 1, 1), large = new(32, 8, 1);

    static readonly Context context = Context.Create(builder => builder.CPU(small).CPU(large));

    /// <summary>Nothing is launched on it.</summary>
    public static readonly Accelerator Memory = small.CreateAccelerator(context);

    static readonly Lazy<Accelerator> ilgpu = new(() => large.CreateAccelerator(context));

    /// <summary>With groups of up to 256 work-items, a thread each: only for a few small shapes.</summary>
    public static Accelerator Ilgpu => ilgpu.Value;

    public static ArrayView<T> Upload<T>(params T[] data) where T : unmanaged => Memory.Allocate1D(data).View;

    public static ArrayView<T> Empty<T>(long length) where T : unmanaged
    {
        var buffer = Memory.Allocate1D<T>(length);
        buffer.MemSetToZero();
        return buffer.View;
    }

    /// <summary>What a view has.</summary>
    public static T[] Values<T>(this ArrayView<T> view) where T : unmanaged
    {
        var values = new T[view.Length];
        view.CopyToCPU(Memory.DefaultStream, values);
        return values;
    }
}
