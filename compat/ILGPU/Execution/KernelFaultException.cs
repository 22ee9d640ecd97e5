namespace ILGPU.Compat.Execution;

/// <summary>A kernel did on the executor what it must not do: the message says which kernel, which work-item, what, and where.</summary>
public sealed class KernelFaultException : Exception
{
    internal KernelFaultException(string kernel, Index3D group, Index3D workItem, string what, Exception? inner = null)
        : base($"kernel {kernel}, group {Text(group)}, work-item {Text(workItem)}: {what}", inner) =>
        (Kernel, Group, WorkItem) = (kernel, group, workItem);

    /// <summary>The kernel's name.</summary>
    public string Kernel { get; }

    /// <summary>The group's place in the grid.</summary>
    public Index3D Group { get; }

    /// <summary>The work-item's place in its group; the first one, where it concerns several.</summary>
    public Index3D WorkItem { get; }

    internal static string Text(Index3D index) => $"({index.X}, {index.Y}, {index.Z})";
}
