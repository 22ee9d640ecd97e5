namespace ILGPU;

/// <summary>A one-dimensional index or extent; an int in all but name.</summary>
public readonly record struct Index1D(int X)
{
    /// <summary>An int is an index.</summary>
    public static implicit operator Index1D(int x) => new(x);

    /// <summary>An index is an int.</summary>
    public static implicit operator int(Index1D index) => index.X;
}

/// <summary>A two-dimensional index or extent.</summary>
public readonly record struct Index2D(int X, int Y)
{
    /// <summary>A pair of ints is an index.</summary>
    public static implicit operator Index2D((int X, int Y) values) => new(values.X, values.Y);
}

/// <summary>A three-dimensional index or extent.</summary>
public readonly record struct Index3D(int X, int Y, int Z)
{
    /// <summary>How many indices lie in an extent.</summary>
    public int Size => checked(X * Y * Z);

    /// <summary>Three ints are an index.</summary>
    public static implicit operator Index3D((int X, int Y, int Z) values) => new(values.X, values.Y, values.Z);
}

/// <summary>A one-dimensional index or extent of 64 bits.</summary>
public readonly record struct LongIndex1D(long X)
{
    /// <summary>A long is an index.</summary>
    public static implicit operator LongIndex1D(long x) => new(x);

    /// <summary>An index is a long.</summary>
    public static implicit operator long(LongIndex1D index) => index.X;
}

/// <summary>How far apart the elements of one-dimensional memory lie.</summary>
public static class Stride1D
{
    /// <summary>Next to one another.</summary>
    public readonly struct Dense;
}

/// <summary>How many groups run, and how many work-items each has.</summary>
public readonly struct KernelConfig
{
    /// <summary>One-dimensional.</summary>
    public KernelConfig(Index1D gridDim, Index1D groupDim) : this(new(gridDim, 1, 1), new Index3D(groupDim, 1, 1)) { }

    /// <summary>Two-dimensional.</summary>
    public KernelConfig(Index2D gridDim, Index2D groupDim) : this(new(gridDim.X, gridDim.Y, 1), new Index3D(groupDim.X, groupDim.Y, 1)) { }

    /// <summary>Three-dimensional.</summary>
    public KernelConfig(Index3D gridDim, Index3D groupDim) => (GridDim, GroupDim) = (gridDim, groupDim);

    /// <summary>Groups.</summary>
    public Index3D GridDim { get; }

    /// <summary>Work-items of a group.</summary>
    public Index3D GroupDim { get; }

    /// <summary>One-dimensional.</summary>
    public static implicit operator KernelConfig((Index1D Grid, Index1D Group) dimensions) => new(dimensions.Grid, dimensions.Group);

    /// <summary>Two-dimensional.</summary>
    public static implicit operator KernelConfig((Index2D Grid, Index2D Group) dimensions) => new(dimensions.Grid, dimensions.Group);

    /// <summary>Three-dimensional.</summary>
    public static implicit operator KernelConfig((Index3D Grid, Index3D Group) dimensions) => new(dimensions.Grid, dimensions.Group);
}
