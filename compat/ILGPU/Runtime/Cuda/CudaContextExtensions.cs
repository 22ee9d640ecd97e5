namespace ILGPU.Runtime.Cuda;

/// <summary>Where the real package finds NVIDIA's devices. This subset has no back end for them: there are none here.</summary>
public static class CudaContextExtensions
{
    /// <summary>Adds no device.</summary>
    public static Context.Builder Cuda(this Context.Builder builder) => builder;
}
