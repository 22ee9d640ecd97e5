using SixLabors.ImageSharp.Metadata;

namespace SixLabors.ImageSharp;

/// <summary>What a file says of its image, without the pixels.</summary>
public sealed class ImageInfo
{
    internal ImageInfo(int width, int height, ImageMetadata metadata)
    {
        (Width, Height, Metadata) = (width, height, metadata);
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Texts and the like.</summary>
    public ImageMetadata Metadata { get; }
}
