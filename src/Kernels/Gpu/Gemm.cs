using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

/// <summary>A product to run: y = epilogue(x's windows by the weight, and t by the low-rank stack's B).</summary>
readonly record struct Product(Tensor X, Packed Weight, Tensor Y, Convolution Geometry)
{
    /// <summary>What is done with the sums. Its bias isn't looked at: see <see cref="Vector"/>.</summary>
    public Epilogue Epilogue { get; init; }

    /// <summary>One value a row of the weight, added; with <see cref="Scaled"/> set, a factor.</summary>
    public ArrayView<float>? Vector { get; init; }

    /// <summary>Whether <see cref="Vector"/> is a factor.</summary>
    public bool Scaled { get; init; }

    /// <summary>scale (A x) of the low-rank terms, fp32.</summary>
    public Tensor? T { get; init; }

    /// <summary>Their B.</summary>
    public Packed? Up { get; init; }

    /// <summary>Where the sums of shares of k go: [share][row][column]. Null where a group sums over all k and ends.</summary>
    public Tensor? Shares { get; init; }

    /// <summary>All k: the weight's, and then the low-rank terms'.</summary>
    public int Depth => Weight.Depth + (Up?.Depth ?? 0);
}

public sealed partial class GpuBackend
{
    /// <summary>Slices of k that a share has at least: fewer aren't worth another launch.</summary>
    const int LeastSlices = 8;

    /// <summary>Runs a product, in shares of k where it has fewer blocks than a graphics card has processors to fill.</summary>
    void Run(in Product product)
    {
        int shares = SharesOf(product);
        if (shares == 1)
        {
            Run(typeof(ProductKernel<,,,>), product, Stored(product.X), Stored(product.Weight.Type), Stored(product.Y), tile);
            return;
        }
        using var sums = Allocate(Shape.Tokens(shares, GpuBackend.Index(product.Y.Shape.Rows), product.Weight.Panels * Tile.Columns));
        Run(typeof(ProductKernel<,,,>), product with { Shares = sums }, Stored(product.X), Stored(product.Weight.Type), typeof(Float32), tile);
        Run(typeof(SharesKernel<>), (product, sums), Stored(product.Y));
    }

    /// <summary>By shapes and the device alone, so that a product is the same bits each time, watched or not.</summary>
    int SharesOf(in Product product)
    {
        if (tile != typeof(Tile4x4)) return 1;
        long blocks = (long)Groups(product.Y.Shape.Rows, Tile4x4.Rows) * product.Weight.Panels, slices = product.Depth / Tile.Depth;
        return (int)Math.Clamp(2 * Accelerator.NumMultiprocessors / Math.Max(blocks, 1), 1, Math.Max(slices / LeastSlices, 1));
    }
}

/// <summary>
/// The product behind linear layers and convolutions: an implicit GEMM. A group makes a block of <c>TTile.Rows</c> pixels by
/// 64 channels. For each slice of 16 k it puts its rows' values and the weight's into shared memory, as fp32, and each
/// work-item adds to its sums in registers. Low-rank terms are more slices of k (LowRank.cs), so that y is written once.
/// At the end the sums go through shared memory once more, so that neighbouring work-items store neighbouring channels.
/// </summary>
sealed class ProductKernel<TX, TW, TY, TTile>(GpuBackend gpu) : GpuKernel<Product>
    where TX : unmanaged, IStored<TX> where TW : unmanaged, IStored<TW> where TY : unmanaged, IStored<TY> where TTile : ITile
{
    /// <summary>How the sum over k is cut.</summary>
    internal struct Depths
    {
        /// <summary>k of the weight, of the low-rank terms after it, and of each share.</summary>
        public int Weight, Rank, Share;
    }

    readonly Action<KernelConfig, ArrayView<TX>, ArrayView<TW>, ArrayView<Float32>, ArrayView<Float32>, ArrayView<float>,
        ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, Window, Depths, KernelEpilogue, SpecializedValue<int>, SpecializedValue<int>> kernel =
        gpu.LoadStreamKernel<ArrayView<TX>, ArrayView<TW>, ArrayView<Float32>, ArrayView<Float32>, ArrayView<float>,
        ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, Window, Depths, KernelEpilogue, SpecializedValue<int>, SpecializedValue<int>>(Kernel);

    public override void Launch(in Product product)
    {
        var (x, weight, y, geometry) = product;
        var then = product.Epilogue;
        int shares = product.Shares?.Shape.N ?? 1, slices = product.Depth / Tile.Depth;
        var depths = new Depths { Weight = weight.Depth, Rank = product.Up?.Depth ?? 0, Share = GpuBackend.Groups(slices, shares) * Tile.Depth };
        var window = Window.Of(x, y.Shape, weight, geometry);
        var grid = new Index3D(GpuBackend.Groups(window.Rows, TTile.Rows), weight.Panels, shares);
        // A share's sums take the place of y, and nothing is done with them yet.
        if (product.Shares is not null) then = default;
        kernel(new KernelConfig(grid, new Index3D(TTile.Items, 1, 1)),
            gpu.View<TX>(x), gpu.View<TW>(weight), gpu.View<Float32>(product.T), gpu.View<Float32>(product.Up), product.Vector ?? gpu.None<float>(),
            gpu.View<TY>(then.PerImage), gpu.View<TY>(then.Residual), gpu.View<TY>(then.Tap), gpu.View<TY>(product.Shares ?? y),
            window, depths, KernelEpilogue.Of(product), product.Shares is null ? KernelEpilogue.FinishOf(product) : SpecializedValue.New(KernelEpilogue.Share), SpecializedValue.New(product.Up is null ? 0 : 1));
    }

    static void Kernel(ArrayView<TX> x, ArrayView<TW> weight, ArrayView<Float32> t, ArrayView<Float32> up, ArrayView<float> vector,
        ArrayView<TY> perImage, ArrayView<TY> residual, ArrayView<TY> tap, ArrayView<TY> y, Window window, Depths depths, KernelEpilogue epilogue,
        SpecializedValue<int> finish, SpecializedValue<int> hasLowRank)
    {
        var left = TTile.Left();
        var right = TTile.Right();
        var block = TTile.Block();
        int item = Group.IdxX, firstRow = Grid.IdxX * TTile.Rows, panel = Grid.IdxY;

        // Of the left slice, [rows][16], a work-item brings four k of one row.
        int row = firstRow + item / 4, four = item % 4 * 4;
        var corner = Window.CornerOf(window, row);

        int first = Grid.IdxZ * depths.Share, end = XMath.Min(first + depths.Share, depths.Weight + depths.Rank);
        Float4x4 sums = default;
        int from = -1; // x's first channel under the kernel's tap that k is at
        for (int k = first; k < XMath.Min(end, depths.Weight); k += Tile.Depth)
        {
            int kernelTap = k / window.PaddedChannels, channel = k - kernelTap * window.PaddedChannels;
            if (k == first || channel == 0) from = Window.Find(window, corner, kernelTap);
            channel += four;
            Tile.BringLeft(x, from + channel, from < 0 ? 0 : window.Channels - channel, left);
            var slice = new RightSlice { Start = (panel * depths.Weight + k) * Tile.Columns };
            TTile.Bring<TW, PackedRight>(weight, slice, right);
            Group.Barrier();
            sums = TTile.Multiply<TW, PackedRight>(sums, left, 0, Tile.LeftPitch, weight, slice, right);
            Group.Barrier();
        }
        // Without low-rank terms this loop is no part of the kernel, which is compiled in a third of the time.
        for (int k = XMath.Max(first - depths.Weight, 0); hasLowRank != 0 && k < end - depths.Weight; k += Tile.Depth)
        {
            Tile.BringLeft(t, row * depths.Rank + k + four, row < window.Rows ? 4 : 0, left);
            var slice = new RightSlice { Start = (panel * depths.Rank + k) * Tile.Columns };
            TTile.Bring<Float32, PackedRight>(up, slice, right);
            Group.Barrier();
            sums = TTile.Multiply<Float32, PackedRight>(sums, left, 0, Tile.LeftPitch, up, slice, right);
            Group.Barrier();
        }
        TTile.Store(sums, block);
        Group.Barrier();

        // A work-item ends one column of every few rows. The barrier is for the compilers of processors: see ITile.Multiply.
        int column = item % Tile.Columns, toGate = column < Packed.Gates ? Packed.Gates : 0;
        for (int i = item / Tile.Columns; i < TTile.Rows; i += TTile.Items / Tile.Columns)
        {
            int at = i * Tile.BlockPitch + column;
            float sum = block[at];
            if (finish == KernelEpilogue.Share)
            {
                if (firstRow + i < epilogue.Rows) y[((Grid.IdxZ * epilogue.Rows + firstRow + i) * Grid.DimY + panel) * Tile.Columns + column] = TY.Store(sum);
            }
            else KernelEpilogue.Apply(sum, finish == KernelEpilogue.Gated ? block[at + toGate] : 0, vector, perImage, residual, tap, y, firstRow + i, panel, column, epilogue, finish);
            Group.Barrier();
        }
    }
}
