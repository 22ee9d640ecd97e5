using ILGPU;
using ILGPU.Algorithms;
using PureLcm.Kernels.Check.Ir;
using ILGPU.Runtime;

namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>A kernel of the kind that all this is for, and how little is left of its C#.</summary>
public class GemmTests
{
    record struct Shape(int M, int N, int K, float Scale);

    struct Float4
    {
        public float X, Y, Z, W;

        public readonly Float4 Fma(float a, Float4 b) => new() { X = X * a + b.X, Y = Y * a + b.Y, Z = Z * a + b.Z, W = W * a + b.W };
    }

    interface ITile
    {
        static abstract int Depth { get; }
    }

    struct Tile8 : ITile
    {
        public static int Depth => 8;
    }

    // 16 work-items, each 4 by 4 values of y = activation(x w^T * scale).
    static void Gemm<TTile>(ArrayView<float> x, ArrayView<float> w, ArrayView<float> y, Shape shape, SpecializedValue<int> activation) where TTile : struct, ITile
    {
        var a = SharedMemory.Allocate<float>(16 * TTile.Depth);
        var b = SharedMemory.Allocate<float>(16 * TTile.Depth);
        int i = Group.IdxX, row = i / 4 * 4, column = i % 4 * 4, firstRow = Grid.IdxY * 16, firstColumn = Grid.IdxX * 16;
        Float4 sum0 = default, sum1 = default, sum2 = default, sum3 = default;
        for (int k = 0; k < shape.K; k += TTile.Depth)
        {
            Fill<TTile>(x, a, firstRow + i, k, shape.M, shape.K);
            Fill<TTile>(w, b, firstColumn + i, k, shape.N, shape.K);
            Group.Barrier();
            for (int d = 0; d < TTile.Depth; d++)
            {
                var right = b.SubView(d * 16, 16).Cast<Float4>()[column / 4];
                sum0 = right.Fma(a[d * 16 + row], sum0);
                sum1 = right.Fma(a[d * 16 + row + 1], sum1);
                sum2 = right.Fma(a[d * 16 + row + 2], sum2);
                sum3 = right.Fma(a[d * 16 + row + 3], sum3);
            }
            Group.Barrier();
        }
        Write(y, shape, firstRow + row, firstColumn + column, sum0, activation);
        Write(y, shape, firstRow + row + 1, firstColumn + column, sum1, activation);
        Write(y, shape, firstRow + row + 2, firstColumn + column, sum2, activation);
        Write(y, shape, firstRow + row + 3, firstColumn + column, sum3, activation);
    }

    static void Fill<TTile>(ArrayView<float> from, ArrayView<float> tile, int row, int k, int rows, int depth) where TTile : struct, ITile
    {
        for (int d = 0; d < TTile.Depth; d++)
            tile[d * 16 + Group.IdxX] = row < rows && k + d < depth ? from[(long)row * depth + k + d] : 0;
    }

    static void Write(ArrayView<float> y, in Shape shape, int row, int column, Float4 values, int activation)
    {
        if (row >= shape.M) return;
        var line = y.SubView((long)row * shape.N, shape.N);
        if (column < shape.N) line[column] = Activate(values.X * shape.Scale, activation);
        if (column + 1 < shape.N) line[column + 1] = Activate(values.Y * shape.Scale, activation);
        if (column + 2 < shape.N) line[column + 2] = Activate(values.Z * shape.Scale, activation);
        if (column + 3 < shape.N) line[column + 3] = Activate(values.W * shape.Scale, activation);
    }

    static float Activate(float x, int activation) => activation switch
    {
        0 => x,
        1 => x / (1 + XMath.Exp(-x)),
        _ => throw new ArgumentOutOfRangeException(nameof(activation)),
    };

    [Fact]
    public void LittleIsLeft()
    {
        var kernel = Kernels.Translate(Gemm<Tile8>, 0);
        FormChecks.Check(kernel);
        Assert.Equal([new Allocation(512, 4), new Allocation(512, 4)], kernel.Shared);
        Assert.Equal(2, kernel.Blocks.Count(block => block.End == End.Barrier));
        Assert.DoesNotContain(kernel.Blocks.SelectMany(block => block.Instructions), instruction => instruction.Op == Op.Exp);

        // The inner loop: 16 products and sums, 8 loads, no copies; the sums are assigned as they are calculated.
        var inner = kernel.Blocks.MaxBy(block => block.Instructions.Count(instruction => instruction.Op == Op.Multiply && instruction.A.Type.IsFloat()))!;
        Assert.Equal(16, inner.Instructions.Count(instruction => instruction.Op == Op.Add && instruction.A.Type.IsFloat() && instruction.Target == instruction.B.Variable));
        Assert.Equal(8, inner.Instructions.Count(instruction => instruction.Op == Op.Load));
        Assert.DoesNotContain(inner.Instructions, instruction => instruction.Op == Op.Move);
        Assert.InRange(inner.Instructions.Count, 1, 70);
    }

    [Fact]
    public void LoopsStandTogether()
    {
        // Between a jump back and the block that it leads to there are only blocks from which the jump is reached.
        var blocks = Kernels.Translate(Gemm<Tile8>, 1).Blocks;
        foreach (var jump in blocks)
            foreach (var header in jump.Targets.Where(target => target.Index <= jump.Index))
                for (int i = header.Index; i <= jump.Index; i++) Assert.True(Reaches(blocks[i], jump, header, []), $"block {i} in the loop of {header.Index}");

        static bool Reaches(BasicBlock from, BasicBlock jump, BasicBlock header, HashSet<BasicBlock> seen) =>
            from == jump || from.Index >= header.Index && seen.Add(from) && from.Targets.Any(target => target != header && Reaches(target, jump, header, seen));
    }

    [Fact]
    public void SourceIsKept()
    {
        var instructions = Kernels.Translate(Gemm<Tile8>, 1).Blocks.SelectMany(block => block.Instructions);
        Assert.Equal("GemmTests.Activate", instructions.First(instruction => instruction.Op == Op.Exp).Source.Method);
        Assert.Contains(instructions, instruction => instruction.Source.Method == "GemmTests.Fill<Tile8>" && instruction.Source.IlOffset > 0);
    }
}
