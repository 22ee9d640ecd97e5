using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace PureLcm.Check.Tests.Execution;

/// <summary>
/// Kernels whose groups work together. Their barriers are numbered, and <c>without</c> leaves one out: the checker has to
/// report that.
/// </summary>
static class GroupKernels
{
    public const int Tile = 16, Rows = 2, Threads = Tile * Tile, Scanned = 128;

    static void Barrier(int number, int without)
    {
        if (number != without) Group.Barrier();
    }

    public const int GemmBarriers = 3;

    /// <summary>
    /// c[m,n] = silu(a[m,k] b[k,n]): a group makes 32 x 16 of c, a work-item two rows of one column, through tiles of shared
    /// memory; the result passes through there, too, so that a work-item writes two neighbours.
    /// </summary>
    public static void Gemm(ArrayView<float> a, ArrayView<float> b, ArrayView<float> c, int m, int n, int k, SpecializedValue<int> without)
    {
        var tileA = SharedMemory.Allocate<float>(Rows * Tile * Tile);
        var tileB = SharedMemory.Allocate<float>(Tile * Tile);
        int x = Group.IdxX % Tile, y = Group.IdxX / Tile;
        int row = Grid.IdxY * Rows * Tile, column = Grid.IdxX * Tile;
        float sum0 = 0, sum1 = 0;
        for (int start = 0; start < k; start += Tile)
        {
            for (int r = y; r < Rows * Tile; r += Tile)
                tileA[r * Tile + x] = row + r < m && start + x < k ? a[(row + r) * k + start + x] : 0;
            tileB[y * Tile + x] = start + y < k && column + x < n ? b[(start + y) * n + column + x] : 0;
            Barrier(1, without);
            for (int i = 0; i < Tile; i++)
            {
                float right = tileB[i * Tile + x];
                sum0 += tileA[y * Tile + i] * right;
                sum1 += tileA[(y + Tile) * Tile + i] * right;
            }
            Barrier(2, without);
        }
        tileA[y * Tile + x] = Silu(sum0);
        tileA[(y + Tile) * Tile + x] = Silu(sum1);
        Barrier(3, without);
        for (int at = 2 * Group.IdxX; at < 2 * Group.IdxX + 2; at++)
        {
            int r = row + at / Tile, col = column + at % Tile;
            if (r < m && col < n) c[r * n + col] = tileA[at];
        }
    }

    static float Silu(float x) => x / (1 + XMath.Exp(-x));

    public const int ReduceBarriers = 2;

    /// <summary>Sums of so many elements, one a group, as a tree.</summary>
    public static void Reduce(ArrayView<float> x, ArrayView<float> sums, int count, SpecializedValue<int> without)
    {
        var shared = SharedMemory.Allocate<float>(Threads);
        int id = Group.IdxX;
        float sum = 0;
        for (int i = id; i < count; i += Group.DimX) sum += x[(long)Grid.IdxX * count + i];
        shared[id] = sum;
        Barrier(1, without);
        for (int half = Group.DimX / 2; half > 0; half /= 2)
        {
            if (id < half) shared[id] += shared[id + half];
            Barrier(2, without);
        }
        if (id == 0) sums[Grid.IdxX] = shared[0];
    }

    public const int ScanBarriers = 3;

    /// <summary>Prefix sums within a group: each step adds what is 1, 2, 4, … to the left.</summary>
    public static void Scan(ArrayView<float> x, ArrayView<float> y, SpecializedValue<int> without)
    {
        var shared = SharedMemory.Allocate<float>(Scanned);
        int id = Group.IdxX, at = Grid.IdxX * Scanned + id;
        shared[id] = at < x.IntLength ? x[at] : 0;
        Barrier(1, without);
        for (int distance = 1; distance < Scanned; distance *= 2)
        {
            float left = id >= distance ? shared[id - distance] : 0;
            Barrier(2, without);
            shared[id] += left;
            Barrier(3, without);
        }
        if (at < y.IntLength) y[at] = shared[id];
    }
}
