using ILGPU;

namespace PureLcm.Kernels.Check;

/// <summary>A kernel did what it must not do: the message says which kernel, which work-item, what, and where.</summary>
public sealed class KernelFaultException : Exception
{
    internal KernelFaultException(string kernel, Index3D group, Index3D workItem, string what)
        : base($"kernel {kernel}, group {Text(group)}, work-item {Text(workItem)}: {what}") =>
        (Kernel, Group, WorkItem) = (kernel, group, workItem);

    /// <summary>A launch that no device would take.</summary>
    internal KernelFaultException(string kernel, string what) : base($"kernel {kernel}: {what}") => Kernel = kernel;

    /// <summary>The kernel's name.</summary>
    public string Kernel { get; }

    /// <summary>The group's place in the grid.</summary>
    public Index3D Group { get; }

    /// <summary>The work-item's place in its group; the first one, where it concerns several.</summary>
    public Index3D WorkItem { get; }

    internal static string Text(Index3D index) => $"({index.X}, {index.Y}, {index.Z})";
}
