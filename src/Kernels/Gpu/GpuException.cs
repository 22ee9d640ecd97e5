namespace PureLcm.Kernels.Gpu;

/// <summary>A device that isn't there, can't do what it is asked, or failed while it did: one sentence, with the way out.</summary>
public sealed class GpuException : Exception
{
    /// <summary>With what was wrong.</summary>
    public GpuException(string message, Exception? inner = null) : base(message, inner) { }
}
