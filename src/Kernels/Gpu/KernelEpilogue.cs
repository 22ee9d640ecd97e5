using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

/// <summary>What becomes of a product's sums, as its kernel takes it.</summary>
struct KernelEpilogue
{
    /// <summary>
    /// Values of <c>finish</c> beyond the numbers of <see cref="Activation"/>: value times gelu(gate); the sum times the vector's
    /// value; the sum as it is, one share of several (<see cref="SharesKernel{TY}"/> adds them up).
    /// </summary>
    public const int Gated = 16, Scaled = 17, Share = 18;

    /// <summary>Rows of the product, and how many of them a picture has.</summary>
    public int Rows, RowsPerImage;

    /// <summary>Rows of the weight; from a value's row to its gate's, 0 without gates.</summary>
    public int Channels, Half;

    /// <summary>1 where there is one.</summary>
    public int HasVector, HasPerImage, HasResidual, HasTap;

    /// <summary>Elements from row to row.</summary>
    public int Pitch, PerImagePitch, ResidualPitch, TapPitch;

    public static KernelEpilogue Of(in Product product)
    {
        var then = product.Epilogue;
        return new()
        {
            Rows = GpuBackend.Index(product.Y.Shape.Rows), RowsPerImage = product.Y.Shape.T, Channels = product.Weight.Rows, Half = product.Weight.Half,
            HasVector = product.Vector is null ? 0 : 1, HasPerImage = Has(then.PerImage), HasResidual = Has(then.Residual), HasTap = Has(then.Tap),
            Pitch = product.Y.Pitch, PerImagePitch = then.PerImage?.Pitch ?? 0, ResidualPitch = then.Residual?.Pitch ?? 0, TapPitch = then.Tap?.Pitch ?? 0,
        };

        static int Has(Tensor? tensor) => tensor is null ? 0 : 1;
    }

    /// <summary>The value of <c>finish</c>, a constant of the compiled kernel.</summary>
    public static SpecializedValue<int> FinishOf(in Product product) =>
        SpecializedValue.New(product.Weight.Half > 0 ? Gated : product.Scaled ? Scaled : (int)product.Epilogue.Activation);

    /// <summary>
    /// From a sum, and of a value with a gate the gate's sum, to what is stored, in the order of <see cref="Epilogue"/>.
    /// <paramref name="column"/> is its place in a panel of the weight.
    /// </summary>
    public static void Apply<TY>(float sum, float gate, ArrayView<float> vector, ArrayView<TY> perImage, ArrayView<TY> residual, ArrayView<TY> tap, ArrayView<TY> y,
        int row, int panel, int column, KernelEpilogue epilogue, int finish) where TY : unmanaged, IStored<TY>
    {
        if (row >= epilogue.Rows) return;
        if (finish == Gated)
        {
            // A panel has 32 values, then their gates. Those who have the values store; all tap.
            bool isGate = column >= Packed.Gates;
            int channel = panel * Packed.Gates + column % Packed.Gates, weightRow = isGate ? epilogue.Half + channel : channel;
            if (channel >= epilogue.Half) return;
            if (epilogue.HasVector != 0) sum += vector[weightRow];
            if (epilogue.HasTap != 0) tap[row * epilogue.TapPitch + weightRow] = TY.Store(sum);
            if (isGate) return;
            if (epilogue.HasVector != 0) gate += vector[epilogue.Half + channel];
            y[row * epilogue.Pitch + channel] = TY.Store(sum * Functions.Gelu(gate));
        }
        else
        {
            int channel = panel * Tile.Columns + column;
            if (channel >= epilogue.Channels) return;
            if (finish == Scaled) sum *= vector[channel];
            else if (epilogue.HasVector != 0) sum += vector[channel];
            if (epilogue.HasTap != 0) tap[row * epilogue.TapPitch + channel] = TY.Store(sum);
            if (epilogue.HasPerImage != 0) sum += TY.Load(perImage[row / epilogue.RowsPerImage * epilogue.PerImagePitch + channel]);
            if (epilogue.HasResidual != 0) sum += TY.Load(residual[row * epilogue.ResidualPitch + channel]);
            y[row * epilogue.Pitch + channel] = TY.Store(Functions.Apply(finish, sum));
        }
    }
}

/// <summary>
/// Where a product's blocks are too few for a device, several groups take a share of its k each and leave their sums in
/// <see cref="Product.Shares"/>, [share][row][column of a panel]. This kernel adds them up, always in the same order, and ends
/// them. A group a panel of a row.
/// </summary>
sealed class SharesKernel<TY>(GpuBackend gpu) : GpuKernel<(Product Product, Tensor Shares)> where TY : unmanaged, IStored<TY>
{
    readonly Action<KernelConfig, ArrayView<float>, int, ArrayView<float>, ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, KernelEpilogue, SpecializedValue<int>> kernel =
        gpu.LoadStreamKernel<ArrayView<float>, int, ArrayView<float>, ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, ArrayView<TY>, KernelEpilogue, SpecializedValue<int>>(Kernel);

    public override void Launch(in (Product Product, Tensor Shares) arguments)
    {
        var (product, shares) = arguments;
        var then = product.Epilogue;
        kernel(new KernelConfig(new Index2D(GpuBackend.Index(product.Y.Shape.Rows), product.Weight.Panels), new Index2D(Tile.Columns, 1)), gpu.View<float>(shares), shares.Shape.N,
            product.Vector ?? gpu.None<float>(), gpu.View<TY>(then.PerImage), gpu.View<TY>(then.Residual), gpu.View<TY>(then.Tap), gpu.View<TY>(product.Y),
            KernelEpilogue.Of(product), KernelEpilogue.FinishOf(product));
    }

    static void Kernel(ArrayView<float> shares, int count, ArrayView<float> vector, ArrayView<TY> perImage, ArrayView<TY> residual, ArrayView<TY> tap, ArrayView<TY> y,
        KernelEpilogue epilogue, SpecializedValue<int> finish)
    {
        int row = Grid.IdxX, panel = Grid.IdxY, column = Group.IdxX, pitch = Grid.DimY * Tile.Columns, at = row * pitch + panel * Tile.Columns + column;
        // A gate's place is half a panel after its value's; those who have no such place have no use for it.
        int toGate = finish == KernelEpilogue.Gated && column < Packed.Gates ? Packed.Gates : 0;
        float sum = 0, gate = 0;
        for (int i = 0; i < count; i++, at += epilogue.Rows * pitch)
        {
            sum += shares[at];
            if (finish == KernelEpilogue.Gated) gate += shares[at + toGate];
        }
        KernelEpilogue.Apply(sum, gate, vector, perImage, residual, tap, y, row, panel, column, epilogue, finish);
    }
}
