using ILGPU;

namespace PureLcm.Kernels.Gpu;

/// <summary>
/// For processors: 64 work-items on 16 x 64, each with one column. Neighbouring work-items become the lanes of a vector, the
/// left factor's values are the same for all of them, and each value of the right one is used for 16 multiply-adds, all by the
/// work-item that has brought it: it keeps its column of the slice to itself. (In shared memory, its address would be kept
/// across the barrier, a pointer for each lane, and what should be one load of a vector would become a gather.)
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

    public static Float4x4 Bring<T>(ArrayView<T> from, int start, ArrayView<float> right) where T : unmanaged, IStored<T>
    {
        start += Group.IdxX;
        return new()
        {
            A = FourPacked(from, start),
            B = FourPacked(from, start + 4 * Tile.Columns),
            C = FourPacked(from, start + 8 * Tile.Columns),
            D = FourPacked(from, start + 12 * Tile.Columns),
        };
    }

    static Float4 FourPacked<T>(ArrayView<T> from, int start) where T : unmanaged, IStored<T> =>
        Float4.Of(T.Load(from[start]), T.Load(from[start + Tile.Columns]), T.Load(from[start + 2 * Tile.Columns]), T.Load(from[start + 3 * Tile.Columns]));

    public static Float4x4 BringRows<T>(ArrayView<T> from, RightSlice slice, ArrayView<float> right) where T : unmanaged, IStored<T> =>
        new() { A = FourOfRows(from, slice, 0), B = FourOfRows(from, slice, 4), C = FourOfRows(from, slice, 8), D = FourOfRows(from, slice, 12) };

    static Float4 FourOfRows<T>(ArrayView<T> from, RightSlice slice, int k) where T : unmanaged, IStored<T> => Float4.Of(
        RightSlice.InRow(from, slice, k, Group.IdxX), RightSlice.InRow(from, slice, k + 1, Group.IdxX),
        RightSlice.InRow(from, slice, k + 2, Group.IdxX), RightSlice.InRow(from, slice, k + 3, Group.IdxX));

    public static Float4x4 BringColumns<T>(ArrayView<T> from, RightSlice slice, ArrayView<float> right) where T : unmanaged, IStored<T> =>
        new() { A = FourOfColumn(from, slice, 0), B = FourOfColumn(from, slice, 4), C = FourOfColumn(from, slice, 8), D = FourOfColumn(from, slice, 12) };

    static Float4 FourOfColumn<T>(ArrayView<T> from, RightSlice slice, int k) where T : unmanaged, IStored<T> => Float4.Of(
        RightSlice.InColumn(from, slice, k, Group.IdxX), RightSlice.InColumn(from, slice, k + 1, Group.IdxX),
        RightSlice.InColumn(from, slice, k + 2, Group.IdxX), RightSlice.InColumn(from, slice, k + 3, Group.IdxX));

    public static Float4x4 Multiply(Float4x4 sums, ArrayView<float> left, int start, int pitch, Float4x4 own, ArrayView<float> right)
    {
        sums = FourSteps(sums, left, start, pitch, own.A);
        sums = FourSteps(sums, left, start + 4, pitch, own.B);
        sums = FourSteps(sums, left, start + 8, pitch, own.C);
        return FourSteps(sums, left, start + 12, pitch, own.D);
    }

    static Float4x4 FourSteps(Float4x4 sums, ArrayView<float> left, int start, int pitch, Float4 b)
    {
        sums = Step(sums, left, start, pitch, b.X);
        sums = Step(sums, left, start + 1, pitch, b.Y);
        sums = Step(sums, left, start + 2, pitch, b.Z);
        return Step(sums, left, start + 3, pitch, b.W);
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
