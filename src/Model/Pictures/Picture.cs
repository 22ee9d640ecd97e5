using PureLcm.Kernels;
using PureLcm.Weights;

namespace PureLcm.Model.Pictures;

/// <summary>A picture of 8-bit red, green and blue: what a pipeline gives.</summary>
public sealed class Picture
{
    /// <summary>A picture of given pixels.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="rgb">Three bytes a pixel, row by row; taken, not copied.</param>
    /// <exception cref="ArgumentException">There are not width x height x 3 bytes.</exception>
    public Picture(int width, int height, byte[] rgb)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        if (rgb.Length != 3L * width * height) throw new ArgumentException($"{rgb.Length} bytes for a picture of {width}x{height}", nameof(rgb));
        (Width, Height, Rgb) = (width, height, rgb);
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Rows.</summary>
    public int Height { get; }

    /// <summary>Red, green and blue, a byte each, pixel after pixel, row after row.</summary>
    public byte[] Rgb { get; }

    /// <summary>
    /// The texts that go with the picture by their keywords. "parameters" is what it was made with, in the form that A1111
    /// began and other tools read; see <see cref="GenerationParameters"/>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Texts { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Pictures from what an autoencoder decoded: (x / 2 + 0.5) clamped to 0..1, times 255, rounded half to even.
    /// </summary>
    /// <param name="backend">The tensor's backend.</param>
    /// <param name="decoded">[N,H,W,3], from -1 (black) to 1 (white).</param>
    /// <returns>N pictures.</returns>
    /// <exception cref="ModelException">A value is infinite or not a number.</exception>
    public static Picture[] FromModel(Backend backend, Tensor decoded)
    {
        var shape = decoded.Shape;
        if (shape.C != 3) throw new ArgumentException($"{shape} has no three colours", nameof(decoded));
        var pictures = new Picture[shape.N];
        var values = new float[shape.T * 3];
        for (int n = 0; n < shape.N; n++)
        {
            backend.Download(decoded.Batch(n), values); // [1,H,W,3]
            var rgb = new byte[values.Length];
            for (int i = 0; i < rgb.Length; i++)
            {
                float x = values[i];
                if (!float.IsFinite(x)) throw new ModelException("the decoded picture has values that are no numbers: the model's weights, or a LoRA's, are damaged or don't fit together");
                rgb[i] = (byte)MathF.Round(Math.Clamp(x / 2 + 0.5f, 0, 1) * 255);
            }
            pictures[n] = new Picture(shape.W, shape.H, rgb);
        }
        return pictures;
    }

    /// <summary>Reads a PNG file, its texts with it. Transparency is left away.</summary>
    /// <exception cref="ModelException">The file is missing, unreadable, no PNG, broken, or larger than 67 megapixels.</exception>
    public static Picture Load(string path) => PictureFile.Read(path);

    /// <summary>Writes a PNG file, with texts in it. It appears whole or not at all, and replaces one of that name.</summary>
    /// <param name="path">A name that ends in .png.</param>
    /// <param name="texts">Texts by their keywords (1 to 79 characters of Latin-1); null means <see cref="Texts"/>.</param>
    /// <exception cref="ModelException">The name doesn't end in .png.</exception>
    /// <exception cref="WeightsException">The folder is missing or read-only, or the disk is full.</exception>
    public void Save(string path, IReadOnlyDictionary<string, string>? texts = null)
    {
        if (!path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new ModelException($"{path}: pictures are written as PNG; give it a name that ends in .png");
        WholeFile.Write(path, 0, stream => PictureFile.Write(this, texts ?? Texts, stream));
    }

    /// <summary>Writes the bytes of a PNG file, with texts in it, to a stream.</summary>
    /// <param name="stream">Takes them; it need not seek.</param>
    /// <param name="texts">Texts by their keywords (1 to 79 characters of Latin-1); null means <see cref="Texts"/>.</param>
    public void Save(Stream stream, IReadOnlyDictionary<string, string>? texts = null) => PictureFile.Write(this, texts ?? Texts, stream);
}
