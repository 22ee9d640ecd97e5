using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

/// <summary>
/// The right factor of a product as its kernel reads it: panels of 64 columns, [panel][tap][padded channels][64], zeros in all
/// padding, so that nothing in the kernel asks where it ends. A column is a row of the weight.
/// </summary>
sealed class Packed : IDisposable
{
    /// <summary>Of a gated weight, a panel's columns from this one on are the gates of those before.</summary>
    public const int Gates = Tile.Columns / 2;

    public Packed(GpuBackend gpu, ElementType type, int rows, int half, int channels, int kernelH, int kernelW)
    {
        (Type, Rows, Half, KernelW) = (type, rows, half, kernelW);
        PaddedChannels = (channels + Tile.Depth - 1) / Tile.Depth * Tile.Depth;
        Depth = GpuBackend.Index((long)kernelH * kernelW * PaddedChannels);
        Panels = half > 0 ? GpuBackend.Groups(half, Gates) : GpuBackend.Groups(rows, Tile.Columns);
        long elements = GpuBackend.Index(ElementsOf(rows, half, channels, kernelH * kernelW));
        Buffer = gpu.AllocateBytes(elements * (type == ElementType.Float32 ? 4L : 2));
    }

    /// <summary>Values of all panels, padding counted.</summary>
    public static long ElementsOf(int rows, int half, int channels, int taps)
    {
        long panels = half > 0 ? GpuBackend.Groups(half, Gates) : GpuBackend.Groups(rows, Tile.Columns);
        return panels * taps * ((channels + Tile.Depth - 1) / Tile.Depth * Tile.Depth) * Tile.Columns;
    }

    public MemoryBuffer1D<byte, Stride1D.Dense> Buffer { get; }

    public ElementType Type { get; }

    /// <summary>Rows of the weight.</summary>
    public int Rows { get; }

    /// <summary>For a gated weight, from a value's row to its gate's: panels then have 32 values and their 32 gates. 0 otherwise.</summary>
    public int Half { get; }

    public int KernelW { get; }

    /// <summary>Channels of a tap.</summary>
    public int PaddedChannels { get; }

    /// <summary>All k.</summary>
    public int Depth { get; }

    public int Panels { get; }

    /// <summary>The weight's row behind a column of a panel; none where that is <see cref="Rows"/> or more.</summary>
    public int Row(int panel, int column)
    {
        if (Half == 0) return panel * Tile.Columns + column;
        int channel = panel * Gates + column % Gates;
        return channel >= Half ? Rows : column < Gates ? channel : Half + channel;
    }

    public void Dispose() => Buffer.Dispose();
}

/// <summary>A weight in the device's memory, in its file's type; where its sources' types differ, in fp32, as all vectors are.</summary>
sealed class GpuWeight : Weight
{
    readonly GpuBackend gpu;
    readonly MemoryBuffer1D<byte, Stride1D.Dense>? plain;
    readonly Packed? packed;

    public GpuWeight(GpuBackend gpu, WeightKind kind, ReadOnlySpan<WeightSource> sources) : base(kind, sources)
    {
        this.gpu = gpu;
        Type = TypeOf(kind, sources);
        if (kind is WeightKind.Vector or WeightKind.Table)
        {
            plain = gpu.AllocateBytes((long)Rows * Columns * (Type == ElementType.Float32 ? 4 : 2));
            if (Type == ElementType.Float32) UploadPlain<float>();
            else UploadPlain<ushort>();
        }
        else
        {
            packed = new Packed(gpu, Type, Rows, kind == WeightKind.Gated ? Rows / 2 : 0, Columns, KernelH, KernelW);
            if (Type == ElementType.Float32) UploadPanels<float>(packed);
            else UploadPanels<ushort>(packed);
        }
    }

    static ElementType TypeOf(WeightKind kind, ReadOnlySpan<WeightSource> sources)
    {
        var type = kind == WeightKind.Vector ? ElementType.Float32 : sources[0].Type;
        foreach (var source in sources)
            if (source.Type != type) type = ElementType.Float32;
        return type;
    }

    /// <summary>Bytes of a weight that is packed so.</summary>
    public static long BytesOf(WeightKind kind, ReadOnlySpan<WeightSource> sources)
    {
        int rows = 0, size = TypeOf(kind, sources) == ElementType.Float32 ? 4 : 2;
        foreach (var source in sources) rows += source.Sides[0];
        int[] sides = sources[0].Sides;
        if (kind is WeightKind.Vector or WeightKind.Table) return (long)rows * (kind == WeightKind.Table ? sides[1] : 1) * size;
        int taps = kind == WeightKind.Convolution ? sides[2] * sides[3] : 1;
        return Packed.ElementsOf(rows, kind == WeightKind.Gated ? rows / 2 : 0, sides[1], taps) * size;
    }

    public ElementType Type { get; }

    public override long Bytes => (packed?.Buffer ?? plain!).LengthInBytes;

    /// <summary>For products.</summary>
    public Packed Packed => packed ?? throw new ArgumentException($"{Name} is a {Kind}, not a factor of a product");

    /// <summary>[rows][columns], for vectors and tables.</summary>
    public ArrayView<T> Plain<T>() where T : unmanaged => (plain ?? throw new ArgumentException($"{Name} is a {Kind}, not a vector or a table")).View.BaseView.Cast<T>();

    /// <summary>Lists of adapters that products with this weight had lately, each as one; see LowRank.cs.</summary>
    public List<LowRankStack> Stacks { get; } = [];

    public bool IsDisposed { get; private set; }

    public override void Dispose()
    {
        IsDisposed = true;
        foreach (var stack in Stacks) stack.Dispose();
        Stacks.Clear();
        packed?.Dispose();
        plain?.Dispose();
    }

    void UploadPlain<T>() where T : unmanaged
    {
        const int most = 1 << 20;
        long done = 0;
        foreach (var source in Sources)
        {
            var values = new T[Math.Min(most, source.Count)];
            for (long start = 0; start < source.Count; start += values.Length)
            {
                var chunk = values.AsSpan(0, (int)Math.Min(values.Length, source.Count - start));
                Read(source, start, chunk);
                gpu.CopyFromHost<T>(chunk, Plain<T>().SubView(done, chunk.Length));
                done += chunk.Length;
            }
        }
    }

    /// <summary>From rows in torch's order, [cIn][kh][kw], to panels; one at a time, so that the host never holds the weight twice.</summary>
    void UploadPanels<T>(Packed to) where T : unmanaged
    {
        int taps = KernelH * KernelW;
        T[] row = new T[Columns * taps], panel = new T[to.Depth * Tile.Columns];
        var view = to.Buffer.View.BaseView.Cast<T>();
        for (int p = 0; p < to.Panels; p++)
        {
            for (int column = 0; column < Tile.Columns; column++)
            {
                int o = to.Row(p, column);
                if (o >= Rows) row.AsSpan().Clear();
                else ReadRow(o, row.AsSpan());
                for (int tap = 0; tap < taps; tap++)
                    for (int c = 0; c < Columns; c++) panel[(tap * to.PaddedChannels + c) * Tile.Columns + column] = row[c * taps + tap];
            }
            gpu.CopyFromHost<T>(panel, view.SubView((long)p * panel.Length, panel.Length));
        }
    }

    void ReadRow<T>(int row, Span<T> values) where T : unmanaged
    {
        foreach (var source in Sources)
        {
            if (row < source.Sides[0])
            {
                Read(source, (long)row * values.Length, values);
                return;
            }
            row -= source.Sides[0];
        }
    }

    /// <summary>Values of a source as they are stored here: its own bits, or widened to fp32.</summary>
    void Read<T>(WeightSource source, long start, Span<T> values) where T : unmanaged
    {
        if (source.Type == Type) source.Read(start * source.ElementSize, MemoryMarshal.AsBytes(values));
        else source.ReadFloats(start, MemoryMarshal.Cast<T, float>(values));
    }
}

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override long PackedBytes(WeightKind kind, ReadOnlySpan<WeightSource> sources) => GpuWeight.BytesOf(kind, sources);

    /// <inheritdoc/>
    protected override Weight PackCore(WeightKind kind, ReadOnlySpan<WeightSource> sources) => new GpuWeight(this, kind, sources);
}
