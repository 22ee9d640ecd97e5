using System.Reflection;
using ILGPU.Compat.FrontEnd;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace ILGPU.Compat.Execution;

/// <summary>
/// A kernel's own method, run by one real thread for each work-item of a group, one group after the other: for a debugger,
/// whose breakpoints then work in kernels. Slow, and it sees no races.
/// </summary>
sealed class ThreadedKernel(KernelSource source, CPUDevice device) : ICompiledKernel
{
    readonly string name = Names.Of(source.Method);

    public void Launch(AcceleratorStream stream, in KernelConfig config, Arguments arguments)
    {
        device.Check(name, config, sharedBytes: 0); // what is shared shows only as it runs
        object?[] values = ArgumentValues.Of(source, arguments);
        using var launch = new ThreadedLaunch(config, device.MaxSharedMemoryPerGroup);
        var threads = new Thread[launch.GroupSize];
        for (int i = 0; i < threads.Length; i++)
        {
            var place = Indexing.Place(i, config.GroupDim);
            threads[i] = new(() => Run(new ThreadedWorkItem(launch, place), values)) { Name = $"{name} {KernelFaultException.Text(place)}", IsBackground = true };
        }
        foreach (var thread in threads) thread.Start();
        foreach (var thread in threads) thread.Join();
        if (launch.Fault is { } fault) throw new KernelFaultException(name, fault.Group, fault.WorkItem, fault.What, fault.Inner);
    }

    void Run(ThreadedWorkItem item, object?[] values)
    {
        WorkItem.Current = item;
        try
        {
            do
            {
                source.Method.Invoke(null, BindingFlags.DoNotWrapExceptions, null, values, null);
                item.Release();
            }
            while (item.Launch.Return(item));
        }
        catch (LaunchEndedException) { }
        catch (Exception exception)
        {
            item.Launch.Fail(item, $"{exception.GetType().Name}: {exception.Message}", exception);
        }
        finally
        {
            item.Release();
        }
    }
}

/// <summary>Ends a work-item that waits for others, once one of them has failed.</summary>
sealed class LaunchEndedException : Exception;
