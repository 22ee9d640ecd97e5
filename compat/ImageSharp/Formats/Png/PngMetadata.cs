using SixLabors.ImageSharp.Formats.Png.Chunks;

namespace SixLabors.ImageSharp.Formats.Png;

/// <summary>What a PNG file carries beside its pixels.</summary>
public class PngMetadata
{
    /// <summary>The texts of the file's tEXt, zTXt and iTXt chunks, in the file's order.</summary>
    public IList<PngTextData> TextData { get; set; } = [];
}
