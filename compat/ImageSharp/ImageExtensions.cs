using SixLabors.ImageSharp.Formats.Png;

namespace SixLabors.ImageSharp;

/// <summary>The ways out of an image.</summary>
public static class ImageExtensions
{
    /// <summary>Writes a PNG file with the metadata's texts in it.</summary>
    /// <exception cref="IOException">The stream can't be written.</exception>
    public static void SaveAsPng(this Image source, Stream stream, PngEncoder encoder) => PngWriter.Write(source, stream, encoder);
}
