using System.Globalization;

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
}
