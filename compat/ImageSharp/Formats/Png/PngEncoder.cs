namespace SixLabors.ImageSharp.Formats.Png;

/// <summary>How a PNG file is written: 8-bit RGB, the filter chosen for each row, the usual compression.</summary>
public sealed class PngEncoder
{
    /// <summary>Texts longer than this many characters are compressed.</summary>
    public int TextCompressionThreshold { get; init; } = 1024;
}
