namespace PureLcm.Kernels.Gpu;

/// <summary>
/// A kernel and its launch, with its types filled in: <c>sealed class SomeKernel&lt;T&gt;(GpuBackend gpu) : GpuKernel&lt;arguments&gt;</c>.
/// The backend makes one of each combination of types when it is first needed: see <see cref="GpuBackend.Run"/>.
/// </summary>
abstract class GpuKernel<TArguments>
{
    public abstract void Launch(in TArguments arguments);
}
