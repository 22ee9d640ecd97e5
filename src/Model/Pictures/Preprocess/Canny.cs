namespace PureLcm.Model.Pictures.Preprocess;

/// <summary>
/// Edges as thin white lines on black: where brightness changes most, in the direction in which it changes. Canny 1986, "A
/// computational approach to edge detection". Pixel by pixel what OpenCV's Canny gives (a Sobel operator of 3 by 3, |dx| + |dy| for
/// the gradient's length), with which the published canny ControlNets were trained.
/// </summary>
public static class Canny
{
    /// <summary>The thresholds that are used where nobody names others.</summary>
    public const int DefaultLow = 100, DefaultHigh = 200;

    /// <summary>More than any gradient is long.</summary>
    public const int MostThreshold = 2048;

    /// <summary>tan(22.5 degrees), times 2^15: half-way between two of a pixel's eight directions.</summary>
    const int Tangent = 13573;

    const int Digits = 15;

    /// <summary>Finds the edges.</summary>
    /// <param name="picture">Any picture; of each pixel the colour that changes most counts.</param>
    /// <param name="low">A gradient longer than this is an edge where it is connected with one that is longer than <paramref name="high"/>.</param>
    /// <param name="high">A gradient longer than this is an edge by itself. The larger of the two is taken for it.</param>
    /// <returns>White where there is an edge, black elsewhere, of the same size.</returns>
    public static Picture Edges(Picture picture, int low = DefaultLow, int high = DefaultHigh)
    {
        if (low > high) (low, high) = (high, low);
        int width = picture.Width, height = picture.Height;
        var gradient = new Gradient(picture);

        // Ridges: longer than both neighbours in the direction of the change; the further one may be as long.
        var isRidge = new bool[width * height];
        var connected = new Stack<int>();
        var isEdge = new bool[width * height];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                int length = gradient.Length(x, y), at = y * width + x;
                if (length <= low) continue;
                var (right, down) = gradient.Direction(x, y);
                if (length <= gradient.Length(x - right, y - down) || length < gradient.Length(x + right, y + down)
                    || length == gradient.Length(x + right, y + down) && right * down != 0) continue;
                isRidge[at] = true;
                if (length > high) connected.Push(at);
            }

        // Edges are the ridges that can be reached from a strong one.
        while (connected.TryPop(out int at))
        {
            if (isEdge[at]) continue;
            isEdge[at] = true;
            int x = at % width, y = at / width;
            for (int v = Math.Max(0, y - 1); v <= Math.Min(height - 1, y + 1); v++)
                for (int u = Math.Max(0, x - 1); u <= Math.Min(width - 1, x + 1); u++)
                    if (isRidge[v * width + u] && !isEdge[v * width + u]) connected.Push(v * width + u);
        }
        return Planes.Grey(width, height, at => isEdge[at] ? (byte)255 : (byte)0);
    }

    /// <summary>How brightness changes at each pixel; a picture goes on beyond its border as it ends there.</summary>
    sealed class Gradient
    {
        readonly int width, height;
        readonly short[] across, down; // of the colour that changes most

        public Gradient(Picture picture)
        {
            (width, height) = (picture.Width, picture.Height);
            (across, down) = (new short[width * height], new short[width * height]);
            var rgb = picture.Rgb;
            for (int y = 0; y < height; y++)
            {
                int above = Math.Max(0, y - 1) * width, here = y * width, below = Math.Min(height - 1, y + 1) * width;
                for (int x = 0; x < width; x++)
                {
                    int left = Math.Max(0, x - 1), right = Math.Min(width - 1, x + 1), longest = -1;
                    for (int c = 2; c >= 0; c--) // of equals the first counts, and OpenCV's pictures have blue first
                    {
                        int At(int row, int column) => rgb[3 * (row + column) + c];
                        int dx = At(above, right) + 2 * At(here, right) + At(below, right)
                            - At(above, left) - 2 * At(here, left) - At(below, left);
                        int dy = At(below, left) + 2 * At(below, x) + At(below, right)
                            - At(above, left) - 2 * At(above, x) - At(above, right);
                        if (Math.Abs(dx) + Math.Abs(dy) <= longest) continue;
                        longest = Math.Abs(dx) + Math.Abs(dy);
                        (across[here + x], down[here + x]) = ((short)dx, (short)dy);
                    }
                }
            }
        }

        /// <summary>|dx| + |dy|; nothing changes outside the picture.</summary>
        public int Length(int x, int y) =>
            (uint)x < (uint)width && (uint)y < (uint)height ? Math.Abs((int)across[y * width + x]) + Math.Abs((int)down[y * width + x]) : 0;

        /// <summary>The neighbour that the gradient points to or away from, up to 45 degrees exactly: one step right, down, or both.</summary>
        public (int Right, int Down) Direction(int x, int y)
        {
            int dx = across[y * width + x], dy = down[y * width + x];
            long flat = (long)Math.Abs(dx) * Tangent, steep = flat + ((long)Math.Abs(dx) << (Digits + 1)), rise = (long)Math.Abs(dy) << Digits;
            return rise < flat ? (1, 0) : rise > steep ? (0, 1) : ((dx ^ dy) < 0 ? -1 : 1, 1); // tan(67.5) = tan(22.5) + 2
        }
    }
}
