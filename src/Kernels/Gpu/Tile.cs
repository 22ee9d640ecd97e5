using ILGPU;

namespace PureLcm.Kernels.Gpu;

/// <summary>Four sums of a work-item.</summary>
struct Float4
{
    public float X, Y, Z, W;

    public static Float4 Of(float x, float y, float z, float w) => new() { X = x, Y = y, Z = z, W = w };

    public static Float4 operator +(Float4 a, Float4 b) => Of(a.X + b.X, a.Y + b.Y, a.Z + b.Z, a.W + b.W);

    public static Float4 operator *(Float4 a, float b) => Of(a.X * b, a.Y * b, a.Z * b, a.W * b);

    public static Float4 operator *(Float4 a, Float4 b) => Of(a.X * b.X, a.Y * b.Y, a.Z * b.Z, a.W * b.W);
}

/// <summary>
/// The sixteen sums of a work-item. Named and not an array: an array indexed by a loop's variable would lie in memory, and
/// these stay in registers.
/// </summary>
struct Sums
{
    public Float4 A, B, C, D;
}

/// <summary>
/// How a group shares out a block of a product, <see cref="Rows"/> x <see cref="Tile.Columns"/>. Both factors' slices lie in
/// shared memory: the left one as [Rows][<see cref="Tile.Depth"/>], the right one as [Depth][Columns]. Four work-items a row.
/// </summary>
interface ITile
{
    /// <summary>Rows of the block.</summary>
    static abstract int Rows { get; }

    /// <summary>Work-items of the group: 4 Rows.</summary>
    static abstract int Items { get; }

    /// <summary>The left slice's shared memory: [Rows][<see cref="Tile.LeftPitch"/>].</summary>
    static abstract ArrayView<float> Left();

    /// <summary>Shared memory for the whole block: [Rows][<see cref="Tile.BlockPitch"/>].</summary>
    static abstract ArrayView<float> Block();

    /// <summary>Shared memory for one value a row.</summary>
    static abstract ArrayView<float> Column();

    /// <summary>Shared memory for one value a work-item.</summary>
    static abstract ArrayView<float> Each();

    /// <summary>The work-item's sums after one more k: a column of the left slice times a row of the right one.</summary>
    static abstract Sums Step(Sums sums, ArrayView<float> left, int start, int pitch, ArrayView<float> right, int k);

    /// <summary>The work-item's sums, each times its row's factor.</summary>
    static abstract Sums Scale(Sums sums, ArrayView<float> factors);

    /// <summary>Puts the work-item's sums at their places in the block.</summary>
    static abstract void Store(Sums sums, ArrayView<float> block);
}

/// <summary>What all tiles have in common, and the loop over a slice.</summary>
static class Tile
{
    /// <summary>Columns of a block, which is also how weights are packed: in panels of so many.</summary>
    public const int Columns = 64;

    /// <summary>How much of k a slice has.</summary>
    public const int Depth = 16;

    /// <summary>From row to row of the left slice: odd, so that rows of neighbouring work-items lie in different banks.</summary>
    public const int LeftPitch = Depth + 1;

    /// <summary>From row to row of a block.</summary>
    public const int BlockPitch = Columns + 1;

    /// <summary>The right slice's shared memory.</summary>
    public static ArrayView<float> Right() => SharedMemory.Allocate<float>(Depth * Columns);

    /// <summary>
    /// All of a slice's k. Written out, because ILGPU unrolls no loops, and because a CPU's OpenCL makes vectors of neighbouring
    /// work-items only where no loop stands between two barriers.
    /// </summary>
    public static Sums Multiply<TTile>(Sums sums, ArrayView<float> left, int start, int pitch, ArrayView<float> right) where TTile : ITile
    {
        sums = Four<TTile>(sums, left, start, pitch, right, 0);
        sums = Four<TTile>(sums, left, start, pitch, right, 4);
        sums = Four<TTile>(sums, left, start, pitch, right, 8);
        return Four<TTile>(sums, left, start, pitch, right, 12);
    }

    static Sums Four<TTile>(Sums sums, ArrayView<float> left, int start, int pitch, ArrayView<float> right, int k) where TTile : ITile
    {
        sums = TTile.Step(sums, left, start + k, pitch, right, k);
        sums = TTile.Step(sums, left, start + k + 1, pitch, right, k + 1);
        sums = TTile.Step(sums, left, start + k + 2, pitch, right, k + 2);
        return TTile.Step(sums, left, start + k + 3, pitch, right, k + 3);
    }
}

/// <summary>
/// For graphics cards: 256 work-items on 64 x 64, each with 4 rows by 4 columns, so that a step's 8 loads feed 16 multiply-adds.
/// The columns lie 16 apart: neighbouring work-items then read neighbouring words.
/// </summary>
struct Tile4x4 : ITile
{
    public static int Rows => 64;

    public static int Items => 256;

    public static ArrayView<float> Left() => SharedMemory.Allocate<float>(64 * Tile.LeftPitch);

    public static ArrayView<float> Block() => SharedMemory.Allocate<float>(64 * Tile.BlockPitch);

    public static ArrayView<float> Column() => SharedMemory.Allocate<float>(64);

    public static ArrayView<float> Each() => SharedMemory.Allocate<float>(256);

    public static Sums Step(Sums sums, ArrayView<float> left, int start, int pitch, ArrayView<float> right, int k)
    {
        int row = start + Group.IdxX / 16 * 4 * pitch, column = k * Tile.Columns + Group.IdxX % 16;
        var b = Float4.Of(right[column], right[column + 16], right[column + 32], right[column + 48]);
        sums.A = b * left[row] + sums.A;
        sums.B = b * left[row + pitch] + sums.B;
        sums.C = b * left[row + 2 * pitch] + sums.C;
        sums.D = b * left[row + 3 * pitch] + sums.D;
        return sums;
    }

    public static Sums Scale(Sums sums, ArrayView<float> factors)
    {
        int row = Group.IdxX / 16 * 4;
        sums.A *= factors[row];
        sums.B *= factors[row + 1];
        sums.C *= factors[row + 2];
        sums.D *= factors[row + 3];
        return sums;
    }

    public static void Store(Sums sums, ArrayView<float> block)
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

/// <summary>
/// For processors: 64 work-items on 16 x 64, each with one column. Neighbouring work-items become the lanes of a vector, the
/// left factor's values are the same for all of them, and each vector of the right one is used for 16 multiply-adds.
/// </summary>
struct Tile16x1 : ITile
{
    public static int Rows => 16;

    public static int Items => 64;

    public static ArrayView<float> Left() => SharedMemory.Allocate<float>(16 * Tile.LeftPitch);

    public static ArrayView<float> Block() => SharedMemory.Allocate<float>(16 * Tile.BlockPitch);

    public static ArrayView<float> Column() => SharedMemory.Allocate<float>(16);

    public static ArrayView<float> Each() => SharedMemory.Allocate<float>(64);

    public static Sums Step(Sums sums, ArrayView<float> left, int start, int pitch, ArrayView<float> right, int k)
    {
        float b = right[k * Tile.Columns + Group.IdxX];
        sums.A = FourRows(left, start, pitch) * b + sums.A;
        sums.B = FourRows(left, start + 4 * pitch, pitch) * b + sums.B;
        sums.C = FourRows(left, start + 8 * pitch, pitch) * b + sums.C;
        sums.D = FourRows(left, start + 12 * pitch, pitch) * b + sums.D;
        return sums;
    }

    public static Sums Scale(Sums sums, ArrayView<float> factors)
    {
        sums.A *= FourRows(factors, 0, 1);
        sums.B *= FourRows(factors, 4, 1);
        sums.C *= FourRows(factors, 8, 1);
        sums.D *= FourRows(factors, 12, 1);
        return sums;
    }

    public static void Store(Sums sums, ArrayView<float> block)
    {
        StoreRows(sums.A, block, Group.IdxX);
        StoreRows(sums.B, block, Group.IdxX + 4 * Tile.BlockPitch);
        StoreRows(sums.C, block, Group.IdxX + 8 * Tile.BlockPitch);
        StoreRows(sums.D, block, Group.IdxX + 12 * Tile.BlockPitch);
    }

    static Float4 FourRows(ArrayView<float> from, int start, int pitch) =>
        Float4.Of(from[start], from[start + pitch], from[start + 2 * pitch], from[start + 3 * pitch]);

    static void StoreRows(Float4 sums, ArrayView<float> block, int start)
    {
        block[start] = sums.X;
        block[start + Tile.BlockPitch] = sums.Y;
        block[start + 2 * Tile.BlockPitch] = sums.Z;
        block[start + 3 * Tile.BlockPitch] = sums.W;
    }
}
