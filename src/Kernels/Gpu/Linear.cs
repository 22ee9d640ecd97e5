namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void LinearCore(Tensor x, Weight weight, Tensor y, in Epilogue epilogue)
    {
        // A matrix is a 1x1 kernel, and rows are the pixels of one line.
        var line = Shape.Image(y.Shape.N, 1, y.Shape.T, x.Shape.C);
        Multiply(x.As(line), (GpuWeight)weight, y.As(line.WithChannels(y.Shape.C)), new Convolution(Stride: 1), epilogue);
    }
}
