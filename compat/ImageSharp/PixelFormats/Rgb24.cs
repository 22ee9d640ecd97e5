namespace SixLabors.ImageSharp.PixelFormats;

/// <summary>A format of pixels; <see cref="Rgb24"/> is the only one here.</summary>
public interface IPixel<TSelf> where TSelf : unmanaged, IPixel<TSelf>;

/// <summary>Red, green and blue, a byte each, in this order in memory.</summary>
public struct Rgb24 : IPixel<Rgb24>
{
    /// <summary>Red.</summary>
    public byte R;

    /// <summary>Green.</summary>
    public byte G;

    /// <summary>Blue.</summary>
    public byte B;
}
