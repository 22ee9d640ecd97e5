using System.Runtime.InteropServices;

namespace PureLcm.Tools;

/// <summary>
/// Ctrl-C, SIGTERM, and SIGHUP from a terminal that was closed. The first asks the command to end by itself, which it does
/// between two modules or two weights. One module of a large picture may take seconds: a command that hasn't ended soon, or that is
/// asked twice, is ended here.
/// </summary>
sealed class StopSignals : IDisposable
{
    static readonly TimeSpan patience = TimeSpan.FromSeconds(0.5);

    readonly CancellationTokenSource stop = new();
    readonly PosixSignalRegistration[] registrations;
    readonly Timer late;
    readonly Action endNow;
    int heard;

    /// <param name="endNow">Ends the process, on another thread than the command's.</param>
    public StopSignals(Action endNow)
    {
        this.endNow = endNow;
        late = new(_ => endNow());
        PosixSignal[] signals = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];
        registrations = [.. signals.Select(signal => PosixSignalRegistration.Create(signal, Hear))];
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Token => stop.Token;

    void Hear(PosixSignalContext context)
    {
        context.Cancel = true;
        if (Interlocked.Increment(ref heard) > 1)
        {
            endNow();
            return;
        }
        late.Change(patience, Timeout.InfiniteTimeSpan);
        stop.Cancel();
    }

    /// <summary>From now on signals do what they do to any program.</summary>
    public void Dispose()
    {
        foreach (var registration in registrations) registration.Dispose();
        late.Dispose();
    }
}
