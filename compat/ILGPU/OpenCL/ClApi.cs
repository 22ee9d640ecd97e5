using System.Runtime.InteropServices;

namespace ILGPU.Compat.OpenCL;

/// <summary>OpenCL's C functions as they are; handles are nint. Ask <see cref="ClLibrary.IsPresent"/> before calling any.</summary>
static unsafe partial class ClApi
{
    const string Library = ClLibrary.Name;

    [LibraryImport(Library)] public static partial int clGetPlatformIDs(uint entries, nint* platforms, uint* count);
    [LibraryImport(Library)] public static partial int clGetPlatformInfo(nint platform, uint name, nuint size, void* value, nuint* needed);
    [LibraryImport(Library)] public static partial int clGetDeviceIDs(nint platform, ulong type, uint entries, nint* devices, uint* count);
    [LibraryImport(Library)] public static partial int clGetDeviceInfo(nint device, uint name, nuint size, void* value, nuint* needed);

    [LibraryImport(Library)] public static partial nint clCreateContext(nint* properties, uint devices, nint* device, nint callback, nint data, int* error);
    [LibraryImport(Library)] public static partial int clReleaseContext(nint context);
    [LibraryImport(Library)] public static partial nint clCreateCommandQueue(nint context, nint device, ulong properties, int* error);
    [LibraryImport(Library)] public static partial int clReleaseCommandQueue(nint queue);
    [LibraryImport(Library)] public static partial int clFlush(nint queue);
    [LibraryImport(Library)] public static partial int clFinish(nint queue);

    [LibraryImport(Library)] public static partial nint clCreateBuffer(nint context, ulong flags, nuint size, void* host, int* error);
    [LibraryImport(Library)] public static partial int clReleaseMemObject(nint memory);
    [LibraryImport(Library)] public static partial int clEnqueueReadBuffer(nint queue, nint buffer, uint blocking, nuint offset, nuint size, void* target, uint waits, nint* wait, nint* done);
    [LibraryImport(Library)] public static partial int clEnqueueWriteBuffer(nint queue, nint buffer, uint blocking, nuint offset, nuint size, void* source, uint waits, nint* wait, nint* done);
    [LibraryImport(Library)] public static partial int clEnqueueFillBuffer(nint queue, nint buffer, void* pattern, nuint patternSize, nuint offset, nuint size, uint waits, nint* wait, nint* done);

    [LibraryImport(Library)] public static partial nint clCreateProgramWithSource(nint context, uint count, byte** texts, nuint* lengths, int* error);
    [LibraryImport(Library)] public static partial nint clCreateProgramWithBinary(nint context, uint devices, nint* device, nuint* lengths, byte** binaries, int* status, int* error);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial int clBuildProgram(nint program, uint devices, nint* device, string options, nint callback, nint data);
    [LibraryImport(Library)] public static partial int clGetProgramBuildInfo(nint program, nint device, uint name, nuint size, void* value, nuint* needed);
    [LibraryImport(Library)] public static partial int clGetProgramInfo(nint program, uint name, nuint size, void* value, nuint* needed);
    [LibraryImport(Library)] public static partial int clReleaseProgram(nint program);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] public static partial nint clCreateKernel(nint program, string name, int* error);
    [LibraryImport(Library)] public static partial int clGetKernelWorkGroupInfo(nint kernel, nint device, uint name, nuint size, void* value, nuint* needed);
    [LibraryImport(Library)] public static partial int clSetKernelArg(nint kernel, uint index, nuint size, void* value);
    [LibraryImport(Library)] public static partial int clReleaseKernel(nint kernel);
    [LibraryImport(Library)] public static partial int clEnqueueNDRangeKernel(nint queue, nint kernel, uint dimensions, nuint* offset, nuint* global, nuint* local, uint waits, nint* wait, nint* done);

    [LibraryImport(Library)] public static partial int clEnqueueMarkerWithWaitList(nint queue, uint waits, nint* wait, nint* done);
    [LibraryImport(Library)] public static partial int clWaitForEvents(uint count, nint* events);
    [LibraryImport(Library)] public static partial int clGetEventProfilingInfo(nint done, uint name, nuint size, void* value, nuint* needed);
    [LibraryImport(Library)] public static partial int clReleaseEvent(nint done);
}

/// <summary>The numbers that OpenCL's header gives names to, as far as they are used here.</summary>
static class ClNames
{
    public const uint PlatformVersion = 0x0901, PlatformName = 0x0902;

    public const ulong AllDevices = 0xFFFFFFFF;

    public const uint
        DeviceType = 0x1000, MaxComputeUnits = 0x1002, MaxWorkGroupSize = 0x1004, MaxWorkItemSizes = 0x1005, MaxAllocation = 0x1010,
        MaxParameterSize = 0x1017, SingleConfig = 0x101B, GlobalMemory = 0x101F, LocalMemory = 0x1023, LittleEndian = 0x1026,
        Available = 0x1027, CompilerAvailable = 0x1028, DeviceName = 0x102B, Vendor = 0x102C, DriverVersion = 0x102D,
        DeviceVersion = 0x102F, Extensions = 0x1030, DoubleConfig = 0x1032, PreferredGroupMultiple = 0x1067,
        WarpSizeNvidia = 0x4003, WavefrontAmd = 0x4043;

    /// <summary>A bit of <see cref="SingleConfig"/> and <see cref="DoubleConfig"/>: a fused multiply-add is there, in hardware.</summary>
    public const ulong HasFma = 1 << 5;

    public const ulong ReadWriteMemory = 1;

    public const ulong QueueProfiling = 2;

    public const nint ContextPlatform = 0x1084;

    public const uint ProgramBinarySizes = 0x1165, ProgramBinaries = 0x1166, BuildLog = 0x1183;

    public const uint KernelWorkGroupSize = 0x11B0;

    public const uint CommandEnd = 0x1283;
}
