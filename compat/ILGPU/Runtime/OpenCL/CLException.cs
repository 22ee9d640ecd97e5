namespace ILGPU.Runtime.OpenCL;

/// <summary>An OpenCL driver refused something. The message says what, and what can be done.</summary>
public sealed class CLException : AcceleratorException
{
    CLException(int code, string function, string message) : base(message) => (Code, Function) = (code, function);

    /// <summary>The driver's number for it.</summary>
    public int Code { get; }

    /// <summary>The function that failed.</summary>
    public string Function { get; }

    /// <summary>Throws unless the code is CL_SUCCESS.</summary>
    internal static void Check(int code, string function, string? doing = null)
    {
        if (code != 0) throw Of(code, function, doing);
    }

    /// <param name="code">The driver's number.</param>
    /// <param name="function">The function that returned it.</param>
    /// <param name="doing">What was being done, as the beginning of a sentence: "launching Gemm".</param>
    internal static CLException Of(int code, string function, string? doing = null)
    {
        var (name, advice) = Describe(code, function);
        return new(code, function, $"{(doing is null ? "" : $"{doing}: ")}{function} failed with {name}: {advice}");
    }

    /// <summary>With a sentence of its own in place of the usual advice.</summary>
    internal static CLException Because(int code, string function, string message) => new(code, function, $"{message} ({function}: {Describe(code, function).Name})");

    static (string Name, string Advice) Describe(int code, string function) => code switch
    {
        -1 => ("CL_DEVICE_NOT_FOUND", "the driver has no such device"),
        -2 => ("CL_DEVICE_NOT_AVAILABLE", "the device is lost: it was taken away or its driver restarted; close the accelerator and open it again"),
        -3 => ("CL_COMPILER_NOT_AVAILABLE", "this driver can't compile kernels; install the vendor's full driver"),
        -4 => ("CL_MEM_OBJECT_ALLOCATION_FAILURE", "the device has no memory left for this; free buffers, or take a smaller picture or batch"),
        -5 when function is "clFlush" or "clFinish" or "clEnqueueReadBuffer" or "clWaitForEvents" =>
            ("CL_OUT_OF_RESOURCES", "a kernel launched before this crashed or ran past the device's time limit, and the device is lost to this process; run the kernel on the CPU executor to find an access out of range"),
        -5 => ("CL_OUT_OF_RESOURCES", "the device has too few registers or too little memory for this; take smaller groups or free buffers"),
        -6 => ("CL_OUT_OF_HOST_MEMORY", "the driver got no memory from the operating system; close other programs"),
        -11 => ("CL_BUILD_PROGRAM_FAILURE", "the driver's compiler refused the kernel"),
        -14 => ("CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST", "something launched before this failed; run the kernels on the CPU executor to find which"),
        -30 => ("CL_INVALID_VALUE", "a range or size is outside of what the buffer or the driver allows"),
        -33 => ("CL_INVALID_DEVICE", "the device is lost or was never this context's; open the accelerator again"),
        -34 => ("CL_INVALID_CONTEXT", "the accelerator was disposed of, or its driver restarted; open it again"),
        -36 => ("CL_INVALID_COMMAND_QUEUE", "the accelerator was disposed of, or the device is lost; open it again"),
        -38 => ("CL_INVALID_MEM_OBJECT", "a buffer was disposed of, or belongs to another accelerator"),
        -42 => ("CL_INVALID_BINARY", "the driver can't load this binary"),
        -43 => ("CL_INVALID_BUILD_OPTIONS", "the driver knows less than OpenCL C 1.2; update it"),
        -46 => ("CL_INVALID_KERNEL_NAME", "the compiled program lacks the kernel; delete the kernel cache"),
        -48 => ("CL_INVALID_KERNEL", "the kernel was disposed of with its accelerator"),
        -49 => ("CL_INVALID_ARG_INDEX", "the kernel has fewer arguments; delete the kernel cache"),
        -51 => ("CL_INVALID_ARG_SIZE", "an argument's size is not the kernel's; delete the kernel cache"),
        -52 => ("CL_INVALID_KERNEL_ARGS", "an argument was not set"),
        -54 => ("CL_INVALID_WORK_GROUP_SIZE", "the device can't run a group of this size; take a smaller one"),
        -55 => ("CL_INVALID_WORK_ITEM_SIZE", "a group is too large along one dimension; take a smaller one"),
        -61 => ("CL_INVALID_BUFFER_SIZE", "the device has no buffers of this size; take a smaller picture or batch"),
        -63 => ("CL_INVALID_GLOBAL_WORK_SIZE", "the launch has too many work-items for the driver"),
        -1001 => ("CL_PLATFORM_NOT_FOUND_KHR", "no OpenCL driver is installed"),
        -9999 => ("NVIDIA's error -9999", "a kernel read or wrote memory that isn't its own; run it on the CPU executor to find where"),
        _ => ($"error {code}", "see the table of error codes in CL/cl.h"),
    };
}
