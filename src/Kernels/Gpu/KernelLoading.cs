using ILGPU;
using ILGPU.Runtime;
using PureLcm.Kernels.Check;

namespace PureLcm.Kernels.Gpu;

/// <summary>
/// Makes a method a kernel of the backend's device, as ILGPU's loaders of the same name do; where the kernels are checked, the
/// checker runs it instead. An overload a number of parameters that some kernel has; ILGPU has them up to 14.
/// </summary>
static class KernelLoading
{
    public static Action<KernelConfig, T1, T2, T3> LoadStreamKernel<T1, T2, T3>(this GpuBackend gpu, Action<T1, T2, T3> kernel)
        where T1 : struct where T2 : struct where T3 : struct =>
        gpu.IsChecked ? Checker.Load<Action<KernelConfig, T1, T2, T3>>(kernel.Method) : gpu.Accelerator.LoadStreamKernel(kernel);

    public static Action<KernelConfig, T1, T2, T3, T4> LoadStreamKernel<T1, T2, T3, T4>(
        this GpuBackend gpu, Action<T1, T2, T3, T4> kernel)
        where T1 : struct where T2 : struct where T3 : struct where T4 : struct =>
        gpu.IsChecked ? Checker.Load<Action<KernelConfig, T1, T2, T3, T4>>(kernel.Method) : gpu.Accelerator.LoadStreamKernel(kernel);

    public static Action<KernelConfig, T1, T2, T3, T4, T5> LoadStreamKernel<T1, T2, T3, T4, T5>(
        this GpuBackend gpu, Action<T1, T2, T3, T4, T5> kernel)
        where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct =>
        gpu.IsChecked ? Checker.Load<Action<KernelConfig, T1, T2, T3, T4, T5>>(kernel.Method) : gpu.Accelerator.LoadStreamKernel(kernel);

    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6> LoadStreamKernel<T1, T2, T3, T4, T5, T6>(
        this GpuBackend gpu, Action<T1, T2, T3, T4, T5, T6> kernel)
        where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct =>
        gpu.IsChecked ? Checker.Load<Action<KernelConfig, T1, T2, T3, T4, T5, T6>>(kernel.Method)
            : gpu.Accelerator.LoadStreamKernel(kernel);

    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7>(
        this GpuBackend gpu, Action<T1, T2, T3, T4, T5, T6, T7> kernel)
        where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct =>
        gpu.IsChecked ? Checker.Load<Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7>>(kernel.Method)
            : gpu.Accelerator.LoadStreamKernel(kernel);

    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8>(
        this GpuBackend gpu, Action<T1, T2, T3, T4, T5, T6, T7, T8> kernel)
        where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct
        where T8 : struct =>
        gpu.IsChecked ? Checker.Load<Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8>>(kernel.Method)
            : gpu.Accelerator.LoadStreamKernel(kernel);

    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9>(
        this GpuBackend gpu, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9> kernel)
        where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct
        where T8 : struct where T9 : struct =>
        gpu.IsChecked ? Checker.Load<Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9>>(kernel.Method)
            : gpu.Accelerator.LoadStreamKernel(kernel);

    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>
        LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(
        this GpuBackend gpu, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14> kernel)
        where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct
        where T8 : struct where T9 : struct where T10 : struct where T11 : struct where T12 : struct where T13 : struct
        where T14 : struct =>
        gpu.IsChecked ? Checker.Load<Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>>(kernel.Method)
            : gpu.Accelerator.LoadStreamKernel(kernel);
}
