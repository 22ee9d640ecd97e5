namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void Conv2dCore(Tensor x, Weight weight, Tensor y, in Convolution geometry, in Epilogue epilogue) =>
        Multiply(x, (GpuWeight)weight, y, geometry, epilogue);

    /// <summary>A product with its adapters and epilogue; Gemm.cs has the kernel.</summary>
    void Multiply(Tensor x, GpuWeight weight, Tensor y, in Convolution geometry, in Epilogue epilogue)
    {
        var adapters = StackOf(weight, epilogue.LowRank);
        using var t = adapters is null ? null : LowRankDown(x, adapters, y.Shape, geometry);
        Run(new Product(x, weight.Packed, y, geometry)
        {
            Epilogue = epilogue,
            Vector = ((GpuWeight?)epilogue.Bias)?.Plain<float>(),
            T = t,
            Up = adapters?.Up,
        });
    }
}
