using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace PureLcm.Kernels.Cpu;

/// <summary>
/// A weight in native memory, in the type of its file. Products read it in panels of two vectors of output channels,
/// [panel][k][2 vectors], k running over (ky, kx, input channel); vectors and tables keep the file's order, vectors as fp32.
/// </summary>
sealed unsafe class CpuWeight : Weight
{
    readonly nuint bytes;
    byte* memory;

    public CpuWeight(WeightKind kind, ReadOnlySpan<WeightSource> sources, int panelWidth) : base(kind, sources)
    {
        Type = TypeOf(kind, sources);
        PanelWidth = kind is WeightKind.Vector or WeightKind.Table ? 1 : panelWidth;
        Depth = Columns * KernelH * KernelW;
        Panels = PanelsOf(kind, Rows, PanelWidth);
        bytes = (nuint)BytesOf(kind, sources, panelWidth);
        memory = (byte*)NativeMemory.AlignedAlloc(Math.Max(bytes, 64), 64);
        NativeMemory.Clear(memory, bytes);
        if (kind is WeightKind.Vector or WeightKind.Table) ReadPlain();
        else ReadPanels();
    }

    static ElementType TypeOf(WeightKind kind, ReadOnlySpan<WeightSource> sources)
    {
        var type = kind == WeightKind.Vector ? ElementType.Float32 : sources[0].Type;
        foreach (var source in sources)
            if (source.Type != type) type = ElementType.Float32;
        return type;
    }

    /// <summary>Each half of a gated weight begins a vector of its own: values and gates of the same channels share a panel.</summary>
    static int PanelsOf(WeightKind kind, int rows, int panelWidth) => kind == WeightKind.Gated
        ? (rows / 2 + panelWidth / 2 - 1) / (panelWidth / 2)
        : (rows + panelWidth - 1) / panelWidth;

    /// <summary>Bytes of a weight that is packed so.</summary>
    public static long BytesOf(WeightKind kind, ReadOnlySpan<WeightSource> sources, int panelWidth)
    {
        int rows = 0, width = kind is WeightKind.Vector or WeightKind.Table ? 1 : panelWidth;
        foreach (var source in sources) rows += source.Sides[0];
        long depth = sources[0].Count / Math.Max(sources[0].Sides[0], 1);
        return PanelsOf(kind, rows, width) * width * depth * (TypeOf(kind, sources) == ElementType.Float32 ? 4 : 2);
    }

    public ElementType Type { get; }

    public int ElementSize => Type == ElementType.Float32 ? 4 : 2;

    /// <summary>Output channels of a panel: two vectors.</summary>
    public int PanelWidth { get; }

    public int Panels { get; }

    /// <summary>Input channels times the kernel's size.</summary>
    public int Depth { get; }

    public override long Bytes => (long)bytes;

    /// <summary>The values of a vector.</summary>
    public float* Floats => (float*)memory;

    /// <summary>The first value of a panel at depth k, or of a table's row.</summary>
    public byte* At(int panel, int k) => memory + ((nint)panel * Depth + k) * PanelWidth * ElementSize;

    /// <summary>The panel and the lane in it of an output channel.</summary>
    public (int Panel, int Lane) Place(int row)
    {
        if (Kind != WeightKind.Gated) return (row / PanelWidth, row % PanelWidth);
        int half = Rows / 2, width = PanelWidth / 2, channel = row % half;
        return (channel / width, channel % width + (row < half ? 0 : width));
    }

    public bool IsDisposed => memory == null;

    public override void Dispose()
    {
        NativeMemory.AlignedFree(memory);
        memory = null;
        GC.SuppressFinalize(this);
    }

    ~CpuWeight() => NativeMemory.AlignedFree(memory);

    void ReadPlain()
    {
        byte* to = memory;
        foreach (var source in Sources)
        {
            if (Type == ElementType.Float32) source.ReadFloats(0, new Span<float>(to, checked((int)source.Count)));
            else source.Read(0, new Span<byte>(to, checked((int)(source.Count * ElementSize))));
            to += source.Count * ElementSize;
        }
    }

    void ReadPanels()
    {
        int taps = KernelH * KernelW, firstRow = 0;
        foreach (var source in Sources)
        {
            int rows = source.Sides[0];
            // A panel's worth of rows at a time: in the file's order one after the other, [rows][cIn][taps].
            int rowBytes = Depth * ElementSize, atOnce = Math.Max(1, Math.Min(rows, PanelWidth));
            byte* buffer = (byte*)NativeMemory.Alloc((nuint)atOnce * (nuint)rowBytes);
            try
            {
                for (int row = 0; row < rows; row += atOnce)
                {
                    int count = Math.Min(atOnce, rows - row);
                    if (Type == ElementType.Float32) source.ReadFloats((long)row * Depth, new Span<float>(buffer, count * Depth));
                    else source.Read((long)row * rowBytes, new Span<byte>(buffer, count * rowBytes));
                    for (int i = 0; i < count; i++)
                    {
                        var (panel, lane) = Place(firstRow + row + i);
                        byte* to = At(panel, 0) + lane * ElementSize;
                        if (ElementSize == 4) Scatter((uint*)(buffer + (nint)i * rowBytes), (uint*)to, taps);
                        else Scatter((ushort*)(buffer + (nint)i * rowBytes), (ushort*)to, taps);
                    }
                }
            }
            finally
            {
                NativeMemory.Free(buffer);
            }
            firstRow += rows;
        }
    }

    /// <summary>[cIn][taps] -> every PanelWidth-th value of [taps][cIn].</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Scatter<T>(T* from, T* to, int taps) where T : unmanaged
    {
        int columns = Columns, width = PanelWidth;
        for (int tap = 0; tap < taps; tap++)
            for (int c = 0; c < columns; c++, to += width) *to = from[(nint)c * taps + tap];
    }
}
