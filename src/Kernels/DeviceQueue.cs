namespace PureLcm.Kernels;

/// <summary>
/// Turns on a device, which computes for one caller at a time: its memory pool, its launches and its threads are not made for
/// two. Callers get it in the order in which they came, and may give up while they wait.
/// </summary>
public sealed class DeviceQueue
{
    readonly Lock guard = new();
    readonly LinkedList<TaskCompletionSource<Turn>> waiting = [];
    Turn? holder;

    /// <summary>How many callers wait.</summary>
    public int Waiting
    {
        get
        {
            lock (guard) return waiting.Count;
        }
    }

    /// <summary>Waits for a turn, which lasts until it is disposed of.</summary>
    /// <exception cref="OperationCanceledException">Given up before it came.</exception>
    /// <exception cref="InvalidOperationException">
    /// This very thread holds the turn, and would wait for itself: a run was begun inside another's callback.
    /// </exception>
    public Turn Enter(CancellationToken cancellationToken = default)
    {
        LinkedListNode<TaskCompletionSource<Turn>> place;
        lock (guard)
        {
            if (holder is { } held && held.Thread == Environment.CurrentManagedThreadId)
                throw new InvalidOperationException("a run is under way on this device in this very thread; end it before the next begins, or use another backend");
            place = Join(cancellationToken);
        }
        using (GiveUpOn(cancellationToken, place))
        {
            var turn = place.Value.Task.GetAwaiter().GetResult();
            turn.Thread = Environment.CurrentManagedThreadId;
            return turn;
        }
    }

    /// <summary>Waits for a turn without holding a thread.</summary>
    /// <exception cref="OperationCanceledException">Given up before it came.</exception>
    public async ValueTask<Turn> EnterAsync(CancellationToken cancellationToken = default)
    {
        LinkedListNode<TaskCompletionSource<Turn>> place;
        lock (guard) place = Join(cancellationToken);
        using (GiveUpOn(cancellationToken, place)) return await place.Value.Task.ConfigureAwait(false);
    }

    /// <summary>At the end of the line; where there is none, the turn is at once the caller's.</summary>
    LinkedListNode<TaskCompletionSource<Turn>> Join(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var place = new LinkedListNode<TaskCompletionSource<Turn>>(new(TaskCreationOptions.RunContinuationsAsynchronously));
        if (holder is null) place.Value.SetResult(holder = new(this));
        else waiting.AddLast(place);
        return place;
    }

    CancellationTokenRegistration GiveUpOn(CancellationToken cancellationToken, LinkedListNode<TaskCompletionSource<Turn>> place) =>
        cancellationToken.Register(() =>
        {
            lock (guard)
            {
                if (place.List is null) return; // its turn has come, and the caller looks at the token itself
                waiting.Remove(place);
            }
            place.Value.TrySetCanceled(cancellationToken);
        });

    void Leave(Turn turn)
    {
        TaskCompletionSource<Turn> next;
        lock (guard)
        {
            if (holder != turn) return;
            holder = null;
            if (waiting.First is not { } first) return;
            waiting.RemoveFirst();
            next = first.Value;
            turn = holder = new(this);
        }
        next.SetResult(turn);
    }

    /// <summary>The right to compute on a device; the next caller's once it is disposed of.</summary>
    public sealed class Turn : IDisposable
    {
        readonly DeviceQueue queue;

        internal Turn(DeviceQueue queue) => this.queue = queue;

        /// <summary>
        /// The thread that computes with it (<see cref="Environment.CurrentManagedThreadId"/>), which would wait for itself if it asked
        /// for another; null where nobody says. Whoever waited with a thread has it set.
        /// </summary>
        public int? Thread { get; set; }

        /// <summary>Ends the turn. A second call does nothing.</summary>
        public void Dispose() => queue.Leave(this);
    }
}
