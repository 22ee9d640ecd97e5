using ILGPU.Compat.Execution;

namespace ILGPU;

// What kernels call. Back ends put instructions in their place; the bodies here run only when a kernel is stepped through.

/// <summary>The launch's groups.</summary>
public static class Grid
{
    /// <summary>This group's place along x.</summary>
    public static int IdxX => WorkItem.Current.GridIndex.X;

    /// <summary>This group's place along y.</summary>
    public static int IdxY => WorkItem.Current.GridIndex.Y;

    /// <summary>This group's place along z.</summary>
    public static int IdxZ => WorkItem.Current.GridIndex.Z;

    /// <summary>Groups along x.</summary>
    public static int DimX => WorkItem.Current.GridDimension.X;

    /// <summary>Groups along y.</summary>
    public static int DimY => WorkItem.Current.GridDimension.Y;

    /// <summary>Groups along z.</summary>
    public static int DimZ => WorkItem.Current.GridDimension.Z;
}

/// <summary>A group's work-items.</summary>
public static class Group
{
    /// <summary>This work-item's place along x.</summary>
    public static int IdxX => WorkItem.Current.GroupIndex.X;

    /// <summary>This work-item's place along y.</summary>
    public static int IdxY => WorkItem.Current.GroupIndex.Y;

    /// <summary>This work-item's place along z.</summary>
    public static int IdxZ => WorkItem.Current.GroupIndex.Z;

    /// <summary>Work-items along x.</summary>
    public static int DimX => WorkItem.Current.GroupDimension.X;

    /// <summary>Work-items along y.</summary>
    public static int DimY => WorkItem.Current.GroupDimension.Y;

    /// <summary>Work-items along z.</summary>
    public static int DimZ => WorkItem.Current.GroupDimension.Z;

    /// <summary>Waits for all work-items of the group; what they wrote to shared memory is seen by all then.</summary>
    public static void Barrier() => WorkItem.Current.Barrier();
}

/// <summary>Memory that the work-items of a group share.</summary>
public static class SharedMemory
{
    /// <summary>So many elements, a constant; undefined until written.</summary>
    public static ArrayView<T> Allocate<T>(int extent) where T : unmanaged => WorkItem.Current.AllocateShared<T>(extent);
}

/// <summary>Memory of a work-item's own.</summary>
public static class LocalMemory
{
    /// <summary>So many elements, a constant; undefined until written.</summary>
    public static ArrayView<T> Allocate<T>(int extent) where T : unmanaged => WorkItem.Current.AllocateLocal<T>(extent);
}

/// <summary>Between numbers and their bits.</summary>
public static class Interop
{
    /// <summary>The bits of a float.</summary>
    public static uint FloatAsInt(float value) => BitConverter.SingleToUInt32Bits(value);

    /// <summary>The float of these bits.</summary>
    public static float IntAsFloat(uint value) => BitConverter.UInt32BitsToSingle(value);

    /// <summary>The bits of a double.</summary>
    public static ulong FloatAsInt(double value) => BitConverter.DoubleToUInt64Bits(value);

    /// <summary>The double of these bits.</summary>
    public static double IntAsFloat(ulong value) => BitConverter.UInt64BitsToDouble(value);
}

/// <summary>Changes of memory in one piece. Each returns the value before it.</summary>
public static class Atomic
{
    /// <summary>target += value</summary>
    public static int Add(ref int target, int value) => Interlocked.Add(ref target, value) - value;

    /// <summary>target = the larger of the two.</summary>
    public static int Max(ref int target, int value)
    {
        int old = Volatile.Read(ref target);
        for (int seen; old < value; old = seen)
            if ((seen = Interlocked.CompareExchange(ref target, value, old)) == old) break;
        return old;
    }

    /// <summary>target |= value</summary>
    public static int Or(ref int target, int value) => Interlocked.Or(ref target, value);

    /// <summary>target = value where it was compare.</summary>
    public static int CompareExchange(ref int target, int compare, int value) => Interlocked.CompareExchange(ref target, value, compare);
}
