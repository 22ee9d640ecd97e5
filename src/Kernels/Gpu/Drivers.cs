using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;
using PureLcm.Kernels.Check;
using PureLcm.Kernels.Cpu;

namespace PureLcm.Kernels.Gpu;

/// <summary>What ILGPU finds on this machine: all of <see cref="Devices"/> that needs ILGPU to be loaded.</summary>
static class Drivers
{
    /// <summary>
    /// Whose memory the checker uses. ILGPU starts all threads of a CPU accelerator at once, whether or not anything is launched:
    /// so it has few. As the products divide their work by it, there are two multiprocessors.
    /// </summary>
    static readonly CPUDevice checkerMemory = new(2, 1, 2);

    /// <summary>Without any driver.</summary>
    static readonly Lazy<Context> memory = new(() => Context.Create(builder => builder.CPU(checkerMemory)));

    /// <summary>Drivers stay loaded once they are, so they are asked once a process.</summary>
    static readonly Lazy<Context> drivers = new(Ask);

    public static string IlgpuVersion => typeof(Context).Assembly.GetName().Version!.ToString(3);

    /// <summary>All but the processor's SIMD backend.</summary>
    /// <param name="hostMemory">Bytes, for the checker.</param>
    public static List<DeviceInfo> List(long hostMemory)
    {
        var list = new List<DeviceInfo>();
        try
        {
            foreach (string kind in (string[])["cuda", "opencl"])
            {
                var devices = OfKind(kind);
                int number = 0;
                foreach (var device in devices)
                {
                    string? why = Refusal(device);
                    list.Add(why is null ? Describe($"{kind}:{number++}", device) : DeviceInfo.Refused(kind, FullName(device), why));
                }
                if (devices.Length == 0) list.Add(DeviceInfo.Refused(kind, "-", None(kind)));
            }
        }
        catch (GpuException e)
        {
            list.Add(DeviceInfo.Refused("-", "-", e.Message));
        }
        list.Add(new("check", GpuBackend.CheckerName, hostMemory, Checker.LargestGroup, Checker.SharedMemory, Environment.ProcessorCount));
        return list;

        static DeviceInfo Describe(string id, Device device) => new(id, FullName(device), device.MemorySize,
            device.MaxNumThreadsPerGroup, device.MaxSharedMemoryPerGroup, device.NumMultiprocessors);
    }

    /// <exception cref="GpuException">There is no such device, or ILGPU refuses it, or it can't be opened.</exception>
    public static GpuBackend Open(string id, string kind, int index)
    {
        Device[] all = OfKind(kind), usable = [.. all.Where(device => Refusal(device) is null)];
        if (index < usable.Length) return Open(usable[index]);
        string refused = string.Join("; ", all.Select(device => $"{FullName(device)} can't be taken: {Refusal(device)}"));
        string number = usable.Length == 1 ? "is one such device" : $"are {usable.Length} such devices";
        throw new GpuException($"--device {id}: " + (all.Length == 0 ? None(kind)
            : usable.Length == 0 ? $"{refused}; or use --device cpu"
            : $"there {number}, numbered from 0; lcm devices shows them"));
    }

    static Device[] OfKind(string kind)
    {
        var type = kind == "cuda" ? AcceleratorType.Cuda : AcceleratorType.OpenCL;
        return [.. drivers.Value.Devices.Where(device => device.AcceleratorType == type)];
    }

    /// <summary>The kernels as the checker runs them.</summary>
    public static GpuBackend OpenChecker() => GpuBackend.Checked(checkerMemory.CreateAccelerator(memory.Value));

    /// <summary>A graphics card that passes its check, or the processor.</summary>
    public static Backend OpenBest(int threads, out string? notice)
    {
        try
        {
            var cards = OfKind("cuda").Concat(OfKind("opencl").Where(device => !IsProcessor(device)));
            return FirstGood(cards.Where(device => Refusal(device) is null), SelfCheck.Passes, threads, out notice);
        }
        catch (GpuException e)
        {
            notice = $"no graphics card is taken: {e.Message}";
            return new CpuBackend(threads);
        }
    }

    internal delegate bool Checking(GpuBackend backend, Device device, out string reason);

    /// <summary>The first device that opens and passes the check; where none does, the processor, and why in the notice.</summary>
    internal static Backend FirstGood(IEnumerable<Device> devices, Checking check, int threads, out string? notice)
    {
        notice = null;
        foreach (var device in devices)
        {
            string reason;
            try
            {
                var backend = Open(device);
                if (check(backend, device, out reason)) return backend;
                backend.Dispose();
            }
            catch (GpuException e)
            {
                reason = e.Message;
            }
            string kind = device.AcceleratorType.ToString().ToLowerInvariant(), before = notice is null ? "" : notice + "\n";
            notice = $"{before}{device.Name} is passed over: {reason.TrimEnd('.')}; --device {kind} takes it all the same";
        }
        return new CpuBackend(threads);
    }

    static GpuBackend Open(Device device)
    {
        try
        {
            return new GpuBackend(device.CreateAccelerator(drivers.Value));
        }
        catch (Exception e) when (e is AcceleratorException or CapabilityNotSupportedException)
        {
            string what = DriverError.Describe(e);
            throw new GpuException($"{device.Name} can't be opened: {what}; is another program using it? lcm devices lists what else there is", e);
        }
    }

    static Context Ask()
    {
        OpenClLibrary.Prepare();
        try
        {
            // Every device, also those that ILGPU refuses: why it does is said in Refusal.
            return Context.Create(builder => builder.Cuda((CudaDevice _) => true).OpenCL(_ => true).EnableAlgorithms());
        }
        catch (Exception e)
            when (e is AcceleratorException or DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            string what = DriverError.Describe(e);
            throw new GpuException($"the devices can't be listed: {what}; check the graphics driver, or use --device cpu", e);
        }
    }

    /// <summary>Why ILGPU doesn't take a device, and what to do; null where it does.</summary>
    internal static string? Refusal(Device device) => device switch
    {
        CLDevice cl => OpenClRefusal(cl.DeviceVersion, cl.Capabilities.GenericAddressSpace, cl.PlatformName),
        CudaDevice { Architecture: null } => $"ILGPU {IlgpuVersion} doesn't know its generation; try --device opencl",
        CudaDevice { InstructionSet: null } => $"its driver is too old for ILGPU {IlgpuVersion}; install a newer one from NVIDIA",
        _ => null,
    };

    /// <summary>
    /// ILGPU writes OpenCL C 2.0 with pointers that don't say where they point: the generic address space, which 3.0 made optional.
    /// </summary>
    internal static string? OpenClRefusal(CLDeviceVersion version, bool hasGenericAddresses, string platform)
    {
        if (version >= CLDeviceVersion.CL20 && hasGenericAddresses) return null;
        string lacks = version < CLDeviceVersion.CL20
            ? $"its driver has OpenCL {version.Major}.{version.Minor}, and ILGPU needs 2.0 or newer"
            : $"its driver (OpenCL {version.Major}.{version.Minor}) has no generic address space, which ILGPU needs";
        bool isPocl = platform.Contains("Portable Computing Language", StringComparison.Ordinal);
        return lacks + (isPocl ? "; PoCL has it from version 6 on (Debian 13, Ubuntu 24.10)" : "; install a newer driver");
    }

    /// <summary>Why there is no device of a kind, and what to do.</summary>
    static string None(string kind) => kind == "cuda"
        ? "there is no CUDA device; install NVIDIA's driver, or use --device opencl or cpu"
        : (OpenClLibrary.IsPresent
            ? "there is an OpenCL library but no driver behind it; install the graphics card's OpenCL driver or, for the processor, "
            : "there is no OpenCL library; install the graphics card's driver or, for the processor, Debian's ocl-icd-libopencl1 and ")
            + "pocl-opencl-icd (Debian 13 or newer)";

    /// <summary>A device that works in the host's memory, on its cores.</summary>
    internal static bool IsProcessor(Device device) =>
        device.AcceleratorType == AcceleratorType.CPU || device is CLDevice cl && cl.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU);

    static string FullName(Device device) =>
        device is CLDevice cl ? $"{device.Name.Trim()} ({cl.PlatformName.Trim()})" : device.Name.Trim();
}
