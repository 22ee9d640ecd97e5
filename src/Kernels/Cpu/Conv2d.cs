namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void Conv2dCore(Tensor x, Weight weight, Tensor y, in Convolution geometry, in Epilogue epilogue)
    {
        var terms = LowRankDowns(x, y, epilogue, geometry);
        var rows = new WindowRows(Pointer(x), x.Pitch, x.Shape, y.Shape, weight.KernelW, geometry);
        switch (width)
        {
            case 512: Gemm<V512, WindowRows>.Run(rows, Packed(weight), terms, y, epilogue, threads); break;
            case 256: Gemm<V256, WindowRows>.Run(rows, Packed(weight), terms, y, epilogue, threads); break;
            default: Gemm<V128, WindowRows>.Run(rows, Packed(weight), terms, y, epilogue, threads); break;
        }
        Release(terms);
    }
}
