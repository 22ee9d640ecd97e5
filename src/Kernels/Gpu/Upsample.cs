using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void UpsampleCore(Tensor x, Tensor y) => Run(typeof(UpsampleKernel<>), (x, y), Stored(x));
}

/// <summary>y[n,i,j,c] = x[n, i/2, j/2, c]. A work-item a value of y.</summary>
sealed class UpsampleKernel<T>(GpuBackend gpu) : GpuKernel<(Tensor X, Tensor Y)> where T : unmanaged, IStored<T>
{
    /// <summary>Sides of both pictures.</summary>
    internal struct Sides
    {
        public int Height, Width, Pitch, EnlargedHeight, EnlargedWidth, EnlargedPitch;
    }

    readonly Action<KernelConfig, ArrayView<T>, ArrayView<T>, Sides, Rows> kernel = gpu.LoadStreamKernel<ArrayView<T>, ArrayView<T>, Sides, Rows>(Kernel);

    public override void Launch(in (Tensor X, Tensor Y) arguments)
    {
        var (x, y) = arguments;
        var (rows, config) = Rows.Of(gpu, y.Shape.Rows, y.Shape.C);
        kernel(config, gpu.View<T>(x), gpu.View<T>(y), new Sides
        {
            Height = x.Shape.H, Width = x.Shape.W, Pitch = x.Pitch, EnlargedHeight = y.Shape.H, EnlargedWidth = y.Shape.W, EnlargedPitch = y.Pitch,
        }, rows);
    }

    static void Kernel(ArrayView<T> x, ArrayView<T> y, Sides sides, Rows rows)
    {
        int row = Rows.Row(rows), channel = Rows.Channel(rows);
        if (channel >= rows.Channels) return;
        int line = row / sides.EnlargedWidth, j = row - line * sides.EnlargedWidth;
        int n = line / sides.EnlargedHeight, i = line - n * sides.EnlargedHeight;
        int from = (n * sides.Height + i / 2) * sides.Width + j / 2;
        y[row * sides.EnlargedPitch + channel] = x[from * sides.Pitch + channel];
    }
}
