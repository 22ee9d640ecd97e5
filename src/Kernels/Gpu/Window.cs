namespace PureLcm.Kernels.Gpu;

/// <summary>
/// Where a product's left factor is read: its rows are the windows of a convolution, k running over (ky, kx, channel), each
/// pixel's channels padded to a multiple of <see cref="Tile.Depth"/>. A matrix is a picture of one line under a 1x1 kernel.
/// </summary>
struct Window
{
    /// <summary>The picture, after enlarging; and channels of a pixel, padded ones too.</summary>
    public int Height, Width, Channels, PaddedChannels;

    /// <summary>In memory: elements from pixel to pixel, from line to line and from picture to picture.</summary>
    public int Pitch, LinePitch, PicturePitch;

    /// <summary>1 where the picture is enlarged as it is read: pixel [i,j] lies at [i/2,j/2]. 0 otherwise.</summary>
    public int Enlarged;

    /// <summary>The output: one row of the product a pixel.</summary>
    public int Rows, OutWidth, OutPixels;

    /// <summary>The kernel.</summary>
    public int KernelW, Stride, Top, Left;

    /// <summary>Of x: [N,H,W,C] to y: [N,H',W',cOut].</summary>
    public static Window Of(Tensor x, Shape y, Packed weight, in Convolution geometry) => new()
    {
        Height = geometry.Upsample ? y.H : x.Shape.H, Width = geometry.Upsample ? y.W : x.Shape.W,
        Channels = x.Shape.C, PaddedChannels = weight.PaddedChannels,
        Pitch = x.Pitch, LinePitch = x.Shape.W * x.Pitch, PicturePitch = x.Shape.T * x.Pitch, Enlarged = geometry.Upsample ? 1 : 0,
        Rows = GpuBackend.Index(y.Rows), OutWidth = y.W, OutPixels = y.T,
        KernelW = weight.KernelW, Stride = geometry.Stride, Top = geometry.Top, Left = geometry.Left,
    };

    /// <summary>Where the window of a row begins; one beyond the last begins where no tap of it meets the picture.</summary>
    public static Corner CornerOf(Window window, int row)
    {
        int picture = row / window.OutPixels, pixel = row - picture * window.OutPixels, i = pixel / window.OutWidth;
        return new()
        {
            Start = picture * window.PicturePitch,
            Top = row < window.Rows ? i * window.Stride - window.Top : int.MinValue / 2,
            Left = (pixel - i * window.OutWidth) * window.Stride - window.Left,
        };
    }

    /// <summary>The first channel under a tap of the kernel; negative outside the picture, where all is zero.</summary>
    public static int Find(Window window, Corner corner, int tap)
    {
        int ky = tap / window.KernelW, i = corner.Top + ky, j = corner.Left + tap - ky * window.KernelW;
        if (i < 0 || i >= window.Height || j < 0 || j >= window.Width) return -1;
        return corner.Start + (i >> window.Enlarged) * window.LinePitch + (j >> window.Enlarged) * window.Pitch;
    }
}

/// <summary>The upper left corner of a row's window, and where its picture begins.</summary>
struct Corner
{
    public int Start, Top, Left;
}
