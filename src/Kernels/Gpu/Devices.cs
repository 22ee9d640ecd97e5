using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;
using PureLcm.Kernels.Cpu;

namespace PureLcm.Kernels.Gpu;

/// <summary>A device of this machine, as <c>--device</c> names it.</summary>
/// <param name="Id">cpu, opencl:0, cuda:0, executor.</param>
/// <param name="Name">What its driver calls it.</param>
/// <param name="Memory">Bytes of its memory.</param>
/// <param name="MaxGroup">Work-items of a group at most; 0 for the SIMD backend, which has none.</param>
/// <param name="SharedMemory">Bytes that a group can share.</param>
/// <param name="Processors">What runs groups at the same time, or threads.</param>
public sealed record DeviceInfo(string Id, string Name, long Memory, int MaxGroup, int SharedMemory, int Processors);

/// <summary>
/// The devices of this machine, and the backend that computes on one of them. ILGPU is only asked when a device of its is
/// asked for, so that a run on the processor starts without waiting for drivers.
/// </summary>
public static class Devices
{
    /// <summary>What can stand behind <c>--device</c>, for help texts and errors.</summary>
    public const string Choices = "auto, cpu, opencl[:N], cuda[:N] or executor";

    /// <summary>Which ILGPU this program was built with: "compat", or "real" and the version.</summary>
    public static string Package { get; } = Assembly.Load("PureLcm.Compat.ILGPU").GetCustomAttributes<AssemblyMetadataAttribute>()
        .First(metadata => metadata.Key == "PureLcm.Packages.ILGPU.Algorithms").Value!;

    /// <summary>Every device there is.</summary>
    public static IReadOnlyList<DeviceInfo> List()
    {
        using var simd = new CpuBackend();
        var list = new List<DeviceInfo> { new("cpu", simd.Name, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, 0, 0, simd.ThreadCount) };
        var context = Drivers.Value;
        foreach (var type in (AcceleratorType[])[AcceleratorType.Cuda, AcceleratorType.OpenCL])
            list.AddRange(OfType(context, type).Select((device, i) => Describe($"{type.ToString().ToLowerInvariant()}:{i}", device)));
        list.Add(Describe("executor", Executor(context)));
        return list;

        static DeviceInfo Describe(string id, Device device) =>
            new(id, FullName(device), Memory(device), device.MaxNumThreadsPerGroup, device.MaxSharedMemoryPerGroup, device.NumMultiprocessors);
    }

    /// <summary>
    /// Runs each kind of operation once on a device, on small odd shapes, beside the plain loops: what <c>auto</c> does with a
    /// graphics card before it trusts its driver.
    /// </summary>
    /// <returns>What went wrong; null if nothing did.</returns>
    /// <exception cref="GpuException">There is no such device.</exception>
    public static string? Check(string id)
    {
        using var backend = Open(id, 0, out _);
        return SelfCheck.Check(backend);
    }

    /// <summary>
    /// The backend for a device. auto takes CUDA, then a graphics card under OpenCL that passes a <see cref="SelfCheck"/>, then the
    /// processor's SIMD backend. A device that is named is taken or refused, never replaced.
    /// </summary>
    /// <param name="id">One of <see cref="Choices"/>; N counts from 0.</param>
    /// <param name="threads">For cpu; 0 is one a core.</param>
    /// <param name="notice">What auto has to say where it passed a device over; null otherwise.</param>
    /// <exception cref="GpuException">There is no such device, or it can't run the kernels.</exception>
    public static Backend Open(string id, int threads, out string? notice)
    {
        notice = null;
        string kind = id.Split(':')[0];
        int index = 0;
        if (id.Length > kind.Length && (kind is not ("opencl" or "cuda") || !int.TryParse(id.AsSpan(kind.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out index)))
            throw new GpuException($"--device {id}: a device is {Choices}, with a number N from 0 that lcm devices shows");
        switch (kind)
        {
            case "cpu": return new CpuBackend(threads);
            case "executor": return OpenBackend(Executor);
            case "opencl": return OpenBackend(context => Pick(OfType(context, AcceleratorType.OpenCL), index, NoOpenCl));
            case "cuda": return OpenBackend(context => Pick(OfType(context, AcceleratorType.Cuda), index, NoCuda));
            case "auto": return OpenBest(threads, out notice);
            default: throw new GpuException($"--device {id}: a device is {Choices}");
        }

        Device Pick(Device[] devices, int index, Func<string> none)
        {
            if (devices.Length == 0) throw new GpuException($"--device {id}: {none()}");
            return index < devices.Length ? devices[index]
                : throw new GpuException($"--device {id}: there {(devices.Length == 1 ? "is one such device" : $"are {devices.Length} such devices")}, numbered from 0; lcm devices shows them");
        }
    }

    static Backend OpenBest(int threads, out string? notice)
    {
        notice = null;
        if (!MayHaveGraphicsCard()) return new CpuBackend(threads);
        try
        {
            var context = Drivers.Value;
            var cards = OfType(context, AcceleratorType.Cuda).Concat(OfType(context, AcceleratorType.OpenCL).Where(device => !IsProcessor(device)));
            return FirstGood(cards, SelfCheck.Passes, threads, out notice);
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
            notice = $"{(notice is null ? "" : notice + "\n")}{device.Name} is passed over: {reason.TrimEnd('.')}; --device {device.AcceleratorType.ToString().ToLowerInvariant()} takes it all the same";
        }
        return new CpuBackend(threads);
    }

    static GpuBackend OpenBackend(Func<Context, Device> choose) => Open(choose(Drivers.Value));

    static GpuBackend Open(Device device)
    {
        try
        {
            return new GpuBackend(device.CreateAccelerator(Drivers.Value));
        }
        catch (AcceleratorException e)
        {
            throw new GpuException($"{device.Name} can't be opened: {e.Message.TrimEnd('.')}; is another program using it? lcm devices lists what else there is", e);
        }
    }

    /// <summary>Drivers stay loaded once they are, so they are asked once a process.</summary>
    static Lazy<Context> Drivers { get; } = new(OpenDrivers);

    static Context OpenDrivers()
    {
        try
        {
            return Context.Create(builder => builder.Default().CPU(new CPUDevice(32, 8, Environment.ProcessorCount)).EnableAlgorithms());
        }
        catch (Exception e) when (e is AcceleratorException or DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            throw new GpuException($"the devices can't be listed: {e.Message}; check the graphics driver, or use --device cpu", e);
        }
    }

    static Device[] OfType(Context context, AcceleratorType type) => [.. context.Devices.Where(device => device.AcceleratorType == type)];

    /// <summary>The kernels' executor that takes the largest groups: the real library's default one takes 16 work-items.</summary>
    static Device Executor(Context context) => OfType(context, AcceleratorType.CPU).MaxBy(device => device.MaxNumThreadsPerGroup)!;

    /// <summary>A device that works in the host's memory, on its cores.</summary>
    internal static bool IsProcessor(Device device) =>
        device.AcceleratorType == AcceleratorType.CPU || device is CLDevice cl && cl.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU);

    /// <summary>The executor works in the host's memory, of which the real library says nothing.</summary>
    static long Memory(Device device) => device.AcceleratorType == AcceleratorType.CPU ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : device.MemorySize;

    static string FullName(Device device) => device is CLDevice cl ? $"{device.Name.Trim()} ({cl.PlatformName.Trim()})" : device.Name.Trim();

    /// <summary>
    /// Whether it is worth asking the drivers: on Linux a graphics card has a device file. Only asking takes a fifth of a second,
    /// which a processor alone should not cost.
    /// </summary>
    static bool MayHaveGraphicsCard() =>
        !OperatingSystem.IsLinux() || File.Exists("/dev/nvidiactl") || File.Exists("/dev/kfd") || File.Exists("/dev/dxg")
        || Directory.Exists("/dev/dri") && Directory.EnumerateFiles("/dev/dri", "renderD*").Any();

    static string NoOpenCl()
    {
        bool library = ((string[])["libOpenCL.so.1", "OpenCL", "/System/Library/Frameworks/OpenCL.framework/OpenCL"])
            .Any(name => NativeLibrary.TryLoad(name, out _));
        return library
            ? "there is an OpenCL library but no device that the kernels can use; install the graphics card's OpenCL driver or, for the processor, Debian's pocl-opencl-icd"
            : "there is no OpenCL library; install the graphics card's driver or, for the processor, Debian's ocl-icd-libopencl1 and pocl-opencl-icd";
    }

    static string NoCuda() => Package == "compat"
        ? "this program was built with the ILGPU subset of the repository, which has OpenCL but no CUDA; on an NVIDIA card use --device opencl, or build with -p:ILGPU=real where the feed has ILGPU 1.5.3"
        : "there is no CUDA device; install NVIDIA's driver, or use --device opencl or cpu";
}
