using PureLcm.Kernels;
using PureLcm.Model.Inspect;
using PureLcm.Model.Lora;

namespace PureLcm.Model.Layers;

/// <summary>
/// What goes through every <c>Forward</c>: the device to compute on, the LoRAs that act, who watches, and whether to go on. A
/// run holds its device's turn from its beginning to its end, so that two at once wait for one another, and owns every tensor
/// that is allocated in it.
///
/// Who gives memory back is the same everywhere. A module opens a frame (<see cref="Enter(Module)"/>), and what is allocated
/// in it is given back when it closes, except what the module returns, which then is its caller's frame's. Inputs are the
/// caller's and stay alive. A module disposes of nothing itself, but for the UNet's skips, which are read once; where memory
/// matters, <see cref="Frame.Next"/> gives back early what the frame no longer needs.
/// </summary>
public sealed class Run : IDisposable
{
    readonly DeviceQueue.Turn turn;
    Observer? observer;
    readonly ActiveLoras? loras;

    // The tensors of all open frames, the innermost's last, and which of them outlive their frame.
    readonly List<Tensor> allocated = [];
    readonly List<Tensor> kept = [];
    string? module;

    Run(Backend backend, DeviceQueue.Turn turn, Observer? observer, ActiveLoras? loras, CancellationToken cancellationToken) =>
        (Backend, this.turn, this.observer, this.loras, CancellationToken) = (backend, turn, observer, loras, cancellationToken);

    /// <summary>Begins a run as soon as the device is free.</summary>
    /// <param name="backend">Computes everything.</param>
    /// <param name="observer">Sees the modules' outputs; null when nobody watches.</param>
    /// <param name="loras">Which LoRAs act, and how strongly; none when null.</param>
    /// <param name="cancellationToken">Ends the wait, and the run between two modules, since a step on a large model takes seconds.</param>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    public Run(Backend backend, Observer? observer = null, ActiveLoras? loras = null, CancellationToken cancellationToken = default)
        : this(backend, backend.Queue.Enter(cancellationToken), observer, loras, cancellationToken) { }

    /// <summary>Begins a run as soon as the device is free, without holding a thread while it waits.</summary>
    /// <inheritdoc cref="Run(Backend, Observer, ActiveLoras, CancellationToken)"/>
    public static async ValueTask<Run> StartAsync(Backend backend, Observer? observer = null, ActiveLoras? loras = null, CancellationToken cancellationToken = default) =>
        new(backend, await backend.Queue.EnterAsync(cancellationToken).ConfigureAwait(false), observer, loras, cancellationToken);

    /// <summary>Says that the caller computes, in a run that was begun without a thread: a run that is begun inside it is told.</summary>
    internal void HoldHere() => turn.HoldHere();

    /// <summary>Computes everything.</summary>
    public Backend Backend { get; }

    /// <summary>Ends the run between two modules.</summary>
    public CancellationToken CancellationToken { get; }

    /// <summary>How tensors are stored that are allocated now: a network's own choice while it runs, fp32 around it.</summary>
    public ElementType Precision { get; private set; }

    /// <summary>A tensor with undefined contents, stored in the present precision, that lives until its frame closes.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public Tensor Allocate(Shape shape)
    {
        CancellationToken.ThrowIfCancellationRequested();
        var tensor = Backend.Allocate(shape, Precision, module);
        allocated.Add(tensor);
        return tensor;
    }

    /// <summary>Takes a tensor out of the run's hands: it outlives the run, and the caller disposes of it.</summary>
    public Tensor Detach(Tensor x)
    {
        int i = allocated.FindLastIndex(own => own.SharesMemoryWith(x));
        if (i < 0) throw new ArgumentException($"a tensor {x.Shape} is none of this run's", nameof(x));
        var whole = allocated[i];
        allocated.RemoveAt(i);
        return whole;
    }

    /// <summary>The same values stored in the present precision: x itself where it is stored so already.</summary>
    public Tensor Converted(Tensor x)
    {
        if (x.Type == Precision) return x;
        var converted = Allocate(x.Shape);
        Backend.Copy(x, converted);
        return converted;
    }

    /// <summary>The terms that the run's LoRAs add to products with a weight; null where there are none.</summary>
    internal LowRankTerm[]? LowRank(Weight weight) => loras?.Of(weight);

    // ---- frames ----------------------------------------------------------------------------------------------------

    /// <summary>Opens a module's frame. A network's has the network's own precision.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public Frame Enter(Module module) => Enter(module.Name, (module as Network)?.Precision);

    /// <summary>Opens a frame by another name than a module's: a step, a stage.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public Frame Enter(string name, ElementType? precision = null)
    {
        CancellationToken.ThrowIfCancellationRequested();
        var frame = new Frame(this, allocated.Count, kept.Count, module, Precision);
        module = name;
        if (precision is { } own) Precision = Backend.StoredAs(own);
        return frame;
    }

    /// <summary>What a module allocates while it computes; see <see cref="Run"/> for who gives back what.</summary>
    public readonly ref struct Frame : IDisposable
    {
        readonly Run run;
        readonly int firstAllocated, firstKept;
        readonly string? outer;
        readonly ElementType outerPrecision;

        internal Frame(Run run, int firstAllocated, int firstKept, string? outer, ElementType outerPrecision) =>
            (this.run, this.firstAllocated, this.firstKept, this.outer, this.outerPrecision) = (run, firstAllocated, firstKept, outer, outerPrecision);

        /// <summary>
        /// The next tensor of a chain takes the place of the last, which is given back if this frame owns it: inputs stay alive.
        /// </summary>
        public void Next(ref Tensor x, Tensor next)
        {
            var old = x;
            x = next;
            if (old.SharesMemoryWith(next)) return;
            for (int i = run.allocated.Count - 1; i >= firstAllocated; i--)
            {
                if (!old.SharesMemoryWith(run.allocated[i])) continue;
                run.allocated[i].Dispose();
                run.allocated.RemoveAt(i);
                return;
            }
        }

        /// <summary>Lets a tensor outlive this frame: it becomes the caller's frame's.</summary>
        public Tensor Keep(Tensor x)
        {
            run.kept.Add(x);
            return x;
        }

        /// <summary>The module's output: the observer sees it, and it becomes the caller's frame's.</summary>
        public Tensor Return(Tensor output)
        {
            run.Show(run.module!, output);
            return Keep(output);
        }

        /// <summary>Gives back everything that was allocated in this frame and not kept.</summary>
        public void Dispose()
        {
            var (allocated, kept) = (run.allocated, run.kept);
            int left = firstAllocated;
            for (int i = firstAllocated; i < allocated.Count; i++)
            {
                if (IsKept(allocated[i])) allocated[left++] = allocated[i];
                else allocated[i].Dispose();
            }
            allocated.RemoveRange(left, allocated.Count - left);
            kept.RemoveRange(firstKept, kept.Count - firstKept);
            (run.module, run.Precision) = (outer, outerPrecision);
        }

        bool IsKept(Tensor x)
        {
            for (int i = firstKept; i < run.kept.Count; i++)
                if (run.kept[i].SharesMemoryWith(x)) return true;
            return false;
        }
    }

    // ---- observing -------------------------------------------------------------------------------------------------

    /// <summary>Lets another observer watch a part of the run.</summary>
    internal void WatchedBy(Observer other, Action part)
    {
        var before = observer;
        observer = other;
        try
        {
            part();
        }
        finally
        {
            observer = before;
        }
    }

    /// <summary>Whether anybody wants the output of the module of this name.</summary>
    public bool Watches(string module) => observer is not null && observer.Wants(module);

    /// <summary>Whether somebody may change the output of the module of this name, so that it has to be computed by itself.</summary>
    public bool Changes(string module) => observer is not null && observer.Changes(module);

    /// <summary>Whether anybody wants the probabilities of the attention of this name.</summary>
    public bool WatchesAttention(string module) => observer is not null && observer.WantsAttention(module);

    /// <summary>Shows a module's output to the observer; what that puts in its place is copied into it.</summary>
    public void Show(string module, Tensor output)
    {
        bool changes = Changes(module);
        if (!changes && !Watches(module)) return;
        Replace(module, output, observer!.See(module, output), changes);
    }

    /// <summary>Shows a module's output that others read too, and gives what this one is to go on with: a change goes into a copy.</summary>
    public Tensor ShowShared(string module, Tensor output)
    {
        if (Changes(module))
        {
            var own = Allocate(output.Shape);
            Backend.Copy(output, own);
            output = own;
        }
        Show(module, output);
        return output;
    }

    /// <summary>Shows the probabilities of an attention, [N, heads Tq, Tk]; what the observer puts in their place is copied into them.</summary>
    internal void ShowAttention(string module, Tensor probabilities, int heads) =>
        Replace(module, probabilities, observer!.SeeAttention(module, probabilities, heads), allowed: true);

    void Replace(string module, Tensor output, Tensor? replacement, bool allowed)
    {
        if (replacement is null) return;
        if (!allowed) throw new InvalidOperationException($"the observer gives another output for {module}, and has not said before that it changes it (Observer.Changes)");
        if (replacement.Shape != output.Shape) throw new ArgumentException($"the observer gives {replacement.Shape} for the output {output.Shape} of {module}");
        Backend.Copy(replacement, output);
    }

    /// <summary>Gives back every tensor of this run that is still alive, and the device to who waits for it.</summary>
    public void Dispose()
    {
        foreach (var tensor in allocated) tensor.Dispose();
        allocated.Clear();
        turn.Dispose();
    }
}
