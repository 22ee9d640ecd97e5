namespace PureLcm.Kernels;

/// <summary>
/// Between this library's order, channels last, and torch's, in which files, dumps and reference cases are:
/// [N,H,W,C] and [N,C,H,W]. Sequences and vectors have the same order in both.
/// </summary>
public static class TorchOrder
{
    /// <summary>Copies values given in torch's order into a tensor.</summary>
    public static void UploadTorch(this Backend backend, ReadOnlySpan<float> values, Tensor y)
    {
        if (y.Shape.Rank < 4)
        {
            backend.Upload(values, y);
            return;
        }
        var reordered = new float[values.Length];
        FromTorch(values, y.Shape, reordered);
        backend.Upload(reordered, y);
    }

    /// <summary>[N,C,H,W] -> [N,H,W,C], for pictures of this shape.</summary>
    public static void FromTorch(ReadOnlySpan<float> values, Shape shape, Span<float> reordered) =>
        Transpose(values, reordered, shape.N, shape.C, shape.T);

    /// <summary>The values of a tensor in torch's order.</summary>
    public static float[] DownloadTorch(this Backend backend, Tensor x)
    {
        var values = new float[checked((int)x.Shape.Count)];
        backend.Download(x, values);
        if (x.Shape.Rank < 4) return values;
        var reordered = new float[values.Length];
        Transpose(values, reordered, x.Shape.N, x.Shape.T, x.Shape.C); // [N,HW,C] -> [N,C,HW]
        return reordered;
    }

    /// <summary>[count, rows, columns] -> [count, columns, rows].</summary>
    static void Transpose(ReadOnlySpan<float> from, Span<float> to, int count, int rows, int columns)
    {
        for (int n = 0; n < count; n++)
        {
            int start = n * rows * columns;
            for (int r = 0; r < rows; r++)
                for (int c = 0; c < columns; c++)
                    to[start + c * rows + r] = from[start + r * columns + c];
        }
    }
}
