using System.Collections.Concurrent;
using PureLcm.Canvas.Making;
using PureLcm.Model.Pictures;

namespace PureLcm.Canvas.Tests;

/// <summary>Makes grey pictures, each when a test lets it, and keeps count of what becomes of the requests.</summary>
sealed class StubMaker : IPictureMaker
{
    readonly SemaphoreSlim allowed = new(0);
    int begun, cancelled;

    /// <summary>Requests in the order in which they came.</summary>
    public ConcurrentQueue<PictureRequest> Requests { get; } = [];

    /// <summary>What a request ends with in place of a picture.</summary>
    public Exception? Fault { get; init; }

    /// <summary>Pictures on the way that a request is shown before it waits.</summary>
    public int Partials { get; init; }

    public int Begun => Volatile.Read(ref begun);

    public int Cancelled => Volatile.Read(ref cancelled);

    public IReadOnlyList<ServedModel> Models { get; } = [new("grey", DateTimeOffset.UnixEpoch, 64, 64, 8, [new("mist", 0.5f)])];

    /// <summary>Lets so many pictures be made.</summary>
    public void Allow(int pictures) => allowed.Release(pictures);

    public async Task<Picture> MakeAsync(PictureRequest request, Action<Picture>? partial, CancellationToken cancellationToken)
    {
        Requests.Enqueue(request);
        for (int i = 0; i < Partials; i++) partial?.Invoke(Grey(request));
        Interlocked.Increment(ref begun);
        try
        {
            await allowed.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Interlocked.Increment(ref cancelled);
            throw;
        }
        return Fault is null ? Grey(request) : throw Fault;
    }

    static Picture Grey(PictureRequest request)
    {
        var (width, height) = (request.Width ?? 64, request.Height ?? 64);
        return new(width, height, new byte[3 * width * height]);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
