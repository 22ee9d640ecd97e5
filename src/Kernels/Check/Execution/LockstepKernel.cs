using System.Runtime.ExceptionServices;
using ILGPU;
using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>A launch of a program: its groups are spread over the machine's cores, and it returns when all are done.</summary>
static class LockstepKernel
{
    /// <exception cref="KernelFaultException">A graphics card would refuse the launch, or a work-item did what it must not do.</exception>
    public static void Launch(LockstepProgram program, in KernelConfig config, Arguments arguments)
    {
        Check(program.Method, config);
        byte[] constants = Constants(program, arguments);
        long groups = Indexing.Count(config.GridDim);
        int workers = (int)Math.Min(groups, Environment.ProcessorCount);
        var queue = new GroupQueue(groups);
        if (workers == 1) Work(program, queue, config, constants);
        else
        {
            var copy = config;
            Parallel.For(0, workers, _ => Work(program, queue, copy, constants));
        }
        GC.KeepAlive(arguments); // and with it the buffers, whose addresses are all that the groups had
        if (queue.Fault is { } fault) ExceptionDispatchInfo.Throw(fault);
    }

    static void Work(LockstepProgram program, GroupQueue queue, in KernelConfig config, byte[] constants)
    {
        var group = new LockstepGroup(program, config, constants);
        while (queue.TryTake(out long number))
        {
            try
            {
                group.Run(Indexing.Place(number, config.GridDim));
            }
            catch (Exception fault)
            {
                queue.Fail(number, fault);
            }
        }
    }

    /// <summary>Refuses a launch that a graphics card would refuse.</summary>
    static void Check(KernelMethod kernel, in KernelConfig config)
    {
        var group = config.GroupDim;
        if (Math.Min(group.X, Math.Min(group.Y, group.Z)) < 1 || Indexing.Count(group) > Checker.LargestGroup)
            throw new KernelFaultException(kernel.Name,
                $"a group of {group.X} x {group.Y} x {group.Z} work-items; 1 to {Checker.LargestGroup} are possible");
        int shared = kernel.Shared.Sum(allocation => allocation.Bytes);
        if (shared > Checker.SharedMemory)
            throw new KernelFaultException(kernel.Name, $"a group shares {shared} bytes; a graphics card has {Checker.SharedMemory}");
        if (config.UsesDynamicSharedMemory)
            throw new KernelFaultException(kernel.Name, "dynamic shared memory, which the checker doesn't know; allocate a constant size");
    }

    /// <summary>What is the same for all groups: the parameters, where <see cref="FrameLayout"/> has them.</summary>
    static byte[] Constants(LockstepProgram program, Arguments arguments)
    {
        var bytes = new byte[program.Layout.ConstantBytes];
        int next = 0;
        for (int i = 0; i < program.Method.Parameters.Length; i++)
        {
            var parameter = program.Method.Parameters[i];
            if (parameter.Kind == ParameterKind.Specialized) continue;
            var argument = arguments.List[next++];
            var target = bytes.AsSpan(program.Layout.ParameterOffsets[i]);
            if (parameter.Kind == ParameterKind.View)
            {
                BitConverter.TryWriteBytes(target, argument.Start);
                BitConverter.TryWriteBytes(target[sizeof(long)..], argument.Length);
            }
            else arguments.Bytes.Slice((int)argument.Start, (int)argument.Length).CopyTo(target);
        }
        return bytes;
    }

    /// <summary>Hands out a launch's groups in order; after a fault no more, so that the first fault is the same in every run.</summary>
    sealed class GroupQueue(long groups)
    {
        readonly Lock guard = new();
        long next, faultyGroup = long.MaxValue;

        public Exception? Fault { get; private set; }

        public bool TryTake(out long number)
        {
            number = Interlocked.Increment(ref next) - 1;
            return number < groups && number < Volatile.Read(ref faultyGroup);
        }

        public void Fail(long number, Exception fault)
        {
            lock (guard)
                if (number < faultyGroup) (faultyGroup, Fault) = (number, fault);
        }
    }
}
