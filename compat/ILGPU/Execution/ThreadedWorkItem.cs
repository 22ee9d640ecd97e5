using System.Runtime.CompilerServices;
using ILGPU.Runtime.CPU;

namespace ILGPU.Compat.Execution;

/// <summary>A work-item that is a thread of its own.</summary>
sealed class ThreadedWorkItem(ThreadedLaunch launch, Index3D groupIndex) : WorkItem
{
    /// <summary>What memory is filled with: floats of these bytes are no numbers, so that reading before writing shows.</summary>
    public const byte Unwritten = 0xff;

    readonly List<CPUBuffer> local = [];
    int sharedAllocations;

    public ThreadedLaunch Launch { get; } = launch;

    public override Index3D GridIndex => Launch.GridIndex;

    public override Index3D GroupIndex { get; } = groupIndex;

    public override Index3D GridDimension => Launch.Config.GridDim;

    public override Index3D GroupDimension => Launch.Config.GroupDim;

    public override void Barrier() => Launch.Barrier(this);

    public override ArrayView<T> AllocateShared<T>(int extent) =>
        new(Launch.Shared(sharedAllocations++, extent * Unsafe.SizeOf<T>()), 0, extent);

    public override ArrayView<T> AllocateLocal<T>(int extent)
    {
        var buffer = new CPUBuffer(Math.Max(1, extent * Unsafe.SizeOf<T>())).Fill(Unwritten);
        local.Add(buffer);
        return new(buffer, 0, extent);
    }

    /// <summary>Frees what it had for one group.</summary>
    public void Release()
    {
        local.ForEach(buffer => buffer.Dispose());
        local.Clear();
        sharedAllocations = 0;
    }
}
