using System.Reflection;
using ILGPU;
using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>Views, refs to their elements, and the three kinds of memory.</summary>
public class ViewTests
{
    struct Float4
    {
        public float X, Y, Z, W;

        public readonly Float4 Fma(float a, Float4 b) => new() { X = X * a + b.X, Y = Y * a + b.Y, Z = Z * a + b.Z, W = W * a + b.W };
    }

    static void SubViews(ArrayView<float> x, ArrayView<int> y)
    {
        var middle = x.SubView(2, 8);
        var inner = middle.SubView(2L, 4L).Cast<Float4>();
        inner[0] = inner[0].Fma(2, middle.Cast<Float4>()[1]);
        ref float last = ref middle[(long)middle.IntLength - 1];
        last = -1;
        last += middle[0];
        y[0] = (int)x.Length;
        y[1] = middle.IntLength;
        y[2] = inner.IntLength;
        y[3] = (int)x.SubView(3).Length;
        y[4] = x.Cast<byte>().IntLength;
        y[5] = x.Cast<byte>()[4 * 1 + 3];
        y[6] = (int)x.LengthInBytes;
        y[7] = System.Runtime.CompilerServices.Unsafe.SizeOf<Float4>();
    }

    [Fact]
    public void SubViewsAndCasts()
    {
        float[] x = [.. Enumerable.Range(0, 12)];
        var y = new int[8];
        Kernels.Run(SubViews, x, y);
        // [4..8) * 2 + [6..10)
        Assert.Equal([0, 1, 2, 3, 4 * 2 + 6, 5 * 2 + 7, 6 * 2 + 8, 7 * 2 + 9, 8, 1, 10, 11], x);
        Assert.Equal([12, 8, 1, 9, 48, 0x3f, 48, 16], y);
    }

    static void Memories(ArrayView<int> y)
    {
        {
            var tile = SharedMemory.Allocate<int>(16);
            for (int i = 0; i < tile.IntLength; i++) tile[i] = i;
            y[0] = Total(tile.SubView(4, 3));
        }
        {
            var row = LocalMemory.Allocate<int>(4); // takes the place of tile in IL
            for (int i = 0; i < 4; i++) row[i] = y[0] + i;
            ref int third = ref row[2];
            Increase(ref third);
            y[1] = Total(row);
        }
        Group.Barrier();
        y[2] = Atomic.Add(ref y[3], 5) + Atomic.Max(ref y[4], 7) + Atomic.CompareExchange(ref y[5], 2, 9) + Atomic.Or(ref y[6], 6);
    }

    static int Total(ArrayView<int> view)
    {
        int sum = 0;
        for (int i = 0; i < view.Length; i++) sum += view[i];
        return sum;
    }

    static void Increase(ref int x) => x += 100;

    [Fact]
    public void SharedAndLocalMemory()
    {
        int[] y = [0, 0, 0, 1, 2, 2, 1];
        var kernel = Kernels.Run(Memories, y);
        Assert.Equal([15, 4 * 15 + 6 + 100, 1 + 2 + 2 + 1, 6, 7, 9, 7], y);
        Assert.Equal(new Allocation(64, 4), Assert.Single(kernel.Shared));
        Assert.Equal(new Allocation(16, 4), Assert.Single(kernel.Local));
        Assert.True(kernel.HasBarriers);
        Assert.DoesNotContain(kernel.Blocks, block => block.End == End.Barrier && block.Targets.Length != 1);
    }

    readonly struct Window(ArrayView<float> data, int pitch)
    {
        readonly ArrayView<float> data = data;
        readonly int pitch = pitch;

        public ref float this[int row, int column] => ref data[row * pitch + column];
    }

    static void Structures(ArrayView<float> x, ArrayView<float> y, int pitch)
    {
        var window = new Window(x.SubView(1), pitch);
        window[1, 2] = 5;
        window[0, 1] += window[1, 2] * 2;
        ArrayView<float> chosen = pitch > 2 ? x : y, empty = default;
        chosen[chosen.IntLength - 1] = empty.IntLength - 3;
        ref float one = ref (pitch > 2 ? ref y[0] : ref x[0]);
        one = 8;
        for (int i = 0; i < 2; i++) one = ref y[i + 1];
        one = 9;
    }

    [Fact]
    public void ViewsInStructuresAndRefsToEither()
    {
        var x = new float[9];
        var y = new float[3];
        Kernels.Run(Structures, x, y, 3);
        Assert.Equal([0, 0, 10, 0, 0, 0, 5, 0, -3], x);
        Assert.Equal([8, 0, 9], y);
    }

    static void Positions(ArrayView<int> y)
    {
        int i = (Group.IdxZ * Group.DimY + Group.IdxY) * Group.DimX + Group.IdxX;
        y[i] = i + 100 * Group.IdxY + Grid.IdxX + Grid.IdxY + Grid.IdxZ + Grid.DimX * Grid.DimY * Grid.DimZ * Group.DimZ;
    }

    [Fact]
    public void PositionsOfWorkItems()
    {
        var y = new int[12];
        Interpreter.Run(((Action<ArrayView<int>>)Positions).Method, [y], (2, 3, 2));
        Assert.Equal(Enumerable.Range(0, 12).Select(i => i + i / 2 % 3 * 100 + 2), y);
    }
}
