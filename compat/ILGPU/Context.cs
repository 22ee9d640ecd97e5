using System.Collections.Immutable;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;

namespace ILGPU;

/// <summary>The devices that were found, and how kernels are compiled for them.</summary>
public sealed class Context : IDisposable
{
    Context(Builder builder) => Devices = [.. builder.Devices];

    /// <summary>In the order in which they were asked for.</summary>
    public ImmutableArray<Device> Devices { get; }

    /// <summary>Looks for the devices that the callback asks for.</summary>
    public static Context Create(Action<Builder> buildingCallback)
    {
        var builder = new Builder();
        buildingCallback(builder);
        return new(builder);
    }

    /// <summary>Accelerators are disposed of by who created them.</summary>
    public void Dispose() { }

    /// <summary>Says which devices to look for.</summary>
    public sealed class Builder
    {
        internal List<Device> Devices { get; } = [];

        /// <summary>The executor and every OpenCL device.</summary>
        public Builder Default() => this.CPU(new CPUDevice(32, 8, 2)).OpenCL(_ => true);

        /// <summary>No choice here: kernels are always optimised by the driver.</summary>
        public Builder Optimize(OptimizationLevel level) => this;

        /// <summary>Accepted: streams can always be measured here.</summary>
        public Builder Profiling() => this;
    }
}

/// <summary>How much a compiler of the real library does; the drivers decide here.</summary>
public enum OptimizationLevel
{
    /// <summary>Nothing.</summary>
    O0,
    /// <summary>The default.</summary>
    O1,
    /// <summary>More than is right: see docs/writing-a-kernel.md.</summary>
    O2,
}

/// <summary>The real library's package of mathematical functions.</summary>
public static class AlgorithmContext
{
    /// <summary>Accepted: the functions are always there here.</summary>
    public static Context.Builder EnableAlgorithms(this Context.Builder builder) => builder;
}
