using System.Runtime.CompilerServices;

namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void AttentionCore(Tensor q, Tensor k, Tensor v, Tensor y, int heads, bool causal)
    {
        switch (width)
        {
            case 512: Run<V512>(); break;
            case 256: Run<V256>(); break;
            default: Run<V128>(); break;
        }

        void Run<V>() where V : struct, IVec<V>
        {
            var work = new StreamingAttention<V>(q, k, v, y, heads, causal);
            Threads.Run(work, work.Tasks, threads);
        }
    }
}

/// <summary>
/// Attention without the matrix of scores: a tile of queries meets the keys block by block, and keeps for each query the
/// largest score so far, the sum of exponentials, and the sum of values weighted by them; when a larger score comes, both sums
/// are scaled down. Milakov and Gimelshein 2018, arXiv:1805.02867; Dao et al. 2022, arXiv:2205.14135.
/// Both products run on the micro-kernel of <see cref="Gemm{V,TRows}"/>.
/// </summary>
sealed unsafe class StreamingAttention<V>(Tensor q, Tensor k, Tensor v, Tensor y, int heads, bool causal) : IWork where V : struct, IVec<V>
{
    /// <summary>Queries of a task: they share the keys' transposition, so not too few.</summary>
    const int MostQueries = 192;

    /// <summary>Keys of a block: as deep as the micro-kernel goes.</summary>
    const int MostKeys = MicroKernel.Depth;

    const int Stride = MicroKernel.Stride;

    readonly int d = q.Shape.C / heads, tiles = (q.Shape.T + MostQueries - 1) / MostQueries;

    static int PanelWidth => 2 * V.Count;

    public int Tasks => q.Shape.N * heads * tiles;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Do(int task, Scratch scratch)
    {
        int n = task / (tiles * heads), head = task / tiles % heads;
        int perTile = (q.Shape.T + tiles - 1) / tiles, first = task % tiles * perTile, queries = Math.Min(perTile, q.Shape.T - first);
        if (queries <= 0) return;
        int padded = (queries + 11) / 12 * 12, deep = (d + MicroKernel.Depth - 1) / MicroKernel.Depth, wide = (d + PanelWidth - 1) / PanelWidth;
        int oPitch = wide * PanelWidth;

        nint qSize = (nint)deep * padded * Stride, sSize = (nint)padded * Stride, oSize = (nint)padded * oPitch;
        nint kSize = (nint)MostKeys * d, vSize = (nint)MostKeys * oPitch;
        float* qs = scratch.Floats(qSize + sSize + oSize + kSize + vSize + 2 * padded), s = qs + qSize, o = s + sSize;
        float* kt = o + oSize, vp = kt + kSize, largest = vp + vSize, sum = largest + padded;

        LoadQueries(n, head, first, queries, padded, qs);
        new Span<float>(largest, queries).Fill(float.NegativeInfinity);
        new Span<float>(sum, queries).Clear();
        new Span<float>(o, (int)oSize).Clear();
        int end = causal ? Math.Min(k.Shape.T, first + queries) : k.Shape.T;
        for (int firstKey = 0; firstKey < end; firstKey += MostKeys)
        {
            int keys = Math.Min(MostKeys, end - firstKey);
            LoadKeys(n, head, firstKey, keys, kt);
            LoadValues(n, head, firstKey, keys, vp);
            // s = q k^T: [queries, keys]
            for (int panel = 0, key = 0; key < keys; panel++, key += PanelWidth)
                for (int i = 0; i < deep; i++)
                    MicroKernel.Tiles<V>(qs + (nint)i * padded * Stride, kt + (nint)key * d + (nint)i * MicroKernel.Depth * PanelWidth, s + key,
                        queries, keys - key, Math.Min(MicroKernel.Depth, d - i * MicroKernel.Depth), Stride, add: i > 0);
            for (int i = 0; i < queries; i++)
            {
                int seen = causal ? Math.Min(keys, first + i + 1 - firstKey) : keys;
                Exponentials(s + (nint)i * Stride, Math.Max(seen, 0), keys, ref largest[i], ref sum[i], o + (nint)i * oPitch, oPitch);
            }
            // o += p v: [queries, d]
            for (int panel = 0; panel < wide; panel++)
                MicroKernel.Tiles<V>(s, vp + (nint)panel * keys * PanelWidth, o + panel * PanelWidth, queries, d - panel * PanelWidth, keys, oPitch, add: true);
        }
        for (int i = 0; i < queries; i++)
        {
            float* to = HostBackend.Pointer(y) + ((nint)n * y.Shape.T + first + i) * y.Pitch + head * d, from = o + (nint)i * oPitch;
            float inverse = 1 / sum[i];
            int c = 0;
            for (; c <= d - V.Count; c += V.Count) V.Store(V.Load(from + c) * V.Of(inverse), to + c);
            for (; c < d; c++) to[c] = from[c] * inverse;
        }
    }

    /// <summary>Queries times 1/sqrt(d), as the micro-kernel's left factor: [d blocks][queries][Stride].</summary>
    void LoadQueries(int n, int head, int first, int queries, int padded, float* to)
    {
        float scale = 1 / MathF.Sqrt(d);
        for (int i = 0; i < queries; i++)
        {
            float* from = HostBackend.Pointer(q) + ((nint)n * q.Shape.T + first + i) * q.Pitch + head * d;
            for (int c = 0; c < d; c++) to[((nint)(c / MicroKernel.Depth) * padded + i) * Stride + c % MicroKernel.Depth] = from[c] * scale;
        }
    }

    /// <summary>Keys transposed, as its right factor: [panels][d][2 vectors of keys]. Four keys at a time: fewer strided writes.</summary>
    void LoadKeys(int n, int head, int firstKey, int keys, float* to)
    {
        int w = PanelWidth;
        float* from = HostBackend.Pointer(k) + ((nint)n * k.Shape.T + firstKey) * k.Pitch + head * d;
        for (int key = 0; key < keys; key += w, to += (nint)w * d)
            for (int lane = 0; lane < w; lane += 4)
            {
                float* a = from + (nint)Math.Min(key + lane, keys - 1) * k.Pitch, b = from + (nint)Math.Min(key + lane + 1, keys - 1) * k.Pitch;
                float* e = from + (nint)Math.Min(key + lane + 2, keys - 1) * k.Pitch, f = from + (nint)Math.Min(key + lane + 3, keys - 1) * k.Pitch;
                float* t = to + lane;
                for (int c = 0; c < d; c++, t += w) (t[0], t[1], t[2], t[3]) = (a[c], b[c], e[c], f[c]); // beyond the last key: repeated, never used
            }
    }

    /// <summary>Values as a right factor: [panels][keys][2 vectors of channels], zeros beyond d.</summary>
    void LoadValues(int n, int head, int firstKey, int keys, float* to)
    {
        int w = PanelWidth;
        float* from = HostBackend.Pointer(v) + ((nint)n * v.Shape.T + firstKey) * v.Pitch + head * d;
        for (int c = 0; c < d; c += w)
        {
            int lanes = Math.Min(w, d - c);
            for (int key = 0; key < keys; key++, to += w)
            {
                Unsafe.CopyBlock(to, from + (nint)key * v.Pitch + c, (uint)lanes * sizeof(float));
                if (lanes < w) Unsafe.InitBlock(to + lanes, 0, (uint)(w - lanes) * sizeof(float));
            }
        }
    }

    /// <summary>Scores of one query become exponentials, in place; what it sums up already is scaled to the new largest score.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Exponentials(float* s, int seen, int keys, ref float largest, ref float sum, float* o, int oPitch)
    {
        // A partial vector's other lanes, and keys that a causal query doesn't see, weigh nothing.
        int whole = (keys + V.Count - 1) / V.Count * V.Count;
        for (int j = seen; j < whole; j++) s[j] = float.NegativeInfinity;
        V top = V.Of(largest);
        for (int j = 0; j < whole; j += V.Count) top = V.Max(top, V.Load(s + j));
        float now = V.Largest(top);
        if (now > largest)
        {
            float shrink = MathF.Exp(largest - now);
            sum *= shrink;
            V factor = V.Of(shrink);
            for (int c = 0; c < oPitch; c += V.Count) V.Store(V.Load(o + c) * factor, o + c);
            largest = now;
        }
        V total = V.Zero, m = V.Of(now);
        for (int j = 0; j < whole; j += V.Count)
        {
            V e = VectorMath<V>.Exp(V.Load(s + j) - m);
            total += e;
            V.Store(e, s + j);
        }
        sum += V.Sum(total);
    }
}
