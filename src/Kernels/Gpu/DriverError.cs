using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace PureLcm.Kernels.Gpu;

/// <summary>What a driver's error means. ILGPU's own messages for OpenCL say no more than that there was one.</summary>
static class DriverError
{
    /// <summary>The driver's name for it and, where one can be given, what it means and what to do.</summary>
    public static string Describe(Exception e) => e switch
    {
        CLException { Error: var error } when Advice(error) is { } advice => $"{error}: {advice}",
        CLException { Error: var error } => error.ToString(),
        CudaException { Error: var error } => $"{error}: {e.Message.TrimEnd('.')}",
        _ => e.Message.TrimEnd('.'),
    };

    static string? Advice(CLError error) => error switch
    {
        CLError.CL_DEVICE_NOT_AVAILABLE => "the device is lost, it was taken away or its driver restarted",
        CLError.CL_OUT_OF_RESOURCES => "a kernel crashed or ran past the device's time limit, and the device is lost to this program",
        CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE => "the device has no memory left for this; make smaller or fewer pictures at once",
        CLError.CL_OUT_OF_HOST_MEMORY => "the driver got no memory from the operating system; close other programs",
        CLError.CL_COMPILER_NOT_AVAILABLE => "this driver can't compile kernels; install the vendor's full driver",
        CLError.CL_BUILD_PROGRAM_FAILURE => "the driver's compiler refused a kernel; install a newer driver",
        _ => null,
    };
}
