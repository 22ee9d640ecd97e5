using ILGPU.Compat.Execution;
using ILGPU.Compat.FrontEnd;

namespace ILGPU.Runtime.CPU;

/// <summary>
/// Runs kernels on this machine's processor: in lockstep with checks, or on threads that a debugger can stop (where the
/// environment says <c>ILGPU_THREADS=1</c> when it is created). A launch returns when it is done.
/// </summary>
public sealed class CPUAccelerator : Accelerator
{
    readonly CPUDevice device;
    readonly bool threads;

    internal CPUAccelerator(Context context, CPUDevice device, bool threads) : base(context, device) => (this.device, this.threads) = (device, threads);

    /// <inheritdoc/>
    public override AcceleratorStream CreateStream() => new CPUStream();

    /// <inheritdoc/>
    public override void Synchronize() { }

    /// <inheritdoc/>
    private protected override MemoryBuffer AllocateBytes(long bytes) => new CPUBuffer(bytes);

    /// <inheritdoc/>
    internal override ICompiledKernel Compile(KernelSource source) =>
        threads ? new ThreadedKernel(source, device) : new LockstepKernel(LockstepProgram.For(source), device);

    /// <inheritdoc/>
    public override void Dispose() { }
}
