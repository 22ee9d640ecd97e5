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
/// </summary>
public sealed class Tensor : IDisposable
{
    bool owned;

    internal Tensor(Backend backend, Storage storage, nint offset, Shape shape, int pitch, bool owned)
    {
        (Backend, Storage, Offset, Shape, Pitch) = (backend, storage, offset, shape, pitch);
        this.owned = owned;
    }

    /// <summary>Who allocated this tensor and computes on it.</summary>
    public Backend Backend { get; }

    /// <summary>The memory that the tensor lies in.</summary>
    public Storage Storage { get; }

    /// <summary>How its values are stored.</summary>
    public ElementType Type => Storage.Type;

    /// <summary>Elements from the storage's start to the first value.</summary>
    public nint Offset { get; }

    /// <summary>The shape, channels last.</summary>
    public Shape Shape { get; }

    /// <summary>Elements from one pixel or token to the next; at least the number of channels.</summary>
    public int Pitch { get; }

    /// <summary>True where rows follow one another without a gap.</summary>
    public bool IsDense => Pitch == Shape.C;

    /// <summary>True for an allocated tensor until it is disposed of; false for views.</summary>
    public bool IsAlive => owned;

    /// <summary>A view of channels <paramref name="start"/> to start + count of every pixel.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tensor has no such channels.</exception>
    public Tensor Channels(int start, int count)
    {
        if (start < 0 || count < 0 || start > Shape.C - count)
            throw new ArgumentOutOfRangeException(nameof(start), $"channels {start} to {start + count} of a tensor {Shape}");
        return new Tensor(Backend, Storage, Offset + start, Shape.WithChannels(count), Pitch, owned: false);
    }

    /// <summary>A view of pictures <paramref name="start"/> to start + count.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tensor has no such pictures.</exception>
    public Tensor Batch(int start, int count = 1)
    {
        if (start < 0 || count < 0 || start > Shape.N - count)
            throw new ArgumentOutOfRangeException(nameof(start), $"pictures {start} to {start + count} of a tensor {Shape}");
        return new Tensor(Backend, Storage, Offset + (nint)start * Shape.T * Pitch, Shape.WithBatch(count), Pitch, owned: false);
    }

    /// <summary>A view of the same rows under another shape: [N,H,W,C] as [N,HW,C], or back.</summary>
    /// <exception cref="ArgumentException">Rows or channels differ in number.</exception>
    public Tensor As(Shape shape)
    {
        if (shape.Rows != Shape.Rows || shape.C != Shape.C)
            throw new ArgumentException($"a tensor {Shape} can't be seen as {shape}", nameof(shape));
        return new Tensor(Backend, Storage, Offset, shape, Pitch, owned: false);
    }

    /// <summary>Gives the memory back to the backend's pool. A view gives nothing back; a second call does nothing.</summary>
    public void Dispose()
    {
        if (!owned) return;
        owned = false;
        Backend.Release(Storage);
    }

    /// <inheritdoc/>
    public override string ToString() => IsDense ? $"{Shape}" : $"{Shape} pitch {Pitch}";
}
