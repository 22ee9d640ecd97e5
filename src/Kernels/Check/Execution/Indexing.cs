using ILGPU;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>Between places in three dimensions and their number, x first.</summary>
static class Indexing
{
    /// <summary>The place with this number in an extent.</summary>
    public static Index3D Place(long number, Index3D extent) =>
        new((int)(number % extent.X), (int)(number / extent.X % extent.Y), (int)(number / extent.X / extent.Y));

    /// <summary>Places in an extent.</summary>
    public static long Count(Index3D extent) => checked((long)extent.X * extent.Y * extent.Z);
}
