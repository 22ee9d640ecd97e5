namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void LinearCore(Tensor x, Weight weight, Tensor y, in Epilogue epilogue)
    {
        var terms = LowRankDowns(x, y, epilogue, null);
        var rows = new MatrixRows(Pointer(x), x.Pitch);
        switch (width)
        {
            case 512: Gemm<V512, MatrixRows>.Run(rows, Packed(weight), terms, y, epilogue, threads); break;
            case 256: Gemm<V256, MatrixRows>.Run(rows, Packed(weight), terms, y, epilogue, threads); break;
            default: Gemm<V128, MatrixRows>.Run(rows, Packed(weight), terms, y, epilogue, threads); break;
        }
        Release(terms);
    }
}
