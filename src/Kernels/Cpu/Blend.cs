namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void BlendCore(Tensor mask, Tensor a, Tensor b, Tensor y) =>
        ForBlocks(new BlendedRows(mask, a, b, y), y.Shape.Rows, y.Shape.C);
}

/// <summary>
/// y = m a + (1 - m) b, row by row. A latent's rows have four channels, fewer than a vector's lanes, and a step blends one latent
/// beside a whole network: one value after the other does.
/// </summary>
sealed unsafe class BlendedRows(Tensor mask, Tensor a, Tensor b, Tensor y) : RowBlocks
{
    protected override void Do(nint first, int count)
    {
        int channels = y.Shape.C;
        for (nint row = first; row < first + count; row++)
        {
            float m = HostBackend.Pointer(mask)[row * mask.Pitch];
            float* inside = HostBackend.Pointer(a) + row * a.Pitch, outside = HostBackend.Pointer(b) + row * b.Pitch;
            float* to = HostBackend.Pointer(y) + row * y.Pitch;
            for (int c = 0; c < channels; c++) to[c] = m * inside[c] + (1 - m) * outside[c];
        }
    }
}
