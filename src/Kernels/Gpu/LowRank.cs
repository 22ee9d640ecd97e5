using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

/// <summary>
/// All adapters of a product as one: their A below one another, their B beside one another, so that y = x W^T + t B^T with
/// t = scale (x A^T) takes one more launch and not two for each. Made on the device when a list of adapters is met for the
/// first time; scales are in a vector by themselves and may change with every product.
/// </summary>
sealed class LowRankStack : IDisposable
{
    readonly Adapter[] adapters;
    readonly float[] scales;
    readonly MemoryBuffer1D<byte, Stride1D.Dense> scaleBuffer;

    public LowRankStack(GpuBackend gpu, GpuWeight weight, LowRankTerm[] terms)
    {
        adapters = [.. terms.Select(term => term.Adapter)];
        Rank = adapters.Sum(Padded);
        Down = new Packed(gpu, ElementType.Float32, Rank, 0, weight.Columns, weight.KernelH, weight.KernelW);
        Up = new Packed(gpu, ElementType.Float32, weight.Rows, weight.Packed.Half, Rank, 1, 1);
        scales = new float[Rank];
        scaleBuffer = gpu.AllocateBytes(Rank * sizeof(float));
        Scales.MemSetToZero();
        Down.Buffer.View.BaseView.MemSetToZero();
        Up.Buffer.View.BaseView.MemSetToZero();
        int first = 0;
        foreach (var adapter in adapters)
        {
            gpu.Stack(((GpuWeight)adapter.Down).Packed, Down, firstDepth: 0, firstRow: first);
            gpu.Stack(((GpuWeight)adapter.Up).Packed, Up, firstDepth: first, adapter.FirstRow);
            first += Padded(adapter);
        }
    }

    /// <summary>The sum of the ranks, each padded with zeros as a product wants its k.</summary>
    public int Rank { get; }

    /// <summary>A: [Rank, kernel, cIn].</summary>
    public Packed Down { get; }

    /// <summary>B: [cOut, Rank], its columns in the base weight's order.</summary>
    public Packed Up { get; }

    /// <summary>The scale of each of the ranks.</summary>
    public ArrayView<float> Scales => scaleBuffer.View.BaseView.Cast<float>();

    /// <summary>Whether it was made of these adapters.</summary>
    public bool IsOf(LowRankTerm[] terms)
    {
        if (terms.Length != adapters.Length) return false;
        for (int i = 0; i < adapters.Length; i++)
            if (!ReferenceEquals(terms[i].Adapter, adapters[i])) return false;
        return true;
    }

    /// <summary>Whether one of its adapters was freed, so that nobody can ask for it any more.</summary>
    public bool IsOutdated => Array.Exists(adapters, adapter => ((GpuWeight)adapter.Down).IsDisposed);

    /// <summary>Brings the scales up to date.</summary>
    public void Rescale(GpuBackend gpu, LowRankTerm[] terms)
    {
        bool changed = false;
        int first = 0;
        foreach (var (adapter, scale) in terms)
        {
            changed |= scales[first] != scale;
            scales.AsSpan(first, adapter.Rank).Fill(scale);
            first += Padded(adapter);
        }
        if (changed) gpu.CopyFromHost<float>(scales, Scales);
    }

    static int Padded(Adapter adapter) => (adapter.Rank + Tile.Depth - 1) / Tile.Depth * Tile.Depth;

    public void Dispose()
    {
        Down.Dispose();
        Up.Dispose();
        scaleBuffer.Dispose();
    }
}

public sealed partial class GpuBackend
{
    /// <summary>Lists of adapters that a weight keeps stacked: so many sessions can take turns, each with LoRAs of its own.</summary>
    const int StacksKept = 2;

    /// <summary>The terms of a product as one, with their scales; null where none is on.</summary>
    LowRankStack? StackOf(GpuWeight weight, LowRankTerm[]? terms)
    {
        if (terms is null || !Array.Exists(terms, term => term.Scale != 0)) return null;
        var stacks = weight.Stacks;
        int at = stacks.FindIndex(kept => kept.IsOf(terms));
        LowRankStack stack;
        if (at >= 0)
        {
            stack = stacks[at];
            stacks.RemoveAt(at);
        }
        else
        {
            foreach (var old in stacks.Where((kept, i) => i >= StacksKept - 1 || kept.IsOutdated).ToArray())
            {
                Synchronize(); // it may still be read
                old.Dispose();
                stacks.Remove(old);
            }
            stack = new LowRankStack(this, weight, terms);
        }
        stacks.Insert(0, stack); // the last used first
        stack.Rescale(this, terms);
        return stack;
    }

    /// <summary>t = scale (A x), [rows, rank], in fp32.</summary>
    Tensor LowRankDown(Tensor x, LowRankStack adapters, Shape y, in Convolution geometry)
    {
        var t = Allocate(y.WithChannels(adapters.Rank));
        Run(new Product(x, adapters.Down, t, geometry) { Vector = adapters.Scales, Scaled = true });
        return t;
    }

    /// <summary>Copies a packed weight into a part of a larger one.</summary>
    internal void Stack(Packed from, Packed to, int firstDepth, int firstRow) =>
        Run(typeof(StackKernel<>), (from, to, firstDepth, firstRow), Stored(from.Type));
}

/// <summary>to[firstDepth + k, column of firstRow + o] = from[k, o], where both are packed in panels. A group a k of a panel.</summary>
sealed class StackKernel<T>(GpuBackend gpu) : GpuKernel<(Packed From, Packed To, int FirstDepth, int FirstRow)> where T : unmanaged, IStored<T>
{
    /// <summary>What of the source goes where.</summary>
    internal struct Places
    {
        public int FromRows, FromDepth, ToDepth, ToHalf, FirstDepth, FirstRow;
    }

    readonly Action<KernelConfig, ArrayView<T>, ArrayView<float>, Places> kernel = gpu.LoadStreamKernel<ArrayView<T>, ArrayView<float>, Places>(Kernel);

    public override void Launch(in (Packed From, Packed To, int FirstDepth, int FirstRow) arguments)
    {
        var (from, to, firstDepth, firstRow) = arguments;
        var places = new Places { FromRows = from.Rows, FromDepth = from.Depth, ToDepth = to.Depth, ToHalf = to.Half, FirstDepth = firstDepth, FirstRow = firstRow };
        kernel(new KernelConfig(from.Panels * from.Depth, Tile.Columns), gpu.View<T>(from), gpu.View<float>(to), places);
    }

    static void Kernel(ArrayView<T> from, ArrayView<float> to, Places places)
    {
        int panel = Grid.IdxX / places.FromDepth, k = Grid.IdxX - panel * places.FromDepth, row = panel * Tile.Columns + Group.IdxX;
        if (row >= places.FromRows) return;
        int column = places.FirstRow + row;
        if (places.ToHalf > 0)
        {
            int gate = column >= places.ToHalf ? 1 : 0, channel = column - gate * places.ToHalf;
            column = channel / Packed.Gates * Tile.Columns + gate * Packed.Gates + channel % Packed.Gates;
        }
        int at = column / Tile.Columns * places.ToDepth + places.FirstDepth + k;
        to[at * Tile.Columns + column % Tile.Columns] = T.Load(from[Grid.IdxX * Tile.Columns + Group.IdxX]);
    }
}
