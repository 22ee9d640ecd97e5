using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Text;
using ILGPU.Compat.OpenCL;

namespace ILGPU.Runtime.OpenCL;

/// <summary>What an OpenCL device is made of.</summary>
[Flags]
public enum CLDeviceType : long
{
    /// <summary>The driver's favourite.</summary>
    CL_DEVICE_TYPE_DEFAULT = 1,
    /// <summary>A processor.</summary>
    CL_DEVICE_TYPE_CPU = 2,
    /// <summary>A graphics card.</summary>
    CL_DEVICE_TYPE_GPU = 4,
    /// <summary>Something else.</summary>
    CL_DEVICE_TYPE_ACCELERATOR = 8,
}

/// <summary>A device of an OpenCL driver.</summary>
public sealed unsafe class CLDevice : Device
{
    /// <summary>Asks the driver about the device.</summary>
    /// <exception cref="CLException">It doesn't answer.</exception>
    internal CLDevice(nint platform, nint device)
    {
        (Platform, Handle) = (platform, device);
        PlatformName = PlatformText(platform, ClNames.PlatformName);
        PlatformVersion = PlatformText(platform, ClNames.PlatformVersion);
        Name = Text(ClNames.DeviceName);
        VendorName = Text(ClNames.Vendor);
        DriverVersion = Text(ClNames.DriverVersion);
        DeviceVersion = Text(ClNames.DeviceVersion);
        DeviceType = (CLDeviceType)Number<ulong>(ClNames.DeviceType);
        MemorySize = (long)Number<ulong>(ClNames.GlobalMemory);
        MaxAllocation = (long)Number<ulong>(ClNames.MaxAllocation);
        MaxSharedMemoryPerGroup = (int)Math.Min(int.MaxValue, Number<ulong>(ClNames.LocalMemory));
        NumMultiprocessors = (int)Number<uint>(ClNames.MaxComputeUnits);
        MaxNumThreadsPerGroup = (int)Number<nuint>(ClNames.MaxWorkGroupSize);
        var sizes = stackalloc nuint[3];
        CLException.Check(ClApi.clGetDeviceInfo(device, ClNames.MaxWorkItemSizes, (nuint)(3 * sizeof(nuint)), sizes, null), "clGetDeviceInfo");
        MaxGroupSize = new((int)sizes[0], (int)sizes[1], (int)sizes[2]);
        Extensions = [.. Text(ClNames.Extensions).Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        // Drivers for processors say yes to fma where only their library has it, a hundred times slower than the instruction.
        bool inHardware = !DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU) || Fma.IsSupported || AdvSimd.IsSupported;
        HasFma32 = inHardware && (Number<ulong>(ClNames.SingleConfig) & ClNames.HasFma) != 0;
        HasFma64 = inHardware && HasDoubles && (Number<ulong>(ClNames.DoubleConfig) & ClNames.HasFma) != 0;
        IsUsable = Number<uint>(ClNames.Available) != 0 && Number<uint>(ClNames.CompilerAvailable) != 0 && Number<uint>(ClNames.LittleEndian) != 0;
        WarpSize = FindWarpSize();
    }

    /// <inheritdoc/>
    public override AcceleratorType AcceleratorType => AcceleratorType.OpenCL;

    /// <summary>The driver that it belongs to.</summary>
    public string PlatformName { get; }

    /// <summary>Who made it.</summary>
    public string VendorName { get; }

    /// <summary>What it is made of.</summary>
    public CLDeviceType DeviceType { get; }

    internal nint Platform { get; }

    internal nint Handle { get; }

    internal string PlatformVersion { get; }

    internal string DriverVersion { get; }

    internal string DeviceVersion { get; }

    /// <summary>Bytes that one buffer can have.</summary>
    internal long MaxAllocation { get; }

    internal HashSet<string> Extensions { get; }

    internal bool HasDoubles => Extensions.Contains("cl_khr_fp64");

    /// <summary>Atomics of 64 bits, all of them.</summary>
    internal bool HasLongAtomics => Extensions.Contains("cl_khr_int64_base_atomics") && Extensions.Contains("cl_khr_int64_extended_atomics");

    /// <summary>A fused multiply-add of floats costs no more than a multiplication.</summary>
    internal bool HasFma32 { get; }

    /// <summary>The same of doubles.</summary>
    internal bool HasFma64 { get; }

    /// <summary>It is there, its driver has a compiler, and it reads numbers as the host does.</summary>
    internal bool IsUsable { get; }

    /// <inheritdoc/>
    public override Accelerator CreateAccelerator(Context context) => new CLAccelerator(context, this);

    /// <summary>Every device of every driver that answers; empty where there is no OpenCL library.</summary>
    internal static List<CLDevice> FindAll()
    {
        var found = new List<CLDevice>();
        if (!ClLibrary.IsPresent) return found;
        uint platforms = 0;
        if (ClApi.clGetPlatformIDs(0, null, &platforms) != 0 || platforms == 0) return found;
        var platformIds = new nint[platforms];
        fixed (nint* ids = platformIds)
            if (ClApi.clGetPlatformIDs(platforms, ids, null) != 0) return found;
        foreach (nint platform in platformIds)
        {
            uint devices = 0;
            if (ClApi.clGetDeviceIDs(platform, ClNames.AllDevices, 0, null, &devices) != 0 || devices == 0) continue;
            var deviceIds = new nint[devices];
            fixed (nint* ids = deviceIds)
                if (ClApi.clGetDeviceIDs(platform, ClNames.AllDevices, devices, ids, null) != 0) continue;
            foreach (nint device in deviceIds)
            {
                try
                {
                    var candidate = new CLDevice(platform, device);
                    if (candidate.IsUsable) found.Add(candidate);
                }
                catch (CLException) { } // a device that can't be asked can't be used either
            }
        }
        return found;
    }

    int FindWarpSize()
    {
        // Three ways to ask, none of which every driver knows. What runs work-items in lanes of its choice has no warps: 1.
        foreach (uint name in (ReadOnlySpan<uint>)[ClNames.WarpSizeNvidia, ClNames.WavefrontAmd])
        {
            uint lanes = 0;
            if (ClApi.clGetDeviceInfo(Handle, name, sizeof(uint), &lanes, null) == 0 && lanes is > 0 and <= 128) return (int)lanes;
        }
        nuint multiple = 0;
        return ClApi.clGetDeviceInfo(Handle, ClNames.PreferredGroupMultiple, (nuint)sizeof(nuint), &multiple, null) == 0 && multiple is > 0 and <= 128 ? (int)multiple : 1;
    }

    T Number<T>(uint name) where T : unmanaged
    {
        T value = default;
        CLException.Check(ClApi.clGetDeviceInfo(Handle, name, (nuint)sizeof(T), &value, null), "clGetDeviceInfo");
        return value;
    }

    string Text(uint name)
    {
        nuint size = 0;
        CLException.Check(ClApi.clGetDeviceInfo(Handle, name, 0, null, &size), "clGetDeviceInfo");
        var bytes = new byte[size];
        fixed (byte* p = bytes) CLException.Check(ClApi.clGetDeviceInfo(Handle, name, size, p, null), "clGetDeviceInfo");
        return Decode(bytes);
    }

    static string PlatformText(nint platform, uint name)
    {
        nuint size = 0;
        CLException.Check(ClApi.clGetPlatformInfo(platform, name, 0, null, &size), "clGetPlatformInfo");
        var bytes = new byte[size];
        fixed (byte* p = bytes) CLException.Check(ClApi.clGetPlatformInfo(platform, name, size, p, null), "clGetPlatformInfo");
        return Decode(bytes);
    }

    static string Decode(byte[] bytes) => Encoding.UTF8.GetString(bytes).TrimEnd('\0').Trim();
}

/// <summary>Asks for OpenCL devices.</summary>
public static class CLContextExtensions
{
    /// <summary>Every device that passes. None where there is no OpenCL library.</summary>
    public static Context.Builder OpenCL(this Context.Builder builder, Predicate<CLDevice> predicate)
    {
        builder.Devices.AddRange(CLDevice.FindAll().Where(device => predicate(device)));
        return builder;
    }
}
