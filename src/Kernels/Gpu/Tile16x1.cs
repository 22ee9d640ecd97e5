using ILGPU;

namespace PureLcm.Kernels.Gpu;

/// <summary>
/// For processors: 64 work-items on 16 x 64, each with one column. Neighbouring work-items become the lanes of a vector, the
/// left factor's values are the same for all of them, and each value of the right one is used for 16 multiply-adds, all by one
/// work-item: it reads it where it lies, when it multiplies. (Through shared memory its address would be kept across the
/// barrier, a pointer for each lane, and what should be one load of a vector would become a gather.)
/// </summary>
struct Tile16x1 : ITile
{
    public static int Rows => 16;

    public static int Items => 64;

    public static ArrayView<float> Left() => SharedMemory.Allocate<float>(16 * Tile.LeftPitch);

    /// <summary>Not used; but a kernel has no empty memory.</summary>
    public static ArrayView<float> Right() => SharedMemory.Allocate<float>(1);

    public static ArrayView<float> Block() => SharedMemory.Allocate<float>(16 * Tile.BlockPitch);

    public static ArrayView<float> Column() => SharedMemory.Allocate<float>(16);

    public static ArrayView<float> Each() => SharedMemory.Allocate<float>(64);

    public static void Bring<T, TRight>(ArrayView<T> from, RightSlice slice, ArrayView<float> right) where T : unmanaged, IStored<T> where TRight : IRight { }

    public static Float4x4 Multiply<T, TRight>(Float4x4 sums, ArrayView<float> left, int start, int pitch, ArrayView<T> from, RightSlice slice, ArrayView<float> right)
        where T : unmanaged, IStored<T> where TRight : IRight
    {
        sums = FourSteps<T, TRight>(sums, left, start, pitch, from, slice, 0);
        sums = FourSteps<T, TRight>(sums, left, start, pitch, from, slice, 4);
        sums = FourSteps<T, TRight>(sums, left, start, pitch, from, slice, 8);
        return FourSteps<T, TRight>(sums, left, start, pitch, from, slice, 12);
    }

    static Float4x4 FourSteps<T, TRight>(Float4x4 sums, ArrayView<float> left, int start, int pitch, ArrayView<T> from, RightSlice slice, int k)
        where T : unmanaged, IStored<T> where TRight : IRight
    {
        sums = Step(sums, left, start + k, pitch, TRight.At(from, slice, k, Group.IdxX));
        sums = Step(sums, left, start + k + 1, pitch, TRight.At(from, slice, k + 1, Group.IdxX));
        sums = Step(sums, left, start + k + 2, pitch, TRight.At(from, slice, k + 2, Group.IdxX));
        return Step(sums, left, start + k + 3, pitch, TRight.At(from, slice, k + 3, Group.IdxX));
    }

    /// <summary>One k: the left slice's column times the work-item's value.</summary>
    static Float4x4 Step(Float4x4 sums, ArrayView<float> left, int start, int pitch, float b)
    {
        sums.A = FourRows(left, start, pitch) * b + sums.A;
        sums.B = FourRows(left, start + 4 * pitch, pitch) * b + sums.B;
        sums.C = FourRows(left, start + 8 * pitch, pitch) * b + sums.C;
        sums.D = FourRows(left, start + 12 * pitch, pitch) * b + sums.D;
        return sums;
    }

    static Float4 FourRows(ArrayView<float> from, int start, int pitch) =>
        Float4.Of(from[start], from[start + pitch], from[start + 2 * pitch], from[start + 3 * pitch]);

    public static Float4x4 Scale(Float4x4 sums, ArrayView<float> factors)
    {
        sums.A *= FourRows(factors, 0, 1);
        sums.B *= FourRows(factors, 4, 1);
        sums.C *= FourRows(factors, 8, 1);
        sums.D *= FourRows(factors, 12, 1);
        return sums;
    }

    public static void Store(Float4x4 sums, ArrayView<float> block)
    {
        StoreRows(sums.A, block, Group.IdxX);
        StoreRows(sums.B, block, Group.IdxX + 4 * Tile.BlockPitch);
        StoreRows(sums.C, block, Group.IdxX + 8 * Tile.BlockPitch);
        StoreRows(sums.D, block, Group.IdxX + 12 * Tile.BlockPitch);
    }

    static void StoreRows(Float4 sums, ArrayView<float> block, int start)
    {
        block[start] = sums.X;
        block[start + Tile.BlockPitch] = sums.Y;
        block[start + 2 * Tile.BlockPitch] = sums.Z;
        block[start + 3 * Tile.BlockPitch] = sums.W;
    }
}
