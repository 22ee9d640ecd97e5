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

    /// <summary>The picture in another size, without its texts; itself where that is its size.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    public Picture Resized(int width, int height) => (width, height) == (Width, Height) ? this : new(width, height, Resizing.Resize(this, width, height));

    /// <summary>
    /// Reads a PNG, JPEG or WebP file (told by how it begins), its texts with it. What is transparent is laid on white; a photo is
    /// turned as its camera was held. The parameters that A1111 puts into the comment of JPEG and WebP files are the text "parameters".
    /// </summary>
    /// <exception cref="ModelException">
    /// The file is missing, unreadable, another format, an animation, damaged, or larger than 67 megapixels or 16384 pixels a side.
    /// </exception>
    public static Picture Load(string path) => PictureFile.Read(path);

    /// <summary>Reads a picture as <see cref="Load"/> does.</summary>
    /// <param name="stream">A file's bytes, from where it stands to its end.</param>
    /// <param name="name">What errors call it.</param>
    /// <exception cref="ModelException">As for <see cref="Load"/>.</exception>
    /// <exception cref="IOException">The stream can't be read.</exception>
    public static Picture Read(Stream stream, string name = "the picture") => PictureFile.Read(stream, name);

    /// <summary>The texts of a picture's file, its pixels unread: of a damaged file, too, as far as it goes.</summary>
    /// <exception cref="ModelException">The file is missing, unreadable or another format.</exception>
    public static IReadOnlyDictionary<string, string> LoadTexts(string path) => PictureFile.ReadTexts(path);

    /// <summary>Whether a file begins as pictures do, whatever its name is: "PNG", "JPEG" or "WebP", or null.</summary>
    /// <exception cref="ModelException">The file is missing or unreadable.</exception>
    public static string? FormatOf(string path) => PictureFile.FormatOf(path);

    /// <summary>Writes a PNG file, with texts in it. It appears whole or not at all, and replaces one of that name.</summary>
    /// <param name="path">A name that ends in .png.</param>
    /// <param name="texts">Texts by their keywords (1 to 79 characters of Latin-1); null means <see cref="Texts"/>.</param>
    /// <exception cref="ModelException">The name doesn't end in .png.</exception>
    /// <exception cref="WeightsException">The folder is missing or read-only, or the disk is full.</exception>
    public void Save(string path, IReadOnlyDictionary<string, string>? texts = null)
    {
        if (!path.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new ModelException($"{path}: pictures are written as PNG; give it a name that ends in .png");
        WholeFile.Write(path, 0, stream => Write(stream, texts));
    }

    /// <summary>Writes a PNG file into a stream, with texts in it.</summary>
    /// <param name="stream">Where to; it stays open.</param>
    /// <param name="texts">Texts by their keywords (1 to 79 characters of Latin-1); null means <see cref="Texts"/>.</param>
    /// <exception cref="IOException">The stream can't be written.</exception>
    public void Write(Stream stream, IReadOnlyDictionary<string, string>? texts = null) => PictureFile.Write(this, texts ?? Texts, stream);
}
