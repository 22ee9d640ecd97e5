using SixLabors.ImageSharp.Formats.Png;

namespace SixLabors.ImageSharp.Metadata;

/// <summary>What an image carries beside its pixels: here, what PNG files carry.</summary>
public sealed class ImageMetadata
{
    internal PngMetadata Png { get; } = new();
}
