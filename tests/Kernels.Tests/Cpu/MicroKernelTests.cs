using System.Runtime.InteropServices;
using PureLcm.Kernels.Cpu;

namespace PureLcm.Kernels.Tests.Cpu;

/// <summary>The innermost loops keep to the room that their callers have: rows up to a multiple of twelve.</summary>
public unsafe class MicroKernelTests
{
    [Fact]
    public void NoRowBeyondTheRoomIsWritten512() => Check<V512>();

    [Fact]
    public void NoRowBeyondTheRoomIsWritten256() => Check<V256>();

    [Fact]
    public void NoRowBeyondTheRoomIsWritten128() => Check<V128>();

    static void Check<V>() where V : struct, IVec<V>
    {
        const int mostRows = 60, depth = 3;
        int width = 2 * V.Count;
        // Room for a row too many is a row of sentinels, not somebody's memory.
        float* a = Allocate(2 * mostRows * MicroKernel.Stride, 1), b = Allocate(depth * width, 2), c = Allocate(2 * mostRows * width, -1);
        for (int used = 1; used <= width; used += width - 1)
            for (int rows = 1; rows <= mostRows; rows++)
            {
                new Span<float>(c, 2 * mostRows * width).Fill(-1);
                MicroKernel.Tiles<V>(a, b, c, rows, used, depth, width, add: false);
                int room = (rows + 11) / 12 * 12;
                for (int row = 0; row < 2 * mostRows; row++)
                {
                    float first = c[row * width];
                    if (row < rows) Assert.True(first == 6, $"{V.Count} lanes, {rows} rows: row {row} is {first}");
                    else if (row >= room) Assert.True(first == -1, $"{V.Count} lanes, {rows} rows: row {row} was written, beyond the room of {room}");
                }
            }
        NativeMemory.AlignedFree(a);
        NativeMemory.AlignedFree(b);
        NativeMemory.AlignedFree(c);

        static float* Allocate(int count, float value)
        {
            var p = (float*)NativeMemory.AlignedAlloc((nuint)count * sizeof(float), 64);
            new Span<float>(p, count).Fill(value);
            return p;
        }
    }
}
