using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void AttentionCore(Tensor q, Tensor k, Tensor v, Tensor y, int heads, bool causal) =>
        Run(typeof(AttentionKernel<,>), new Query(q, k, v, y, heads, causal), Stored(q), tile);
}

/// <summary>An attention's arguments.</summary>
readonly record struct Query(Tensor Q, Tensor K, Tensor V, Tensor Y, int Heads, bool Causal);

/// <summary>
/// Attention without the matrix of scores: a group takes a tile of one head's queries and meets the keys 64 at a time. For each
/// query it keeps the largest score so far and the sum of exponentials relative to it, and for each query and channel the sum
/// of values weighted by those; when a larger score comes, all sums are scaled down.
/// Milakov and Gimelshein 2018, arXiv:1805.02867; Dao et al. 2022, arXiv:2205.14135.
/// Both products, q k^T and weights v, are <see cref="ITile.Multiply"/>. A group's sums are 64 channels wide: where a head has
/// more, several groups make the same scores.
/// </summary>
sealed class AttentionKernel<T, TTile>(GpuBackend gpu) : GpuKernel<Query> where T : unmanaged, IStored<T> where TTile : ITile
{
    /// <summary>Lengths, pitches and what scores are multiplied with.</summary>
    internal struct Sizes
    {
        public int Queries, Keys, Width, Heads, Causal, PitchQ, PitchK, PitchV, PitchY;
        public float Scale;
    }

    readonly Action<KernelConfig, ArrayView<T>, ArrayView<T>, ArrayView<T>, ArrayView<T>, Sizes> kernel =
        gpu.LoadStreamKernel<ArrayView<T>, ArrayView<T>, ArrayView<T>, ArrayView<T>, Sizes>(Kernel);

    public override void Launch(in Query query)
    {
        var (q, k, v, y, heads, causal) = query;
        int width = q.Shape.C / heads;
        var grid = new Index3D(GpuBackend.Groups(q.Shape.T, TTile.Rows), GpuBackend.Index((long)q.Shape.N * heads), GpuBackend.Groups(width, Tile.Columns));
        kernel(new KernelConfig(grid, new Index3D(TTile.Items, 1, 1)), gpu.View<T>(q), gpu.View<T>(k), gpu.View<T>(v), gpu.View<T>(y), new Sizes
        {
            Queries = q.Shape.T, Keys = k.Shape.T, Width = width, Heads = heads, Causal = causal ? 1 : 0,
            PitchQ = q.Pitch, PitchK = k.Pitch, PitchV = v.Pitch, PitchY = y.Pitch, Scale = 1 / MathF.Sqrt(width),
        });
    }

    static void Kernel(ArrayView<T> q, ArrayView<T> k, ArrayView<T> v, ArrayView<T> y, Sizes sizes)
    {
        ArrayView<float> left = TTile.Left(), right = TTile.Right(), scores = TTile.Block();
        ArrayView<float> largest = TTile.Column(), shrinks = TTile.Column(), parts = TTile.Each();
        int item = Group.IdxX, firstQuery = Grid.IdxX * TTile.Rows, n = Grid.IdxY / sizes.Heads, head = Grid.IdxY - n * sizes.Heads;
        int firstChannel = Grid.IdxZ * Tile.Columns;

        // Four work-items a query: each looks after a quarter of its scores.
        int row = item / 4, quarter = item % 4, query = firstQuery + row, quarterStart = row * Tile.BlockPitch + quarter * (Tile.Columns / 4);
        float top = float.NegativeInfinity, sum = 0;
        Float4x4 sums = default;

        int end = sizes.Causal != 0 ? XMath.Min(sizes.Keys, firstQuery + TTile.Rows) : sizes.Keys;
        for (int firstKey = 0; firstKey < end; firstKey += Tile.Columns)
        {
            // scores = q k^T, [queries, keys]
            Float4x4 products = default;
            for (int c = 0; c < sizes.Width; c += Tile.Depth)
            {
                int channel = c + quarter * 4;
                Tile.BringLeft(q, (n * sizes.Queries + query) * sizes.PitchQ + head * sizes.Width + channel, query < sizes.Queries ? sizes.Width - channel : 0, left);
                var slice = new RightSlice
                {
                    Start = (n * sizes.Keys + firstKey) * sizes.PitchK + head * sizes.Width + c, Pitch = sizes.PitchK, Depth = sizes.Width - c, Columns = sizes.Keys - firstKey,
                };
                TTile.Bring<T, ColumnsRight>(k, slice, right);
                Group.Barrier();
                products = TTile.Multiply<T, ColumnsRight>(products, left, 0, Tile.LeftPitch, k, slice, right);
                Group.Barrier();
            }
            TTile.Store(products, scores);
            Group.Barrier();

            // The largest score of each query, of this tile and all before it.
            int seen = sizes.Causal != 0 ? XMath.Min(sizes.Keys, query + 1) : sizes.Keys;
            float itsTop = float.NegativeInfinity;
            for (int i = 0; i < Tile.Columns / 4; i++)
                if (firstKey + quarter * (Tile.Columns / 4) + i < seen) itsTop = XMath.Max(itsTop, scores[quarterStart + i]);
            parts[item] = itsTop * sizes.Scale;
            Group.Barrier();
            float now = XMath.Max(XMath.Max(parts[row * 4], parts[row * 4 + 1]), XMath.Max(parts[row * 4 + 2], parts[row * 4 + 3]));
            now = XMath.Max(now, top);
            float shrink = XMath.Exp(top - now);
            top = now;
            if (quarter == 0)
            {
                largest[row] = now;
                shrinks[row] = shrink;
            }
            Group.Barrier();

            // weights = exp(scores - largest), in place. The barrier is for the compilers of processors: see ITile.Multiply.
            int column = item % Tile.Columns;
            for (int r = item / Tile.Columns; r < TTile.Rows; r += TTile.Items / Tile.Columns)
            {
                int at = r * Tile.BlockPitch + column, key = firstKey + column;
                bool sees = key < sizes.Keys && (sizes.Causal == 0 || key <= firstQuery + r);
                scores[at] = sees ? XMath.Exp(scores[at] * sizes.Scale - largest[r]) : 0;
                Group.Barrier();
            }
            sum *= shrink;
            for (int i = 0; i < Tile.Columns / 4; i++) sum += scores[quarterStart + i];

            // sums += weights v, [queries, channels]
            sums = TTile.Scale(sums, shrinks);
            for (int j = 0; j < Tile.Columns; j += Tile.Depth)
            {
                var slice = new RightSlice
                {
                    Start = (n * sizes.Keys + firstKey + j) * sizes.PitchV + head * sizes.Width + firstChannel, Pitch = sizes.PitchV,
                    Depth = sizes.Keys - firstKey - j, Columns = sizes.Width - firstChannel,
                };
                TTile.Bring<T, RowsRight>(v, slice, right);
                Group.Barrier();
                sums = TTile.Multiply<T, RowsRight>(sums, scores, j, Tile.BlockPitch, v, slice, right);
                Group.Barrier();
            }
        }

        // y = sums / sum of the weights
        parts[item] = sum;
        Group.Barrier();
        if (quarter == 0) shrinks[row] = 1 / (parts[item] + parts[item + 1] + parts[item + 2] + parts[item + 3]);
        Group.Barrier();
        TTile.Store(TTile.Scale(sums, shrinks), scores);
        Group.Barrier();
        for (int i = item; i < TTile.Rows * Tile.Columns; i += TTile.Items)
        {
            int r = i / Tile.Columns, channel = firstChannel + i % Tile.Columns;
            if (firstQuery + r < sizes.Queries && channel < sizes.Width)
                y[(n * sizes.Queries + firstQuery + r) * sizes.PitchY + head * sizes.Width + channel] = T.Store(scores[r * Tile.BlockPitch + i % Tile.Columns]);
        }
    }
}
