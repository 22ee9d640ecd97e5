namespace PureLcm.Kernels;

/// <summary>
/// Turns on a device, which computes for one caller at a time: its memory pool, its launches and its threads are not made for
/// two. Callers get it in the order in which they came, and may give up while they wait.
/// </summary>
public sealed class DeviceQueue
{
    readonly Lock guard = new();
    readonly LinkedList<TaskCompletionSource<Turn>> waiting = [];
    readonly AsyncLocal<Turn?> mine = new(); // of a flow of control: what it calls and awaits, and what it starts
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
    /// The caller is inside the run that holds the turn, and would wait for itself: a run was begun in another's callback.
    /// </exception>
    public Turn Enter(CancellationToken cancellationToken = default)
    {
        LinkedListNode<TaskCompletionSource<Turn>> place;
        lock (guard)
        {
            place = Join(cancellationToken);
        }
        using (GiveUpOn(cancellationToken, place))
        {
            var turn = place.Value.Task.GetAwaiter().GetResult();
            turn.HoldHere();
            return turn;
        }
    }

    /// <summary>Waits for a turn without holding a thread. Whoever computes with it says so (<see cref="Turn.HoldHere"/>).</summary>
    /// <exception cref="OperationCanceledException">Given up before it came.</exception>
    /// <exception cref="InvalidOperationException">As <see cref="Enter"/>.</exception>
    public async ValueTask<Turn> EnterAsync(CancellationToken cancellationToken = default)
    {
        LinkedListNode<TaskCompletionSource<Turn>> place;
        lock (guard) place = Join(cancellationToken);
        using (GiveUpOn(cancellationToken, place)) return await place.Value.Task.ConfigureAwait(false);
    }

    /// <summary>At the end of the line; where there is none, the turn is at once the caller's.</summary>
    LinkedListNode<TaskCompletionSource<Turn>> Join(CancellationToken cancellationToken)
    {
        if (holder is not null && mine.Value == holder)
            throw new InvalidOperationException("a run is under way on this device, and this one is begun inside it; begin it when that has ended, or use another backend");
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
        /// Says that the caller computes with it from here on: what it calls and starts would wait for itself if it asked for another
        /// turn, and is told instead. <see cref="Enter"/> has said it already.
        /// </summary>
        public void HoldHere() => queue.mine.Value = this;

        /// <summary>Ends the turn. A second call does nothing.</summary>
        public void Dispose() => queue.Leave(this);
    }
}
