using System.Runtime.CompilerServices;

namespace PureLcm.Kernels.Cpu;

/// <summary>Rows of the left factor, as a product packs them: of a matrix, or windows of a picture.</summary>
unsafe interface IRows
{
    /// <summary>Values k to k + depth of a row, into dense memory.</summary>
    void Copy(int row, int k, int depth, float* to);
}

/// <summary>Rows of a matrix.</summary>
readonly unsafe struct MatrixRows(float* x, int pitch) : IRows
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Copy(int row, int k, int depth, float* to) => Unsafe.CopyBlock(to, x + (nint)row * pitch + k, (uint)depth * sizeof(float));
}

/// <summary>The windows of a convolution, a row an output pixel, k running over (ky, kx, channel): im2col, never stored.</summary>
readonly unsafe struct WindowRows(float* x, int pitch, Shape input, Shape output, int kernelW, Convolution geometry) : IRows
{
    public void Copy(int row, int k, int depth, float* to)
    {
        int c = input.C, h = geometry.Upsample ? output.H : input.H, w = geometry.Upsample ? output.W : input.W;
        int n = row / (output.H * output.W), pixel = row - n * output.H * output.W;
        int top = pixel / output.W * geometry.Stride - geometry.Top, left = pixel % output.W * geometry.Stride - geometry.Left;
        int tap = k / c, channel = k - tap * c;
        while (depth > 0)
        {
            int ky = tap / kernelW, kx = tap - ky * kernelW, i = top + ky, j = left + kx, count = Math.Min(c - channel, depth);
            if ((uint)i < (uint)h && (uint)j < (uint)w)
            {
                if (geometry.Upsample) (i, j) = (i >> 1, j >> 1);
                Unsafe.CopyBlock(to, x + (((nint)n * input.H + i) * input.W + j) * pitch + channel, (uint)count * sizeof(float));
            }
            else Unsafe.InitBlock(to, 0, (uint)count * sizeof(float));
            to += count;
            (depth, channel, tap) = (depth - count, 0, tap + 1);
        }
    }
}

/// <summary>
/// The product behind linear layers and convolutions, in blocks that stay in cache (Goto and van de Geijn 2008, "Anatomy of
/// high-performance matrix multiplication"). A task makes a block of y: for each slice of k it copies its rows of x and,
/// panel by panel, widens the weight to fp32, and lets the micro-kernel multiply them; then the epilogue stores. Low-rank
/// terms are more slices of k: y = x W^T + sum of (scale t) B^T with t = x A^T computed before.
/// </summary>
sealed unsafe class Gemm<V, TRows> : IWork where V : struct, IVec<V> where TRows : struct, IRows
{
    const int MostRows = 192;

    TRows x;
    CpuWeight weight = null!;
    int rows, blockRows, blockPanels, panelBlocks;
    LowRankDown[] terms = [];
    Tensor y = null!;
    Epilogue epilogue;

    public static void Run(TRows x, CpuWeight weight, LowRankDown[] terms, Tensor y, in Epilogue epilogue, int threads)
    {
        int rows = checked((int)y.Shape.Rows);
        int rowBlocks = (rows + MostRows - 1) / MostRows;
        // Enough tasks for any number of cores; panels in a block as many as there can be, since each block copies x again.
        int panelBlocks = Math.Clamp((16 + rowBlocks - 1) / rowBlocks, 1, (weight.Panels + 1) / 2);
        panelBlocks = Math.Max(panelBlocks, (weight.Panels + 19) / 20);
        int blockPanels = (weight.Panels + panelBlocks - 1) / panelBlocks;
        panelBlocks = (weight.Panels + blockPanels - 1) / blockPanels;
        int blockRows = (rows + rowBlocks - 1) / rowBlocks;
        var work = new Gemm<V, TRows>
        {
            x = x, weight = weight, rows = rows, terms = terms, y = y, epilogue = epilogue,
            blockRows = blockRows, blockPanels = blockPanels, panelBlocks = panelBlocks,
        };
        Threads.Run(work, rowBlocks * panelBlocks, threads);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Do(int task, Scratch scratch)
    {
        int firstPanel = task % panelBlocks * blockPanels, panels = Math.Min(blockPanels, weight.Panels - firstPanel);
        int firstRow = task / panelBlocks * blockRows, count = Math.Min(blockRows, rows - firstRow);
        if (count <= 0) return;
        int width = 2 * V.Count, padded = (count + 11) / 12 * 12;
        int cPitch = panels * width;
        float* a = scratch.Floats((nint)padded * MicroKernel.Stride + width * MicroKernel.Depth + (nint)padded * cPitch);
        float* b = a + (nint)padded * MicroKernel.Stride, c = b + width * MicroKernel.Depth;

        bool add = false;
        for (int k = 0; k < weight.Depth; k += MicroKernel.Depth)
        {
            int depth = Math.Min(MicroKernel.Depth, weight.Depth - k);
            for (int i = 0; i < count; i++) x.Copy(firstRow + i, k, depth, a + (nint)i * MicroKernel.Stride);
            for (int p = 0; p < panels; p++)
                MicroKernel.Tiles<V>(a, Widened(weight, firstPanel + p, k, depth, b), c + p * width, count, Used(firstPanel + p), depth, cPitch, add);
            add = true;
        }
        foreach (var term in terms) AddTerm(term, firstRow, count, firstPanel, panels, a, b, c, cPitch);
        Finish(c, cPitch, firstRow, count, firstPanel, panels);
    }

    /// <summary>How many of a panel's lanes are output channels.</summary>
    int Used(int panel) => weight.Kind == WeightKind.Gated ? 2 * V.Count : Math.Min(2 * V.Count, weight.Rows - panel * 2 * V.Count);

    /// <summary>A panel's slice of k in fp32: in place where the file's type is fp32.</summary>
    static float* Widened(CpuWeight weight, int panel, int k, int depth, float* buffer)
    {
        byte* p = weight.At(panel, k);
        if (weight.Type == ElementType.Float32) return (float*)p;
        ushort* from = (ushort*)p;
        int n = depth * 2 * V.Count;
        if (weight.Type == ElementType.Float16) for (int i = 0; i < n; i += V.Count) V.Store(V.LoadHalf(from + i), buffer + i);
        else for (int i = 0; i < n; i += V.Count) V.Store(V.LoadBFloat(from + i), buffer + i);
        return buffer;
    }

    void AddTerm(in LowRankDown term, int firstRow, int count, int firstPanel, int panels, float* a, float* b, float* c, int cPitch)
    {
        var (t, adapter, scale) = term;
        var up = (CpuWeight)adapter.Up;
        int width = 2 * V.Count;
        float* from = HostBackend.Pointer(t);
        for (int k = 0; k < adapter.Rank; k += MicroKernel.Depth)
        {
            int depth = Math.Min(MicroKernel.Depth, adapter.Rank - k);
            for (int i = 0; i < count; i++)
                for (int j = 0; j < depth; j++)
                    a[(nint)i * MicroKernel.Stride + j] = scale * from[(nint)(firstRow + i) * t.Pitch + k + j];
            for (int p = 0; p < panels; p++)
                if (Gathered(up, adapter.FirstRow, firstPanel + p, k, depth, b))
                    MicroKernel.Tiles<V>(a, b, c + p * width, count, Used(firstPanel + p), depth, cPitch, add: true);
        }
    }

    /// <summary>
    /// B's slice for a panel of the base weight, whose rows begin elsewhere or are dealt out to values and gates; false where the
    /// panel has none of its rows.
    /// </summary>
    bool Gathered(CpuWeight up, int firstRow, int panel, int k, int depth, float* buffer)
    {
        int width = 2 * V.Count;
        bool any = false;
        for (int lane = 0; lane < width; lane++)
        {
            int row = OutputChannel(panel, lane) - firstRow;
            bool inside = (uint)row < (uint)up.Rows;
            any |= inside;
            var (upPanel, upLane) = inside ? up.Place(row) : default;
            for (int j = 0; j < depth; j++)
            {
                byte* at = up.At(upPanel, k + j);
                buffer[j * width + lane] = !inside ? 0
                    : up.Type == ElementType.Float32 ? ((float*)at)[upLane]
                    : up.Type == ElementType.Float16 ? (float)((Half*)at)[upLane]
                    : BitConverter.UInt32BitsToSingle((uint)((ushort*)at)[upLane] << 16);
            }
        }
        return any;
    }

    /// <summary>The weight's row behind a lane of a panel; -1 for padding.</summary>
    int OutputChannel(int panel, int lane)
    {
        if (weight.Kind != WeightKind.Gated) return panel * 2 * V.Count + lane < weight.Rows ? panel * 2 * V.Count + lane : -1;
        int half = weight.Rows / 2, channel = panel * V.Count + lane % V.Count;
        return channel >= half ? -1 : lane < V.Count ? channel : half + channel;
    }

    void Finish(float* c, int cPitch, int firstRow, int count, int firstPanel, int panels)
    {
        bool gated = weight.Kind == WeightKind.Gated;
        int perPanel = gated ? V.Count : 2 * V.Count, first = firstPanel * perPanel, channels = Math.Min(panels * perPanel, y.Shape.C - first);
        float* bias = epilogue.Bias is { } given ? ((CpuWeight)given).Floats : null;
        for (int i = 0; i < count; i++)
        {
            int row = firstRow + i;
            float* from = c + (nint)i * cPitch, to = HostBackend.Pointer(y) + (nint)row * y.Pitch + first;
            float* tap = epilogue.Tap is { } t ? HostBackend.Pointer(t) + (nint)row * t.Pitch + first : null;
            if (gated)
            {
                FinishGated(from, bias, to, tap, first, channels);
                continue;
            }
            if (bias != null) Add(from, bias + first, channels);
            if (tap != null) Unsafe.CopyBlock(tap, from, (uint)channels * sizeof(float));
            if (epilogue.PerImage is { } perImage) Add(from, HostBackend.Pointer(perImage) + (nint)(row / y.Shape.T) * perImage.Pitch + first, channels);
            if (epilogue.Residual is { } residual) Add(from, HostBackend.Pointer(residual) + (nint)row * residual.Pitch + first, channels);
            if (epilogue.Activation != Activation.None) VectorMath<V>.Apply(epilogue.Activation, from, from, channels);
            Unsafe.CopyBlock(to, from, (uint)channels * sizeof(float));
        }
    }

    void FinishGated(float* from, float* bias, float* to, float* tap, int first, int channels)
    {
        int half = weight.Rows / 2;
        for (int j = 0; j < channels; j += V.Count, from += 2 * V.Count)
        {
            int n = Math.Min(V.Count, channels - j);
            float* values = from, gates = from + V.Count;
            if (bias != null)
            {
                Add(values, bias + first + j, n);
                Add(gates, bias + half + first + j, n);
            }
            if (tap != null)
            {
                Unsafe.CopyBlock(tap + j, values, (uint)n * sizeof(float));
                Unsafe.CopyBlock(tap + half + j, gates, (uint)n * sizeof(float));
            }
            V.Store(V.Load(values) * VectorMath<V>.Gelu(V.Load(gates)), values);
            Unsafe.CopyBlock(to + j, values, (uint)n * sizeof(float));
        }
    }

    static void Add(float* x, float* more, int count)
    {
        int i = 0;
        for (; i <= count - V.Count; i += V.Count) V.Store(V.Load(x + i) + V.Load(more + i), x + i);
        for (; i < count; i++) x[i] += more[i];
    }
}
