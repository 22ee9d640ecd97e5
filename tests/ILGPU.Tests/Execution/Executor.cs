using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace CompatTests.Execution;

/// <summary>The executor in both of its modes, for all tests here.</summary>
static class Executor
{
    public static readonly CPUDevice Device = new(32, 8, 2);

    static readonly Context context = Context.Create(builder => builder.CPU(Device));

    /// <summary>In lockstep.</summary>
    public static readonly CPUAccelerator Accelerator = new(context, Device, threads: false);

    /// <summary>On threads.</summary>
    public static readonly CPUAccelerator Threads = new(context, Device, threads: true);

    public static ArrayView<T> Upload<T>(params T[] data) where T : unmanaged => Accelerator.Allocate1D(data).View;

    public static ArrayView<T> Empty<T>(long length) where T : unmanaged
    {
        ArrayView<T> view = Accelerator.Allocate1D<T>(length).View;
        view.MemSetToZero();
        return view;
    }
}
