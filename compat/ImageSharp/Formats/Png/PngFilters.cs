namespace SixLabors.ImageSharp.Formats.Png;

/// <summary>
/// Each row of a PNG is stored as the difference to a prediction (specification, chapter 9): from the left neighbour a,
/// the one above b, and the one above that, c. The row says which prediction it takes, so a writer may choose the best.
/// </summary>
static class PngFilters
{
    /// <summary>None, Sub, Up, Average, Paeth.</summary>
    public const int Count = 5;

    /// <summary>Turns differences back to values, in place.</summary>
    /// <param name="filter">0 to 4.</param>
    /// <param name="row">The differences.</param>
    /// <param name="above">The row above, values; zeros for the first.</param>
    /// <param name="distance">Bytes to the left neighbour.</param>
    /// <exception cref="InvalidImageContentException">There is no such filter.</exception>
    public static void Undo(int filter, Span<byte> row, ReadOnlySpan<byte> above, int distance)
    {
        if (filter >= Count) throw new InvalidImageContentException($"a row has filter {filter}, which PNG doesn't know");
        for (int i = 0; i < row.Length; i++)
        {
            int a = i >= distance ? row[i - distance] : 0, c = i >= distance ? above[i - distance] : 0;
            row[i] += Predict(filter, a, above[i], c);
        }
    }

    /// <summary>Writes the differences between a row and its prediction.</summary>
    public static void Apply(int filter, ReadOnlySpan<byte> row, ReadOnlySpan<byte> above, int distance, Span<byte> differences)
    {
        for (int i = 0; i < row.Length; i++)
        {
            int a = i >= distance ? row[i - distance] : 0, c = i >= distance ? above[i - distance] : 0;
            differences[i] = (byte)(row[i] - Predict(filter, a, above[i], c));
        }
    }

    static byte Predict(int filter, int a, int b, int c) => filter switch
    {
        0 => 0,
        1 => (byte)a,
        2 => (byte)b,
        3 => (byte)((a + b) / 2),
        _ => (byte)Paeth(a, b, c),
    };

    /// <summary>The one of a, b, c that is nearest to a + b - c; in this order where two are equally near.</summary>
    static int Paeth(int a, int b, int c)
    {
        int toA = Math.Abs(b - c), toB = Math.Abs(a - c), toC = Math.Abs(a + b - c - c);
        return toA <= toB && toA <= toC ? a : toB <= toC ? b : c;
    }
}
