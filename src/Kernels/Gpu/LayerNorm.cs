using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void LayerNormCore(Tensor x, Weight scale, Weight shift, Tensor y, float epsilon) =>
        Run(typeof(LayerNormKernel<>), (x, (GpuWeight)scale, (GpuWeight)shift, y, epsilon), Stored(x));
}

/// <summary>
/// y = (x - mean) / sqrt(variance + epsilon) * scale + shift. A group a row, whose work-items take every 64th channel: first
/// for the mean, then for the squares of what differs from it, then to store. The row stays in the nearest cache meanwhile.
/// </summary>
sealed class LayerNormKernel<T>(GpuBackend gpu) : GpuKernel<(Tensor X, GpuWeight Scale, GpuWeight Shift, Tensor Y, float Epsilon)> where T : unmanaged, IStored<T>
{
    readonly Action<KernelConfig, ArrayView<T>, int, ArrayView<float>, ArrayView<float>, ArrayView<T>, int, int, float> kernel =
        gpu.LoadStreamKernel<ArrayView<T>, int, ArrayView<float>, ArrayView<float>, ArrayView<T>, int, int, float>(Kernel);

    public override void Launch(in (Tensor X, GpuWeight Scale, GpuWeight Shift, Tensor Y, float Epsilon) arguments)
    {
        var (x, scale, shift, y, epsilon) = arguments;
        kernel(new KernelConfig(GpuBackend.Index(x.Shape.Rows), GroupSum.Items),
            gpu.View<T>(x), x.Pitch, scale.Plain<float>(), shift.Plain<float>(), gpu.View<T>(y), y.Pitch, x.Shape.C, epsilon);
    }

    static void Kernel(ArrayView<T> x, int xPitch, ArrayView<float> scale, ArrayView<float> shift, ArrayView<T> y, int yPitch, int channels, float epsilon)
    {
        var memory = GroupSum.Memory(); // 64 floats that the group shares
        int from = Grid.IdxX * xPitch, to = Grid.IdxX * yPitch;

        float sum = 0;
        for (int c = Group.IdxX; c < channels; c += GroupSum.Items) sum += T.Load(x[from + c]);
        float mean = GroupSum.Of(sum, memory) / channels;

        float squares = 0;
        for (int c = Group.IdxX; c < channels; c += GroupSum.Items)
        {
            float difference = T.Load(x[from + c]) - mean;
            squares += difference * difference;
        }
        float factor = 1 / XMath.Sqrt(GroupSum.Of(squares, memory) / channels + epsilon);

        for (int c = Group.IdxX; c < channels; c += GroupSum.Items)
            y[to + c] = T.Store((T.Load(x[from + c]) - mean) * factor * scale[c] + shift[c]);
    }
}
