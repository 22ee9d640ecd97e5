namespace PureLcm.Kernels.Gpu;

/// <summary>What a device can't do, or a driver has failed to do; the message says it in a sentence.</summary>
public sealed class GpuException : PureLcmException
{
    /// <summary>With what went wrong, and what the driver said.</summary>
    public GpuException(string message, Exception? inner = null) : base(message, inner) { }
}
