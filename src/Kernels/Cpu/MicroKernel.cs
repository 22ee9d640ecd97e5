using System.Runtime.CompilerServices;

namespace PureLcm.Kernels.Cpu;

/// <summary>
/// The innermost loops of every product: a tile of C, some rows by two vectors, stays in registers while k runs.
/// A is row-major with a fixed distance of <see cref="Stride"/> floats between rows, so that all its addresses are one pointer
/// and constants; B is a panel, two vectors a k. For each k there are two loads of B, a broadcast a row, and two FMAs a row.
/// </summary>
static unsafe class MicroKernel
{
    /// <summary>The most k of one call.</summary>
    public const int Depth = 256;

    /// <summary>Floats between rows of A: Depth and a cache line, so that rows don't fall on the same lines of L1.</summary>
    public const int Stride = Depth + 16;

    /// <summary>The rows that the larger kernel of a width takes: as many as the registers hold with two vectors each.</summary>
    public static int LargeRows<V>() where V : struct, IVec<V> => V.Count == 16 ? 12 : 6;

    /// <summary>
    /// C[rows, 2 vectors] (+)= A[rows, depth] B[depth, 2 vectors], for any number of rows; A and C have room for a multiple of
    /// twelve, and what lies beyond the rows asked for may be written.
    /// Where no more than one vector of the panel is used, only that is computed.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Tiles<V>(float* a, float* b, float* c, int rows, int used, int depth, int cPitch, bool add) where V : struct, IVec<V>
    {
        if (used <= V.Count)
        {
            for (; rows > 0; rows -= 6, a += 6 * Stride, c += (nint)6 * cPitch) SixNarrow<V>(a, b, c, Math.Min(rows, 6), depth, cPitch, add);
            return;
        }
        int large = LargeRows<V>();
        // More than eight of twelve, or four of six, are a large kernel's: twice four rows for five would leave the room.
        for (; rows > (large == 12 ? 8 : 4); rows -= large, a += large * Stride, c += (nint)large * cPitch)
        {
            if (V.Count == 16) Twelve<V>(a, b, c, depth, cPitch, add);
            else Six<V>(a, b, c, depth, cPitch, add);
        }
        for (; rows > 0; rows -= 4, a += 4 * Stride, c += (nint)4 * cPitch) Four<V>(a, b, c, depth, cPitch, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Twelve<V>(float* a, float* b, float* c, int depth, int cPitch, bool add) where V : struct, IVec<V>
    {
        V c00 = V.Zero, c01 = V.Zero, c10 = V.Zero, c11 = V.Zero, c20 = V.Zero, c21 = V.Zero, c30 = V.Zero, c31 = V.Zero;
        V c40 = V.Zero, c41 = V.Zero, c50 = V.Zero, c51 = V.Zero, c60 = V.Zero, c61 = V.Zero, c70 = V.Zero, c71 = V.Zero;
        V c80 = V.Zero, c81 = V.Zero, c90 = V.Zero, c91 = V.Zero, ca0 = V.Zero, ca1 = V.Zero, cb0 = V.Zero, cb1 = V.Zero;
        float* end = a + depth;
        for (; a < end; a++, b += 2 * V.Count)
        {
            V b0 = V.Load(b), b1 = V.Load(b + V.Count), x;
            x = V.Of(a[0]); c00 = V.MulAdd(x, b0, c00); c01 = V.MulAdd(x, b1, c01);
            x = V.Of(a[Stride]); c10 = V.MulAdd(x, b0, c10); c11 = V.MulAdd(x, b1, c11);
            x = V.Of(a[2 * Stride]); c20 = V.MulAdd(x, b0, c20); c21 = V.MulAdd(x, b1, c21);
            x = V.Of(a[3 * Stride]); c30 = V.MulAdd(x, b0, c30); c31 = V.MulAdd(x, b1, c31);
            x = V.Of(a[4 * Stride]); c40 = V.MulAdd(x, b0, c40); c41 = V.MulAdd(x, b1, c41);
            x = V.Of(a[5 * Stride]); c50 = V.MulAdd(x, b0, c50); c51 = V.MulAdd(x, b1, c51);
            x = V.Of(a[6 * Stride]); c60 = V.MulAdd(x, b0, c60); c61 = V.MulAdd(x, b1, c61);
            x = V.Of(a[7 * Stride]); c70 = V.MulAdd(x, b0, c70); c71 = V.MulAdd(x, b1, c71);
            x = V.Of(a[8 * Stride]); c80 = V.MulAdd(x, b0, c80); c81 = V.MulAdd(x, b1, c81);
            x = V.Of(a[9 * Stride]); c90 = V.MulAdd(x, b0, c90); c91 = V.MulAdd(x, b1, c91);
            x = V.Of(a[10 * Stride]); ca0 = V.MulAdd(x, b0, ca0); ca1 = V.MulAdd(x, b1, ca1);
            x = V.Of(a[11 * Stride]); cb0 = V.MulAdd(x, b0, cb0); cb1 = V.MulAdd(x, b1, cb1);
        }
        Store(c, c00, c01, add); c += cPitch; Store(c, c10, c11, add); c += cPitch;
        Store(c, c20, c21, add); c += cPitch; Store(c, c30, c31, add); c += cPitch;
        Store(c, c40, c41, add); c += cPitch; Store(c, c50, c51, add); c += cPitch;
        Store(c, c60, c61, add); c += cPitch; Store(c, c70, c71, add); c += cPitch;
        Store(c, c80, c81, add); c += cPitch; Store(c, c90, c91, add); c += cPitch;
        Store(c, ca0, ca1, add); c += cPitch; Store(c, cb0, cb1, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Six<V>(float* a, float* b, float* c, int depth, int cPitch, bool add) where V : struct, IVec<V>
    {
        V c00 = V.Zero, c01 = V.Zero, c10 = V.Zero, c11 = V.Zero, c20 = V.Zero, c21 = V.Zero;
        V c30 = V.Zero, c31 = V.Zero, c40 = V.Zero, c41 = V.Zero, c50 = V.Zero, c51 = V.Zero;
        float* end = a + depth;
        for (; a < end; a++, b += 2 * V.Count)
        {
            V b0 = V.Load(b), b1 = V.Load(b + V.Count), x;
            x = V.Of(a[0]); c00 = V.MulAdd(x, b0, c00); c01 = V.MulAdd(x, b1, c01);
            x = V.Of(a[Stride]); c10 = V.MulAdd(x, b0, c10); c11 = V.MulAdd(x, b1, c11);
            x = V.Of(a[2 * Stride]); c20 = V.MulAdd(x, b0, c20); c21 = V.MulAdd(x, b1, c21);
            x = V.Of(a[3 * Stride]); c30 = V.MulAdd(x, b0, c30); c31 = V.MulAdd(x, b1, c31);
            x = V.Of(a[4 * Stride]); c40 = V.MulAdd(x, b0, c40); c41 = V.MulAdd(x, b1, c41);
            x = V.Of(a[5 * Stride]); c50 = V.MulAdd(x, b0, c50); c51 = V.MulAdd(x, b1, c51);
        }
        Store(c, c00, c01, add); c += cPitch; Store(c, c10, c11, add); c += cPitch;
        Store(c, c20, c21, add); c += cPitch; Store(c, c30, c31, add); c += cPitch;
        Store(c, c40, c41, add); c += cPitch; Store(c, c50, c51, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Four<V>(float* a, float* b, float* c, int depth, int cPitch, bool add) where V : struct, IVec<V>
    {
        V c00 = V.Zero, c01 = V.Zero, c10 = V.Zero, c11 = V.Zero, c20 = V.Zero, c21 = V.Zero, c30 = V.Zero, c31 = V.Zero;
        float* end = a + depth;
        for (; a < end; a++, b += 2 * V.Count)
        {
            V b0 = V.Load(b), b1 = V.Load(b + V.Count), x;
            x = V.Of(a[0]); c00 = V.MulAdd(x, b0, c00); c01 = V.MulAdd(x, b1, c01);
            x = V.Of(a[Stride]); c10 = V.MulAdd(x, b0, c10); c11 = V.MulAdd(x, b1, c11);
            x = V.Of(a[2 * Stride]); c20 = V.MulAdd(x, b0, c20); c21 = V.MulAdd(x, b1, c21);
            x = V.Of(a[3 * Stride]); c30 = V.MulAdd(x, b0, c30); c31 = V.MulAdd(x, b1, c31);
        }
        Store(c, c00, c01, add); c += cPitch; Store(c, c10, c11, add); c += cPitch;
        Store(c, c20, c21, add); c += cPitch; Store(c, c30, c31, add);
    }

    /// <summary>Six rows by the panel's first vector; stores only so many rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void SixNarrow<V>(float* a, float* b, float* c, int rows, int depth, int cPitch, bool add) where V : struct, IVec<V>
    {
        V c0 = V.Zero, c1 = V.Zero, c2 = V.Zero, c3 = V.Zero, c4 = V.Zero, c5 = V.Zero;
        float* end = a + depth;
        for (; a < end; a++, b += 2 * V.Count)
        {
            V b0 = V.Load(b);
            c0 = V.MulAdd(V.Of(a[0]), b0, c0);
            c1 = V.MulAdd(V.Of(a[Stride]), b0, c1);
            c2 = V.MulAdd(V.Of(a[2 * Stride]), b0, c2);
            c3 = V.MulAdd(V.Of(a[3 * Stride]), b0, c3);
            c4 = V.MulAdd(V.Of(a[4 * Stride]), b0, c4);
            c5 = V.MulAdd(V.Of(a[5 * Stride]), b0, c5);
        }
        StoreOne(c, c0, add);
        if (rows > 1) StoreOne(c + cPitch, c1, add);
        if (rows > 2) StoreOne(c + 2 * cPitch, c2, add);
        if (rows > 3) StoreOne(c + 3 * cPitch, c3, add);
        if (rows > 4) StoreOne(c + 4 * cPitch, c4, add);
        if (rows > 5) StoreOne(c + 5 * cPitch, c5, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreOne<V>(float* c, V value, bool add) where V : struct, IVec<V> => V.Store(add ? value + V.Load(c) : value, c);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void Store<V>(float* c, V first, V second, bool add) where V : struct, IVec<V>
    {
        if (add) (first, second) = (first + V.Load(c), second + V.Load(c + V.Count));
        V.Store(first, c);
        V.Store(second, c + V.Count);
    }
}
