using ILGPU;

namespace PureLcm.Kernels.Gpu;

/// <summary>Four numbers of a work-item.</summary>
struct Float4
{
    public float X, Y, Z, W;

    public static Float4 Of(float x, float y, float z, float w) => new() { X = x, Y = y, Z = z, W = w };

    public static Float4 operator +(Float4 a, Float4 b) => Of(a.X + b.X, a.Y + b.Y, a.Z + b.Z, a.W + b.W);

    public static Float4 operator *(Float4 a, float b) => Of(a.X * b, a.Y * b, a.Z * b, a.W * b);

    public static Float4 operator *(Float4 a, Float4 b) => Of(a.X * b.X, a.Y * b.Y, a.Z * b.Z, a.W * b.W);
}

/// <summary>
/// Sixteen numbers of a work-item. Named and not an array: an array indexed by a loop's variable would lie in memory, and these
/// stay in registers.
/// </summary>
struct Float4x4
{
    public Float4 A, B, C, D;
}

/// <summary>Where a slice of the right factor lies: its first value, from row to row, and how many k and columns there are.</summary>
struct RightSlice
{
    public int Start, Pitch, Depth, Columns;
}

/// <summary>How a slice of the right factor lies in memory.</summary>
interface IRight
{
    /// <summary>A value; 0 beyond the slice.</summary>
    static abstract float At<T>(ArrayView<T> from, RightSlice slice, int k, int column) where T : unmanaged, IStored<T>;

    /// <summary>Where 256 work-items bring four values each: the k of the i-th, so that neighbours read neighbouring words.</summary>
    static abstract int KOf(int item, int i);

    /// <summary>And their column.</summary>
    static abstract int ColumnOf(int item);
}

/// <summary>A weight's slice, packed to be read: [Depth][Columns], with nothing beyond it.</summary>
struct PackedRight : IRight
{
    public static float At<T>(ArrayView<T> from, RightSlice slice, int k, int column) where T : unmanaged, IStored<T> =>
        T.Load(from[slice.Start + k * Tile.Columns + column]);

    public static int KOf(int item, int i) => item / Tile.Columns + 4 * i;

    public static int ColumnOf(int item) => item % Tile.Columns;
}

/// <summary>In rows, each of one k.</summary>
struct RowsRight : IRight
{
    public static float At<T>(ArrayView<T> from, RightSlice slice, int k, int column) where T : unmanaged, IStored<T> =>
        k < slice.Depth && column < slice.Columns ? T.Load(from[slice.Start + k * slice.Pitch + column]) : 0;

    public static int KOf(int item, int i) => item / Tile.Columns + 4 * i;

    public static int ColumnOf(int item) => item % Tile.Columns;
}

/// <summary>Transposed: in rows, each of one column.</summary>
struct ColumnsRight : IRight
{
    public static float At<T>(ArrayView<T> from, RightSlice slice, int k, int column) where T : unmanaged, IStored<T> =>
        k < slice.Depth && column < slice.Columns ? T.Load(from[slice.Start + column * slice.Pitch + k]) : 0;

    public static int KOf(int item, int i) => item % 4 * 4 + i;

    public static int ColumnOf(int item) => item / 4;
}

/// <summary>
/// How a group shares out a block of a product, <see cref="Rows"/> x <see cref="Tile.Columns"/>, of which each work-item has
/// sixteen sums. For each slice of <see cref="Tile.Depth"/> k the kernel puts the left factor's values into shared memory and
/// lets the tile bring the right factor's; after a barrier the tile multiplies them, and after another comes the next slice.
/// </summary>
interface ITile
{
    /// <summary>Rows of the block.</summary>
    static abstract int Rows { get; }

    /// <summary>Work-items of the group: four a row.</summary>
    static abstract int Items { get; }

    /// <summary>The left slice's shared memory: [Rows][<see cref="Tile.LeftPitch"/>].</summary>
    static abstract ArrayView<float> Left();

    /// <summary>Shared memory for as much of the right slice as work-items take from one another.</summary>
    static abstract ArrayView<float> Right();

    /// <summary>Shared memory for the whole block: [Rows][<see cref="Tile.BlockPitch"/>].</summary>
    static abstract ArrayView<float> Block();

    /// <summary>Shared memory for one value a row.</summary>
    static abstract ArrayView<float> Column();

    /// <summary>Shared memory for one value a work-item.</summary>
    static abstract ArrayView<float> Each();

    /// <summary>Brings what work-items take from one another of a right slice into shared memory.</summary>
    static abstract void Bring<T, TRight>(ArrayView<T> from, RightSlice slice, ArrayView<float> right) where T : unmanaged, IStored<T> where TRight : IRight;

    /// <summary>
    /// The work-item's sums after a slice. Of the left one, rows begin at <paramref name="start"/> and follow by the pitch; the
    /// right one is the one that was brought.
    /// </summary>
    /// <remarks>
    /// Written out, because ILGPU unrolls no loops, and because a processor's OpenCL makes vectors of neighbouring work-items
    /// only where no loop stands between two barriers.
    /// </remarks>
    static abstract Float4x4 Multiply<T, TRight>(Float4x4 sums, ArrayView<float> left, int start, int pitch, ArrayView<T> from, RightSlice slice, ArrayView<float> right)
        where T : unmanaged, IStored<T> where TRight : IRight;

    /// <summary>The work-item's sums, each times its row's factor.</summary>
    static abstract Float4x4 Scale(Float4x4 sums, ArrayView<float> factors);

    /// <summary>Puts the work-item's sums at their places in the block.</summary>
    static abstract void Store(Float4x4 sums, ArrayView<float> block);
}

/// <summary>What all tiles have in common.</summary>
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

    /// <summary>
    /// A work-item's part of the left slice, four neighbouring k of row item / 4, into shared memory: so many as there are from
    /// <paramref name="at"/> on, and zeros.
    /// </summary>
    public static void BringLeft<T>(ArrayView<T> from, int at, int count, ArrayView<float> left) where T : unmanaged, IStored<T>
    {
        int to = Group.IdxX / 4 * LeftPitch + Group.IdxX % 4 * 4;
        left[to] = count > 0 ? T.Load(from[at]) : 0;
        left[to + 1] = count > 1 ? T.Load(from[at + 1]) : 0;
        left[to + 2] = count > 2 ? T.Load(from[at + 2]) : 0;
        left[to + 3] = count > 3 ? T.Load(from[at + 3]) : 0;
    }
}
