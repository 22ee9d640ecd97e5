using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Metadata;

namespace SixLabors.ImageSharp;

/// <summary>The way from an image's metadata to its format's.</summary>
public static class MetadataExtensions
{
    /// <summary>What belongs to PNG; changing it changes what will be written.</summary>
    public static PngMetadata GetPngMetadata(this ImageMetadata source) => source.Png;
}
