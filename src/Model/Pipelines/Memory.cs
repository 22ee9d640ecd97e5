using System.Globalization;
using PureLcm.Kernels;

namespace PureLcm.Model.Pipelines;

/// <summary>How much memory there is, since on Linux there is no catching it when it runs out.</summary>
public static class Memory
{
    /// <summary>
    /// Bytes that this process may still take: what the system has available and what the container's limit leaves, whichever
    /// is less.
    /// </summary>
    public static long FreeBytes()
    {
        var info = GC.GetGCMemoryInfo();
        long free = info.TotalAvailableMemoryBytes; // knows the container's limit
        try
        {
            foreach (string line in File.ReadLines("/proc/meminfo"))
                if (line.StartsWith("MemAvailable:", StringComparison.Ordinal))
                    free = Math.Min(free, 1024 * long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            // Not Linux: what the runtime knows is the best there is.
            free = Math.Min(free, Math.Max(0, info.TotalAvailableMemoryBytes - info.MemoryLoadBytes));
        }
        return free;
    }

    /// <summary>Throws where a plan needs more than there is, on the device or on the host if that computes.</summary>
    /// <param name="device">What computes.</param>
    /// <param name="bytes">What it needs.</param>
    /// <param name="plan">What it is, as the error says it: "loading models/sd15".</param>
    /// <exception cref="ModelException">Too little memory is free.</exception>
    public static void Require(Backend device, long bytes, string plan)
    {
        if (device.MemoryBytes is { } all && bytes > all)
            throw new ModelException($"{plan} takes about {Gigabytes(bytes)} of memory, and {device.Name} has {Gigabytes(all)}; make a smaller picture, take a smaller model, or another --device");
        long free = FreeBytes();
        if (bytes > free && device.MemoryBytes is null)
            throw new ModelException($"{plan} takes about {Gigabytes(bytes)} of memory, and {Gigabytes(free)} are free; close other programs, make a smaller picture, or take a smaller model");

        static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.0", CultureInfo.InvariantCulture) + " GB";
    }
}
