using System.Runtime.InteropServices;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Metadata;
using SixLabors.ImageSharp.PixelFormats;

namespace SixLabors.ImageSharp;

/// <summary>
/// Pixels with what belongs to them, and the ways to get one. This is the part of ImageSharp 3.1 that PureLcm uses, for
/// package feeds that don't carry ImageSharp itself: PNG alone, and <see cref="Rgb24"/> alone.
/// </summary>
public abstract class Image : IDisposable
{
    private protected Image(int width, int height, ImageMetadata metadata)
    {
        (Width, Height, Metadata) = (width, height, metadata);
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Texts and the like.</summary>
    public ImageMetadata Metadata { get; }

    internal abstract ReadOnlySpan<byte> Rgb { get; }

    /// <summary>Reads a file's header and texts.</summary>
    /// <param name="stream">From its place to the file's end.</param>
    /// <exception cref="UnknownImageFormatException">It is no PNG.</exception>
    /// <exception cref="InvalidImageContentException">It is a broken PNG.</exception>
    public static ImageInfo Identify(Stream stream)
    {
        var reader = new PngReader(stream);
        reader.Read(pixels: false);
        return new ImageInfo(reader.Header.Width, reader.Header.Height, reader.Metadata);
    }

    /// <summary>Reads a whole file. Transparency is left away.</summary>
    /// <param name="stream">From its place to the file's end.</param>
    /// <exception cref="UnknownImageFormatException">It is no PNG.</exception>
    /// <exception cref="InvalidImageContentException">It is a broken PNG.</exception>
    public static Image<TPixel> Load<TPixel>(Stream stream) where TPixel : unmanaged, IPixel<TPixel>
    {
        var reader = new PngReader(stream);
        byte[] rgb = reader.Read(pixels: true);
        return new Image<TPixel>(rgb, reader.Header.Width, reader.Header.Height, reader.Metadata);
    }

    /// <summary>Copies pixels, row by row.</summary>
    /// <exception cref="ArgumentException">There are fewer than width x height of them.</exception>
    public static Image<TPixel> LoadPixelData<TPixel>(ReadOnlySpan<byte> data, int width, int height) where TPixel : unmanaged, IPixel<TPixel>
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        int count = checked(width * height * Marshal.SizeOf<TPixel>());
        if (data.Length < count) throw new ArgumentException($"{data.Length} bytes for an image of {width}x{height}", nameof(data));
        return new Image<TPixel>(data[..count].ToArray(), width, height, new ImageMetadata());
    }

    /// <summary>Gives the pixels' memory back.</summary>
    public abstract void Dispose();
}

/// <summary>An image whose pixels are of a known format.</summary>
public sealed class Image<TPixel> : Image where TPixel : unmanaged, IPixel<TPixel>
{
    byte[] bytes;

    internal Image(byte[] bytes, int width, int height, ImageMetadata metadata) : base(width, height, metadata)
    {
        this.bytes = bytes;
    }

    internal override ReadOnlySpan<byte> Rgb => bytes;

    /// <summary>Copies the pixels out, row by row.</summary>
    /// <exception cref="ArgumentException">There is too little room.</exception>
    public void CopyPixelDataTo(Span<byte> destination) => bytes.CopyTo(destination);

    /// <inheritdoc/>
    public override void Dispose() => bytes = [];
}
