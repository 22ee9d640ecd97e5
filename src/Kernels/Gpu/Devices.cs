using System.Globalization;
using PureLcm.Kernels.Cpu;

namespace PureLcm.Kernels.Gpu;

/// <summary>A device of this machine, as <c>--device</c> names it.</summary>
/// <param name="Id">cpu, opencl:0, cuda:0, check; without a number where it can't be taken.</param>
/// <param name="Name">What its driver calls it.</param>
/// <param name="Memory">Bytes of its memory.</param>
/// <param name="MaxGroup">Work-items of a group at most; 0 for the SIMD backend, which has none.</param>
/// <param name="SharedMemory">Bytes that a group can share.</param>
/// <param name="Processors">What runs groups at the same time, or threads.</param>
public sealed record DeviceInfo(string Id, string Name, long Memory, int MaxGroup, int SharedMemory, int Processors)
{
    /// <summary>Why it can't be taken, or why there is none of its kind, and what to do; null where it can.</summary>
    public string? Refusal { get; init; }

    /// <summary>What isn't there, or can't be taken.</summary>
    internal static DeviceInfo Refused(string id, string name, string why) => new(id, name, 0, 0, 0, 0) { Refusal = why };
}

/// <summary>
/// The devices of this machine, and the backend that computes on one of them. ILGPU is only loaded, and drivers are only asked
/// (<see cref="Drivers"/>), when a device of theirs is asked for: so a run on the processor starts without waiting for them.
/// </summary>
public static class Devices
{
    /// <summary>What can stand behind <c>--device</c>, for help texts and errors.</summary>
    public const string Choices = "auto, cpu, opencl[:N], cuda[:N] or check";

    /// <summary>Which ILGPU this program has.</summary>
    public static string IlgpuVersion => Drivers.IlgpuVersion;

    /// <summary>Every device there is, those that can't be taken among them, with the reason; also why there is none of a kind.</summary>
    public static IReadOnlyList<DeviceInfo> List()
    {
        using var simd = new CpuBackend();
        long memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        return [new("cpu", simd.Name, memory, 0, 0, simd.ThreadCount), .. Drivers.List(memory)];
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
        bool numbered = id.Length > kind.Length, canBe = kind is "opencl" or "cuda";
        if (numbered && !(canBe && int.TryParse(id.AsSpan(kind.Length + 1), NumberStyles.None, CultureInfo.InvariantCulture, out index)))
            throw new GpuException($"--device {id}: a device is {Choices}, with a number N from 0 that lcm devices shows");
        return kind switch
        {
            "cpu" => new CpuBackend(threads),
            "check" => Drivers.OpenChecker(),
            "opencl" or "cuda" => Drivers.Open(id, kind, index),
            "auto" => MayHaveGraphicsCard() ? Drivers.OpenBest(threads, out notice) : new CpuBackend(threads),
            _ => throw new GpuException($"--device {id}: a device is {Choices}"),
        };
    }

    /// <summary>
    /// Whether it is worth asking the drivers: on Linux a graphics card has a device file. Only asking takes a fifth of a second,
    /// which a processor alone should not cost.
    /// </summary>
    static bool MayHaveGraphicsCard() =>
        !OperatingSystem.IsLinux() || File.Exists("/dev/nvidiactl") || File.Exists("/dev/kfd") || File.Exists("/dev/dxg")
        || Directory.Exists("/dev/dri") && Directory.EnumerateFiles("/dev/dri", "renderD*").Any();
}
