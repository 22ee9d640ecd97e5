using PureLcm.Kernels;

namespace PureLcm.Model.Layers;

/// <summary>
/// What goes through every <c>Forward</c>: the device to compute on, who watches, and whether to go on. One run is one
/// evaluation of a pipeline, from prompt to picture. Disposing of it gives back what a cancelled or failed run left behind.
/// </summary>
/// <param name="backend">Computes everything.</param>
/// <param name="observer">Sees the modules' outputs; null when nobody watches.</param>
/// <param name="cancellation">Looked at in each module, since a step on a large model takes seconds.</param>
public sealed class Run(Backend backend, Observer? observer = null, CancellationToken cancellation = default) : IDisposable
{
    readonly List<Tensor> allocated = [];
    int sweepAt = 64;

    /// <summary>Computes everything.</summary>
    public Backend Backend { get; } = backend;

    /// <summary>Ends the run between two modules.</summary>
    public CancellationToken Cancellation { get; } = cancellation;

    /// <summary>How tensors are stored that are allocated now: a network's own choice while it runs, fp32 around it.</summary>
    public ElementType Precision { get; private set; }

    /// <summary>Stores what is allocated until the result is disposed of in another type.</summary>
    public PrecisionScope In(ElementType precision)
    {
        var before = new PrecisionScope(this, Precision);
        Precision = Backend.StoredAs(precision);
        return before;
    }

    /// <summary>The same values stored in the present precision: x itself, as a view, where it is stored so already.</summary>
    public Tensor Converted(Tensor x)
    {
        if (x.Type == Precision) return x.As(x.Shape);
        var converted = Allocate(x.Shape);
        Backend.Copy(x, converted);
        return converted;
    }

    /// <summary>Goes back to the precision of before.</summary>
    public readonly struct PrecisionScope(Run run, ElementType before) : IDisposable
    {
        /// <inheritdoc/>
        public void Dispose() => run.Precision = before;
    }

    /// <summary>A tensor with undefined contents; the caller disposes of it.</summary>
    /// <exception cref="OperationCanceledException">The run was cancelled.</exception>
    public Tensor Allocate(Shape shape)
    {
        Cancellation.ThrowIfCancellationRequested();
        var tensor = Backend.Allocate(shape, Precision);
        if (allocated.Count == sweepAt)
        {
            allocated.RemoveAll(old => !old.IsAlive);
            sweepAt = Math.Max(64, 2 * allocated.Count);
        }
        allocated.Add(tensor);
        return tensor;
    }

    /// <summary>Gives back every tensor of this run that is still alive. After a run that went well there is none.</summary>
    public void Dispose()
    {
        foreach (var tensor in allocated) tensor.Dispose();
        allocated.Clear();
    }

    /// <summary>The next tensor of a chain takes the place of the last, which is given back.</summary>
    public static void Replace(ref Tensor x, Tensor next)
    {
        x.Dispose();
        x = next;
    }

    /// <summary>Whether anybody wants the output of the module of this name.</summary>
    public bool Watches(string module) => observer is not null && observer.Wants(module);

    /// <summary>Shows a module's output to the observer.</summary>
    public void Show(string module, Tensor output)
    {
        if (Watches(module)) observer!.See(module, output);
    }
}
