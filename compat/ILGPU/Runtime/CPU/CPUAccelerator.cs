using ILGPU.Compat.FrontEnd;

namespace ILGPU.Runtime.CPU;

/// <summary>Runs kernels on this machine's processor: in lockstep with checks, or on threads that a debugger can stop.</summary>
public sealed class CPUAccelerator : Accelerator
{
    internal CPUAccelerator(Context context, CPUDevice device) : base(context, device) { }

    /// <inheritdoc/>
    public override AcceleratorStream CreateStream() => throw new NotImplementedException();

    /// <inheritdoc/>
    public override void Synchronize() => throw new NotImplementedException();

    /// <inheritdoc/>
    private protected override MemoryBuffer AllocateBytes(long bytes) => throw new NotImplementedException();

    /// <inheritdoc/>
    internal override ICompiledKernel Compile(KernelSource source) => throw new NotImplementedException();

    /// <inheritdoc/>
    public override void Dispose() { }
}
