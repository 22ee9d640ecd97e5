namespace PureLcm.Kernels;

/// <summary>The memory behind one or more tensors; what it is, is the backend's business.</summary>
public abstract class Storage
{
    /// <summary>How values lie in it. Whatever it is, operations compute in fp32.</summary>
    public ElementType Type { get; protected init; }
}

/// <summary>
/// Storage, offset, shape and pitch: the distance, in elements, from one pixel or token to the next. A tensor whose
/// pitch is wider than its channels is a slice of channels of a wider one, so that a concatenation is two writers into
/// one tensor and q, k and v come out of one product. Every operation honours the pitch.
/// Belongs to its backend; <see cref="Dispose"/> gives the memory of an allocated tensor back, and does nothing for a view.
/// After that the tensor and all views of it are of no use: their memory may be another tensor's already, so whoever reads or
/// writes them gets an <see cref="ObjectDisposedException"/>.
/// </summary>
public sealed class Tensor : IDisposable
{
    readonly Tensor root; // whose memory it is: this tensor itself, or the one that it is a view of
    readonly Storage storage;
    bool disposed; // of a root

    /// <summary>An allocated tensor, dense.</summary>
    internal Tensor(Backend backend, Storage storage, Shape shape, string? module)
    {
        (Backend, this.storage, Shape, Pitch, Module) = (backend, storage, shape, shape.C, module);
        root = this;
    }

    /// <summary>A view.</summary>
    Tensor(Tensor of, nint offset, Shape shape, int pitch)
    {
        (Backend, storage, Offset, Shape, Pitch, Module) = (of.Backend, of.storage, offset, shape, pitch, of.Module);
        root = of.root;
    }

    /// <summary>Who allocated this tensor and computes on it.</summary>
    public Backend Backend { get; }

    /// <summary>The module that allocated it, as errors say it; null where it was nobody's in particular.</summary>
    public string? Module { get; }

    /// <summary>The memory that the tensor lies in.</summary>
    /// <exception cref="ObjectDisposedException">It was given back.</exception>
    public Storage Storage => root.disposed ? throw UsedAfterwards() : storage;

    /// <summary>How its values are stored.</summary>
    public ElementType Type => storage.Type;

    /// <summary>Elements from the storage's start to the first value.</summary>
    public nint Offset { get; }

    /// <summary>The shape, channels last.</summary>
    public Shape Shape { get; }

    /// <summary>Elements from one pixel or token to the next; at least the number of channels.</summary>
    public int Pitch { get; }

    /// <summary>True where rows follow one another without a gap.</summary>
    public bool IsDense => Pitch == Shape.C;

    /// <summary>Whether the memory is still this tensor's: false once it, or the tensor that it is a view of, was disposed of.</summary>
    public bool IsAlive => !root.disposed;

    /// <summary>A view of channels <paramref name="start"/> to start + count of every pixel.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tensor has no such channels.</exception>
    public Tensor Channels(int start, int count)
    {
        if (start < 0 || count < 0 || start > Shape.C - count)
            throw new ArgumentOutOfRangeException(nameof(start), $"channels {start} to {start + count} of a tensor {Shape}");
        return new Tensor(this, Offset + start, Shape.WithChannels(count), Pitch);
    }

    /// <summary>A view of pictures <paramref name="start"/> to start + count.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tensor has no such pictures.</exception>
    public Tensor Batch(int start, int count = 1)
    {
        if (start < 0 || count < 0 || start > Shape.N - count)
            throw new ArgumentOutOfRangeException(nameof(start), $"pictures {start} to {start + count} of a tensor {Shape}");
        return new Tensor(this, Offset + (nint)start * Shape.T * Pitch, Shape.WithBatch(count), Pitch);
    }

    /// <summary>A view of the same rows under another shape: [N,H,W,C] as [N,HW,C], or back.</summary>
    /// <exception cref="ArgumentException">Rows or channels differ in number.</exception>
    public Tensor As(Shape shape)
    {
        if (shape.Rows != Shape.Rows || shape.C != Shape.C)
            throw new ArgumentException($"a tensor {Shape} can't be seen as {shape}", nameof(shape));
        return new Tensor(this, Offset, shape, Pitch);
    }

    /// <summary>A view that has this tensor's one row at each place of a larger shape: for reading, since all rows are one.</summary>
    /// <exception cref="ArgumentException">There are several rows, or the channels differ.</exception>
    public Tensor Spread(Shape shape)
    {
        if (Shape.Rows != 1 || shape.C != Shape.C) throw new ArgumentException($"a tensor {Shape} can't be spread over {shape}", nameof(shape));
        return new Tensor(this, Offset, shape, 0);
    }

    /// <summary>Whether both lie in one allocation: one is the other, or a view of it, or both are views of a third.</summary>
    public bool SharesMemoryWith(Tensor other) => root == other.root;

    /// <summary>Gives the memory back to the backend's pool. A view gives nothing back; a second call does nothing.</summary>
    public void Dispose()
    {
        if (root != this || disposed) return;
        disposed = true;
        Backend.Release(storage);
    }

    ObjectDisposedException UsedAfterwards() =>
        new(nameof(Tensor), $"a tensor {Shape}{(Module is null ? "" : $" of {Module}")} is used after its memory was given back");

    /// <inheritdoc/>
    public override string ToString() => IsDense ? $"{Shape}" : $"{Shape} pitch {Pitch}";
}
