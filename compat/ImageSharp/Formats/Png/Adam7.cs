namespace SixLabors.ImageSharp.Formats.Png;

/// <summary>A picture made of every RowStep-th row and ColumnStep-th column of the whole one.</summary>
readonly record struct PngPass(int FirstRow, int FirstColumn, int RowStep, int ColumnStep, int Width, int Height);

/// <summary>Adam M. Costello's interlacing in seven passes (PNG specification, 8.2), each a small picture of its own.</summary>
static class Adam7
{
    static readonly (int FirstRow, int FirstColumn, int RowStep, int ColumnStep)[] grid =
        [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)];

    /// <summary>The passes that have pixels; one, the whole picture, if it isn't interlaced.</summary>
    public static PngPass[] Passes(PngHeader header)
    {
        if (!header.Interlaced) return [new PngPass(0, 0, 1, 1, header.Width, header.Height)];
        return
        [
            .. from g in grid
               let width = (header.Width - g.FirstColumn + g.ColumnStep - 1) / g.ColumnStep
               let height = (header.Height - g.FirstRow + g.RowStep - 1) / g.RowStep
               where width > 0 && height > 0
               select new PngPass(g.FirstRow, g.FirstColumn, g.RowStep, g.ColumnStep, width, height),
        ];
    }
}
