using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

/// <summary>
/// Where a product's left factor is read: its rows are the windows of a convolution, k running over (ky, kx, channel), each
/// pixel's channels padded to a multiple of <see cref="Tile.Depth"/>. A matrix is a picture of one line under a 1x1 kernel.
/// </summary>
struct Window
{
    /// <summary>The picture, after enlarging; and channels of a pixel, padded ones too.</summary>
    public int Height, Width, Channels, PaddedChannels;

    /// <summary>Elements from pixel to pixel, from line to line and from picture to picture; 1 where the picture is enlarged, which halves indices.</summary>
    public int Pitch, LinePitch, PicturePitch, Enlarged;

    /// <summary>The output: one row of the product a pixel.</summary>
    public int Rows, OutWidth, OutPixels;

    /// <summary>The kernel.</summary>
    public int KernelW, Stride, Top, Left;

    /// <summary>Of x: [N,H,W,C] to y: [N,H',W',cOut].</summary>
    public static Window Of(Tensor x, Shape y, Packed weight, in Convolution geometry) => new()
    {
        Height = geometry.Upsample ? y.H : x.Shape.H, Width = geometry.Upsample ? y.W : x.Shape.W,
        Channels = x.Shape.C, PaddedChannels = weight.PaddedChannels,
        Pitch = x.Pitch, LinePitch = x.Shape.W * x.Pitch, PicturePitch = x.Shape.T * x.Pitch, Enlarged = geometry.Upsample ? 1 : 0,
        Rows = (int)y.Rows, OutWidth = y.W, OutPixels = y.T,
        KernelW = weight.KernelW, Stride = geometry.Stride, Top = geometry.Top, Left = geometry.Left,
    };

    /// <summary>Where the window of a row begins; one beyond the last begins where no tap of it meets the picture.</summary>
    public static Corner CornerOf(Window window, int row)
    {
        int picture = row / window.OutPixels, pixel = row - picture * window.OutPixels, i = pixel / window.OutWidth;
        return new()
        {
            Start = picture * window.PicturePitch,
            Top = row < window.Rows ? i * window.Stride - window.Top : int.MinValue / 2,
            Left = (pixel - i * window.OutWidth) * window.Stride - window.Left,
        };
    }

    /// <summary>The first channel under a tap of the kernel; negative outside the picture, where all is zero.</summary>
    public static int Find(Window window, Corner corner, int tap)
    {
        int ky = tap / window.KernelW, i = corner.Top + ky, j = corner.Left + tap - ky * window.KernelW;
        if (i < 0 || i >= window.Height || j < 0 || j >= window.Width) return -1;
        return corner.Start + (i >> window.Enlarged) * window.LinePitch + (j >> window.Enlarged) * window.Pitch;
    }
}

/// <summary>The upper left corner of a row's window, and where its picture begins.</summary>
struct Corner
{
    public int Start, Top, Left;
}

/// <summary>What becomes of a product's sums.</summary>
struct Ending
{
    /// <summary>Values that are stored of a row; rows of the weight from a value to its gate, 0 without gates.</summary>
    public int Channels, Half;

    /// <summary>How many k of low-rank terms follow the window's own; 0 without.</summary>
    public int Rank;

    /// <summary>1 where there is one.</summary>
    public int HasVector, HasPerImage, HasResidual, HasTap;

    /// <summary>Elements from row to row.</summary>
    public int Pitch, PerImagePitch, ResidualPitch, TapPitch;
}

/// <summary>A product to run: y = ending(x's windows by the weight, and t by the low-rank stack's B).</summary>
readonly record struct Product(Tensor X, Packed Weight, Tensor Y, Convolution Geometry)
{
    /// <summary>What is done with the sums. Its bias isn't looked at: see <see cref="Vector"/>.</summary>
    public Epilogue Epilogue { get; init; }

    /// <summary>One value a row of the weight, added; with <see cref="Scaled"/> set, a factor.</summary>
    public ArrayView<float>? Vector { get; init; }

    /// <summary>Whether <see cref="Vector"/> is a factor.</summary>
    public bool Scaled { get; init; }

    /// <summary>A x of the low-rank terms, with its scales, fp32.</summary>
    public Tensor? T { get; init; }

    /// <summary>Their B.</summary>
    public Packed? Up { get; init; }
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
    /// <summary>Beyond the numbers of <see cref="Activation"/>: value times gelu(gate), and the sum times the vector's value.</summary>
    const int Gated = 16, Scaled = 17;

    readonly Action<KernelConfig, ArrayView<TX>, ArrayView<TW>, ArrayView<float>, ArrayView<float>, ArrayView<float>,
        ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, Window, Ending, SpecializedValue<int>> kernel =
        gpu.Accelerator.LoadStreamKernel<ArrayView<TX>, ArrayView<TW>, ArrayView<float>, ArrayView<float>, ArrayView<float>,
        ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, Window, Ending, SpecializedValue<int>>(Kernel);

    public override void Launch(in Product product)
    {
        var (x, weight, y, geometry) = product;
        var then = product.Epilogue;
        var window = Window.Of(x, y.Shape, weight, geometry);
        var ending = new Ending
        {
            Channels = weight.Rows, Half = weight.Half, Rank = product.Up?.Depth ?? 0,
            HasVector = product.Vector is null ? 0 : 1, HasPerImage = Has(then.PerImage), HasResidual = Has(then.Residual), HasTap = Has(then.Tap),
            Pitch = y.Pitch, PerImagePitch = then.PerImage?.Pitch ?? 0, ResidualPitch = then.Residual?.Pitch ?? 0, TapPitch = then.Tap?.Pitch ?? 0,
        };
        int finish = weight.Half > 0 ? Gated : product.Scaled ? Scaled : (int)then.Activation;
        kernel(new KernelConfig(new Index2D(GpuBackend.Groups(window.Rows, TTile.Rows), weight.Panels), new Index2D(TTile.Items, 1)),
            gpu.View<TX>(x), gpu.View<TW>(weight), gpu.View<float>(product.T), gpu.View<float>(product.Up), product.Vector ?? gpu.None<float>(),
            gpu.View<TY>(then.PerImage), gpu.View<TY>(then.Residual), gpu.View<TY>(then.Tap), gpu.View<TY>(y), window, ending, SpecializedValue.New(finish));
    }

    static int Has(Tensor? tensor) => tensor is null ? 0 : 1;

    static void Kernel(ArrayView<TX> x, ArrayView<TW> weight, ArrayView<float> t, ArrayView<float> up, ArrayView<float> vector,
        ArrayView<TY> perImage, ArrayView<TY> residual, ArrayView<TY> tap, ArrayView<TY> y, Window window, Ending ending, SpecializedValue<int> finish)
    {
        var left = TTile.Left();
        var right = Tile.Right();
        var block = TTile.Block();
        int item = Group.IdxX, firstRow = Grid.IdxX * TTile.Rows, panel = Grid.IdxY;
        int depth = weight.IntLength / (Grid.DimY * Tile.Columns);

        // Of the left slice, [rows][16], a work-item brings four k of one row.
        int row = item / 4, four = item % 4 * 4, to = row * Tile.LeftPitch + four;
        var corner = Window.CornerOf(window, firstRow + row);

        Sums sums = default;
        for (int k = 0; k < depth + ending.Rank; k += Tile.Depth)
        {
            if (k < depth)
            {
                int kernelTap = k / window.PaddedChannels, channel = k - kernelTap * window.PaddedChannels + four;
                int from = Window.Find(window, corner, kernelTap);
                int count = from < 0 ? 0 : window.Channels - channel;
                left[to] = count > 0 ? TX.Load(x[from + channel]) : 0;
                left[to + 1] = count > 1 ? TX.Load(x[from + channel + 1]) : 0;
                left[to + 2] = count > 2 ? TX.Load(x[from + channel + 2]) : 0;
                left[to + 3] = count > 3 ? TX.Load(x[from + channel + 3]) : 0;
                int start = (panel * depth + k) * Tile.Columns;
                for (int i = item; i < Tile.Depth * Tile.Columns; i += TTile.Items) right[i] = TW.Load(weight[start + i]);
            }
            else
            {
                int from = (firstRow + row) * ending.Rank + k - depth + four;
                bool inside = firstRow + row < window.Rows;
                left[to] = inside ? t[from] : 0;
                left[to + 1] = inside ? t[from + 1] : 0;
                left[to + 2] = inside ? t[from + 2] : 0;
                left[to + 3] = inside ? t[from + 3] : 0;
                int start = (panel * ending.Rank + k - depth) * Tile.Columns;
                for (int i = item; i < Tile.Depth * Tile.Columns; i += TTile.Items) right[i] = up[start + i];
            }
            Group.Barrier();
            sums = Tile.Multiply<TTile>(sums, left, 0, Tile.LeftPitch, right);
            Group.Barrier();
        }
        TTile.Store(sums, block);
        Group.Barrier();

        // A work-item ends one column of every few rows. The barrier is for the compilers of processors: see Tile.Multiply.
        int column = item % Tile.Columns;
        for (int i = item / Tile.Columns; i < TTile.Rows; i += TTile.Items / Tile.Columns)
        {
            End(block, i * Tile.BlockPitch + column, vector, perImage, residual, tap, y, firstRow + i, panel, column, window, ending, finish);
            Group.Barrier();
        }
    }

    /// <summary>From a sum to what is stored, in the order of <see cref="Epilogue"/>.</summary>
    static void End(ArrayView<float> block, int at, ArrayView<float> vector, ArrayView<TY> perImage, ArrayView<TY> residual, ArrayView<TY> tap, ArrayView<TY> y,
        int row, int panel, int column, Window window, Ending ending, int finish)
    {
        if (row >= window.Rows) return;
        float value = block[at];
        if (finish == Gated)
        {
            // A panel has 32 values, then their gates. Those who have the values store; all tap.
            bool isGate = column >= Tile.Columns / 2;
            int channel = panel * (Tile.Columns / 2) + column % (Tile.Columns / 2), weightRow = isGate ? ending.Half + channel : channel;
            if (channel >= ending.Half) return;
            if (ending.HasVector != 0) value += vector[weightRow];
            if (ending.HasTap != 0) tap[row * ending.TapPitch + weightRow] = TY.Store(value);
            if (isGate) return;
            float gate = block[at + Tile.Columns / 2];
            if (ending.HasVector != 0) gate += vector[ending.Half + channel];
            y[row * ending.Pitch + channel] = TY.Store(value * Functions.Gelu(gate));
        }
        else
        {
            int channel = panel * Tile.Columns + column;
            if (channel >= ending.Channels) return;
            if (finish == Scaled) value *= vector[channel];
            else if (ending.HasVector != 0) value += vector[channel];
            if (ending.HasTap != 0) tap[row * ending.TapPitch + channel] = TY.Store(value);
            if (ending.HasPerImage != 0) value += TY.Load(perImage[row / window.OutPixels * ending.PerImagePitch + channel]);
            if (ending.HasResidual != 0) value += TY.Load(residual[row * ending.ResidualPitch + channel]);
            y[row * ending.Pitch + channel] = TY.Store(Functions.Apply(finish, value));
        }
    }
}
