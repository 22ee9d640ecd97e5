using System.Runtime.Intrinsics;

namespace PureLcm.Kernels.Cpu;

/// <summary>
/// The CPU's own backend: SIMD of 128, 256 or 512 bits and a pool of threads. Work is cut by shape, so its results are the same
/// bits at any number of threads.
/// </summary>
public sealed unsafe partial class CpuBackend : HostBackend
{
    readonly int threads, width;

    /// <summary>A backend on so many threads (0: one a core) with vectors of so many bits (0: the widest this CPU has).</summary>
    /// <exception cref="ArgumentOutOfRangeException">A negative number of threads, or another width than 128, 256 and 512.</exception>
    public CpuBackend(int threads = 0, int width = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        if (width is not (0 or 128 or 256 or 512)) throw new ArgumentOutOfRangeException(nameof(width), "vectors have 128, 256 or 512 bits");
        this.threads = threads == 0 ? Environment.ProcessorCount : threads;
        this.width = width != 0 ? width : Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;
    }

    /// <inheritdoc/>
    public override string Name => $"CPU, {threads} {(threads == 1 ? "thread" : "threads")}, {width}-bit SIMD";

    /// <summary>Threads that one operation uses at most.</summary>
    public int ThreadCount => threads;

    /// <summary>Bits of a vector.</summary>
    public int Width => width;

    /// <inheritdoc/>
    protected override Weight PackCore(WeightKind kind, ReadOnlySpan<WeightSource> sources) => new CpuWeight(kind, sources, 2 * width / 32);

    /// <inheritdoc/>
    protected internal override long PackedBytes(WeightKind kind, ReadOnlySpan<WeightSource> sources) => CpuWeight.BytesOf(kind, sources, 2 * width / 32);

    static CpuWeight Packed(Weight weight)
    {
        var packed = (CpuWeight)weight;
        ObjectDisposedException.ThrowIf(packed.IsDisposed, packed);
        return packed;
    }

    /// <summary>Runs a piece of work for every block of so many rows that a block is worth a task.</summary>
    void ForBlocks<TWork>(TWork work, nint rows, int channels) where TWork : RowBlocks
    {
        // About 64 KB a task: far more than handing it out costs, and small enough for the second-level cache.
        work.BlockRows = Math.Max(1, 16384 / Math.Max(channels, 1));
        work.Rows = rows;
        Threads.Run(work, checked((int)((rows + work.BlockRows - 1) / work.BlockRows)), threads);
    }
}

/// <summary>Work on rows that don't depend on one another, a block of them a task.</summary>
abstract class RowBlocks : IWork
{
    public int BlockRows { get; set; }

    public nint Rows { get; set; }

    public void Do(int task, Scratch scratch)
    {
        nint first = (nint)task * BlockRows;
        Do(first, (int)Math.Min(BlockRows, Rows - first));
    }

    /// <summary>Does rows first to first + count.</summary>
    protected abstract void Do(nint first, int count);
}
