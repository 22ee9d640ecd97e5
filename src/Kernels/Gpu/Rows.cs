using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

/// <summary>
/// Where an elementwise kernel's work-item stands: a group takes neighbouring channels of one row, so that only the group, and
/// not each work-item, divides.
/// </summary>
struct Rows
{
    /// <summary>Channels of a row, and how many groups share it.</summary>
    public int Channels, Groups;

    /// <summary>The row of this work-item's group.</summary>
    public static int Row(Rows rows) => Grid.IdxX / rows.Groups;

    /// <summary>This work-item's channel; it has none where that is <see cref="Channels"/> or more.</summary>
    public static int Channel(Rows rows) => Grid.IdxX % rows.Groups * Group.DimX + Group.IdxX;

    /// <summary>So many rows, and the launch that covers them.</summary>
    public static (Rows Rows, KernelConfig Config) Of(GpuBackend gpu, long rows, int channels)
    {
        int groups = GpuBackend.Groups(channels, gpu.GroupSize);
        return (new() { Channels = channels, Groups = groups }, new KernelConfig(GpuBackend.Index(rows * groups), gpu.GroupSize));
    }

    /// <summary>
    /// For what asks only for values and not for channels: where all tensors are dense they are one long row, so that no group
    /// is a short row's rest.
    /// </summary>
    public static (Rows Rows, KernelConfig Config) Flat(GpuBackend gpu, Shape shape, bool dense) =>
        dense ? Of(gpu, 1, GpuBackend.Index(shape.Count)) : Of(gpu, shape.Rows, shape.C);
}
