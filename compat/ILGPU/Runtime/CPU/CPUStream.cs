using System.Diagnostics;

namespace ILGPU.Runtime.CPU;

/// <summary>The executor's launches run in the caller, so there is never anything to wait for.</summary>
sealed class CPUStream : AcceleratorStream
{
    /// <inheritdoc/>
    public override void Synchronize() { }

    /// <inheritdoc/>
    public override ProfilingMarker AddProfilingMarker() => new Marker();

    /// <inheritdoc/>
    public override void Dispose() { }

    sealed class Marker : ProfilingMarker
    {
        readonly long time = Stopwatch.GetTimestamp();

        /// <inheritdoc/>
        public override TimeSpan MeasureFrom(ProfilingMarker marker) => Stopwatch.GetElapsedTime(((Marker)marker).time, time);

        /// <inheritdoc/>
        public override void Dispose() { }
    }
}
