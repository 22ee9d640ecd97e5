using ILGPU;

namespace PureLcm.Kernels.Gpu;

/// <summary>
/// For graphics cards: 256 work-items on 64 x 64, each with 4 rows by 4 columns, so that a step's 8 loads feed 16 multiply-adds.
/// Its columns lie 16 apart: neighbouring work-items then read neighbouring words. The whole right slice is shared.
/// </summary>
struct Tile4x4 : ITile
{
    public static int Rows => 64;

    public static int Items => 256;

    public static ArrayView<float> Left() => SharedMemory.Allocate<float>(64 * Tile.LeftPitch);

    public static ArrayView<float> Right() => SharedMemory.Allocate<float>(Tile.Depth * Tile.Columns);

    public static ArrayView<float> Block() => SharedMemory.Allocate<float>(64 * Tile.BlockPitch);

    public static ArrayView<float> Column() => SharedMemory.Allocate<float>(64);

    public static ArrayView<float> Each() => SharedMemory.Allocate<float>(256);

    public static void Bring<T, TRight>(ArrayView<T> from, RightSlice slice, ArrayView<float> right) where T : unmanaged, IStored<T> where TRight : IRight
    {
        int column = TRight.ColumnOf(Group.IdxX);
        for (int i = 0; i < 4; i++)
        {
            int k = TRight.KOf(Group.IdxX, i);
            right[k * Tile.Columns + column] = TRight.At(from, slice, k, column);
        }
    }

    public static Float4x4 Multiply<T, TRight>(Float4x4 sums, ArrayView<float> left, int start, int pitch, ArrayView<T> from, RightSlice slice, ArrayView<float> right)
        where T : unmanaged, IStored<T> where TRight : IRight
    {
        sums = FourSteps(sums, left, start, pitch, right, 0);
        sums = FourSteps(sums, left, start, pitch, right, 4);
        sums = FourSteps(sums, left, start, pitch, right, 8);
        return FourSteps(sums, left, start, pitch, right, 12);
    }

    static Float4x4 FourSteps(Float4x4 sums, ArrayView<float> left, int start, int pitch, ArrayView<float> right, int k)
    {
        sums = Step(sums, left, start, pitch, right, k);
        sums = Step(sums, left, start, pitch, right, k + 1);
        sums = Step(sums, left, start, pitch, right, k + 2);
        return Step(sums, left, start, pitch, right, k + 3);
    }

    /// <summary>One k: four values of the left slice's column times four of the right slice's row.</summary>
    static Float4x4 Step(Float4x4 sums, ArrayView<float> left, int start, int pitch, ArrayView<float> right, int k)
    {
        int row = start + Group.IdxX / 16 * 4 * pitch + k, column = k * Tile.Columns + Group.IdxX % 16;
        var b = Float4.Of(right[column], right[column + 16], right[column + 32], right[column + 48]);
        sums.A = b * left[row] + sums.A;
        sums.B = b * left[row + pitch] + sums.B;
        sums.C = b * left[row + 2 * pitch] + sums.C;
        sums.D = b * left[row + 3 * pitch] + sums.D;
        return sums;
    }

    public static Float4x4 Scale(Float4x4 sums, ArrayView<float> factors)
    {
        int row = Group.IdxX / 16 * 4;
        sums.A *= factors[row];
        sums.B *= factors[row + 1];
        sums.C *= factors[row + 2];
        sums.D *= factors[row + 3];
        return sums;
    }

    public static void Store(Float4x4 sums, ArrayView<float> block)
    {
        int start = Group.IdxX / 16 * 4 * Tile.BlockPitch + Group.IdxX % 16;
        StoreRow(sums.A, block, start);
        StoreRow(sums.B, block, start + Tile.BlockPitch);
        StoreRow(sums.C, block, start + 2 * Tile.BlockPitch);
        StoreRow(sums.D, block, start + 3 * Tile.BlockPitch);
    }

    static void StoreRow(Float4 sums, ArrayView<float> block, int start)
    {
        block[start] = sums.X;
        block[start + 16] = sums.Y;
        block[start + 32] = sums.Z;
        block[start + 48] = sums.W;
    }
}
