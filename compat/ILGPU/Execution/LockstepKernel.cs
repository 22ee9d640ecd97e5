using System.Runtime.ExceptionServices;
using ILGPU.Compat.Ir;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace ILGPU.Compat.Execution;

/// <summary>A kernel on the checking executor: launches spread their groups over the machine's cores.</summary>
sealed class LockstepKernel(LockstepProgram program, CPUDevice device) : ICompiledKernel
{
    readonly int sharedBytes = program.Method.Shared.Sum(allocation => allocation.Bytes);

    public void Launch(AcceleratorStream stream, in KernelConfig config, Arguments arguments)
    {
        device.Check(program.Method.Name, config, sharedBytes);
        byte[] constants = Constants(arguments);
        long groups = Indexing.Count(config.GridDim);
        int workers = (int)Math.Min(groups, Environment.ProcessorCount);
        var launch = new GroupQueue(groups);
        if (workers == 1) Work(launch, config, constants);
        else
        {
            var copy = config;
            Parallel.For(0, workers, _ => Work(launch, copy, constants));
        }
        GC.KeepAlive(arguments); // and with it the buffers, whose addresses are all that the groups had
        if (launch.Fault is { } fault) ExceptionDispatchInfo.Throw(fault);
    }

    void Work(GroupQueue queue, in KernelConfig config, byte[] constants)
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

    /// <summary>What is the same for all groups: the parameters, where <see cref="FrameLayout"/> has them.</summary>
    byte[] Constants(Arguments arguments)
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
                BitConverter.TryWriteBytes(target, argument.Buffer is null ? 0 : argument.Buffer.HostPointer + argument.Offset);
                BitConverter.TryWriteBytes(target[sizeof(long)..], argument.Length);
            }
            else arguments.Bytes.Slice((int)argument.Offset, (int)argument.Length).CopyTo(target);
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
