using ILGPU.Compat.OpenCL;

namespace ILGPU.Runtime.OpenCL;

/// <summary>A command queue that runs in order.</summary>
sealed unsafe class CLStream : AcceleratorStream
{
    // A driver may keep launches to itself until it is asked to begin: at once after a pause, then now and then.
    const int LaunchesPerFlush = 16;

    readonly CLAccelerator accelerator;
    int launches;
    bool disposed;

    public CLStream(CLAccelerator accelerator)
    {
        this.accelerator = accelerator;
        int error;
        Queue = ClApi.clCreateCommandQueue(accelerator.Handle, accelerator.Device.Handle, ClNames.QueueProfiling, &error);
        CLException.Check(error, "clCreateCommandQueue");
    }

    public nint Queue { get; }

    /// <summary>Called after each launch.</summary>
    public void Launched()
    {
        if (launches++ % LaunchesPerFlush == 0) CLException.Check(ClApi.clFlush(Queue), "clFlush");
    }

    public override void Synchronize()
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        CLException.Check(ClApi.clFinish(Queue), "clFinish");
        launches = 0;
    }

    public override ProfilingMarker AddProfilingMarker()
    {
        nint marker;
        CLException.Check(ClApi.clEnqueueMarkerWithWaitList(Queue, 0, null, &marker), "clEnqueueMarkerWithWaitList");
        return new CLMarker(marker);
    }

    public override void Dispose()
    {
        if (disposed) return;
        disposed = true;
        accelerator.Forget(this);
        // What goes wrong now went wrong in a launch; the queue is given back in any case.
        ClApi.clFinish(Queue);
        ClApi.clReleaseCommandQueue(Queue);
    }
}

/// <summary>A point in a queue, as an event of the driver's.</summary>
sealed unsafe class CLMarker(nint handle) : ProfilingMarker
{
    nint handle = handle;

    public override TimeSpan MeasureFrom(ProfilingMarker marker) =>
        marker is CLMarker from ? TimeSpan.FromMicroseconds((Reached() - (double)from.Reached()) / 1000) : throw new ArgumentException("a marker of another kind of accelerator", nameof(marker));

    public override void Dispose()
    {
        if (handle != 0) ClApi.clReleaseEvent(handle);
        handle = 0;
    }

    /// <summary>The device's clock in nanoseconds when everything before the marker was done.</summary>
    ulong Reached()
    {
        ObjectDisposedException.ThrowIf(handle == 0, this);
        fixed (nint* wait = &handle) CLException.Check(ClApi.clWaitForEvents(1, wait), "clWaitForEvents");
        ulong nanoseconds;
        CLException.Check(ClApi.clGetEventProfilingInfo(handle, ClNames.CommandEnd, sizeof(ulong), &nanoseconds, null), "clGetEventProfilingInfo");
        return nanoseconds;
    }
}
