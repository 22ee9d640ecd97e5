using ILGPU;
using ILGPU.Runtime;
using PureLcm.Kernels.Gpu;

namespace PureLcm.Bench;

/// <summary>What a device does at best through ILGPU: multiply-adds that touch only registers, and memory that is only copied.</summary>
sealed class DeviceLimits(GpuBackend backend)
{
    const int Items = 64, Rounds = 512, Sums = 8;
    readonly Accelerator accelerator = backend.Accelerator;

    /// <summary>Floating-point operations a second, two to a multiply-add.</summary>
    public double FmaPeak()
    {
        int groups = 256 * accelerator.NumMultiprocessors;
        using var output = accelerator.Allocate1D<float>((long)groups * Items);
        var kernel = accelerator.LoadStreamKernel<ArrayView<float>, int>(MultiplyAdds);
        double seconds = Operations.Seconds(() => kernel(new KernelConfig(groups, Items), output.View, Rounds), backend);
        return 2.0 * groups * Items * Rounds * Sums / seconds;
    }

    /// <summary>Bytes read and written a second.</summary>
    public double Bandwidth()
    {
        const int count = 16 << 20;
        using var from = accelerator.Allocate1D<float>(count);
        using var to = accelerator.Allocate1D<float>(count);
        from.View.BaseView.MemSetToZero();
        var kernel = accelerator.LoadStreamKernel<ArrayView<float>, ArrayView<float>>(Copy);
        double seconds = Operations.Seconds(() => kernel(new KernelConfig(count / Items, Items), from.View, to.View), backend);
        return 2.0 * sizeof(float) * count / seconds;
    }

    static void MultiplyAdds(ArrayView<float> output, int rounds)
    {
        float a = 0.999999f, b = 1e-9f * Group.IdxX;
        float s0 = b, s1 = b, s2 = b, s3 = b, s4 = b, s5 = b, s6 = b, s7 = b;
        for (int i = 0; i < rounds; i++)
        {
            s0 = s0 * a + b;
            s1 = s1 * a + b;
            s2 = s2 * a + b;
            s3 = s3 * a + b;
            s4 = s4 * a + b;
            s5 = s5 * a + b;
            s6 = s6 * a + b;
            s7 = s7 * a + b;
        }
        output[Grid.IdxX * Items + Group.IdxX] = s0 + s1 + s2 + s3 + s4 + s5 + s6 + s7;
    }

    static void Copy(ArrayView<float> from, ArrayView<float> to)
    {
        int i = Grid.IdxX * Items + Group.IdxX;
        to[i] = from[i];
    }
}
