using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Webp;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace PureLcm.Model.Pictures;

/// <summary>
/// Picture files, and pictures in another size. Only here is ImageSharp used, for pixels alone: texts and a camera's notes are
/// read beside it (<see cref="PngTexts"/>, <see cref="Exif"/>), so that none of its readers of metadata meets a stranger's file.
/// </summary>
static class PictureFile
{
    /// <summary>A file's word for its size is not believed beyond this: 8192 x 8192 pixels, and no side that WebP can't have.</summary>
    const long MostPixels = 1L << 26, MostSide = 1 << 14;

    /// <summary>More than any picture of so many pixels takes, uncompressed and with 16 bits a colour.</summary>
    const long MostBytes = 1L << 29;

    /// <summary>
    /// JPEG spends a bit at least on each block of 8 x 8 pixels, so a few bytes can't make the decoder ask for the memory of the
    /// largest picture. WebP has no such bound, and a PNG file's pixels are counted.
    /// </summary>
    const int MostPixelsPerJpegByte = 8 * 8 * 8;

    /// <summary>The largest single buffer a decoder may ask for: the pixels of the largest picture, four bytes each.</summary>
    const int MostBufferMegabytes = (int)(MostPixels * 4 >> 20);

    const int StartLength = 12;

    static readonly Configuration configuration = Configure();

    /// <summary>Knows PNG, JPEG and WebP and nothing else: the library's other readers are where its flaws have been.</summary>
    static Configuration Configure()
    {
        var known = new Configuration
        {
            MemoryAllocator = MemoryAllocator.Create(
                new MemoryAllocatorOptions { AllocationLimitMegabytes = MostBufferMegabytes, MaximumPoolSizeMegabytes = 16 }),
        };
        var formats = known.ImageFormatsManager;
        formats.AddImageFormatDetector(new PngImageFormatDetector());
        formats.AddImageFormatDetector(new JpegImageFormatDetector());
        formats.AddImageFormatDetector(new WebpImageFormatDetector());
        formats.SetDecoder(PngFormat.Instance, new PngDecoder { IgnoreMetadata = true });
        formats.SetDecoder(JpegFormat.Instance, new JpegDecoder { IgnoreMetadata = true });
        formats.SetDecoder(WebpFormat.Instance, new WebpDecoder { IgnoreMetadata = true });
        return known;
    }

    /// <summary>"PNG", "JPEG" or "WebP" by how a file begins, whatever its name is; null for all else.</summary>
    public static string? FormatOf(ReadOnlySpan<byte> start) =>
        start.StartsWith(PngChunks.Signature) ? "PNG"
        : start.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF]) ? "JPEG"
        : start.StartsWith("RIFF"u8) && start.Length >= StartLength && start[8..].StartsWith("WEBP"u8) ? "WebP"
        : null;

    /// <summary><see cref="FormatOf(ReadOnlySpan{byte})"/> of a file.</summary>
    public static string? FormatOf(string path) => Open(path, stream =>
    {
        var start = new byte[StartLength];
        return FormatOf(start.AsSpan(0, stream.ReadAtLeast(start, StartLength, throwOnEndOfStream: false)));
    });

    /// <summary>Writes a PNG file. Nothing is written where something is wrong with a text.</summary>
    public static void Write(Picture picture, IReadOnlyDictionary<string, string> texts, Stream stream)
    {
        using var image = Image.LoadPixelData<Rgb24>(configuration, picture.Rgb, picture.Width, picture.Height);
        using var png = new MemoryStream();
        image.Save(png, new PngEncoder
        {
            ColorType = PngColorType.Rgb, BitDepth = PngBitDepth.Bit8, FilterMethod = PngFilterMethod.Adaptive,
            ChunkFilter = PngChunkFilter.ExcludeAll,
        });
        using var whole = new MemoryStream();
        PngTexts.Write(whole, png.GetBuffer().AsSpan(0, (int)png.Length), texts);
        whole.WriteTo(stream);
    }

    /// <summary>See <see cref="Picture.Resized"/>.</summary>
    public static Picture Resize(Picture picture, int width, int height)
    {
        using var image = Image.LoadPixelData<Rgb24>(configuration, picture.Rgb, picture.Width, picture.Height);
        image.Mutate(operations => operations.Resize(width, height, KnownResamplers.Lanczos3));
        var rgb = new byte[3 * width * height];
        image.CopyPixelDataTo(rgb);
        return new(width, height, rgb);
    }

    /// <summary>Reads a picture and its texts.</summary>
    public static Picture Read(string path) => Open(path, stream => Read(stream, path));

    /// <summary>Reads a picture and its texts; <paramref name="name"/> is what errors call it.</summary>
    public static Picture Read(Stream stream, string name)
    {
        var (file, format) = Bytes(stream, name);
        try
        {
            return Decode(file, format, name);
        }
        // The decoders meet broken files with exceptions of any kind, IndexOutOfRangeException among them.
        catch (Exception e) when (e is not (ModelException or OutOfMemoryException))
        {
            throw Damaged(name, e.Message.ReplaceLineEndings(" ").TrimEnd('.'), e);
        }
    }

    /// <summary>The texts of a file, of which nothing else needs to be in order.</summary>
    public static Dictionary<string, string> ReadTexts(string path) => Open(path, stream =>
    {
        var (file, format) = Bytes(stream, path);
        return Texts(file, format, Exif.Read(file, format));
    });

    static Picture Decode(byte[] file, string format, string name)
    {
        var exif = Exif.Read(file, format);
        if (format == "WebP" && IsAnimated(file))
            throw new ModelException($"{name}: it is an animation; save one of its pictures, and take that");
        byte[] pixels = format == "PNG" ? PngPixels.Alone(file) : file;
        var info = Image.Identify(configuration, pixels, out _) ?? throw Damaged(name, "its header can't be read");
        if (Math.Max(info.Width, info.Height) > MostSide || (long)info.Width * info.Height > MostPixels)
            throw new ModelException(
                $"{name}: a picture of {info.Width} x {info.Height} pixels is larger than this program reads; make it smaller");
        if (format == "JPEG" && (long)info.Width * info.Height > MostPixelsPerJpegByte * file.Length)
            throw Damaged(name, $"{file.Length} bytes can't hold {info.Width} x {info.Height} pixels");
        if (format == "PNG") PngPixels.RequireAll(pixels);

        using var image = Image.Load<Rgba32>(configuration, pixels);
        var rgb = new byte[3 * image.Width * image.Height];
        image.ProcessPixelRows(rows =>
        {
            for (int y = 0; y < rows.Height; y++) OnWhite(rows.GetRowSpan(y), rgb.AsSpan(3 * y * rows.Width, 3 * rows.Width));
        });
        return Turning.Upright(image.Width, image.Height, rgb, exif.Orientation, Texts(file, format, exif));
    }

    /// <summary>Lays pixels on white paper, where a transparent drawing was made.</summary>
    static void OnWhite(ReadOnlySpan<Rgba32> pixels, Span<byte> rgb)
    {
        for (int x = 0; x < pixels.Length; x++)
        {
            var pixel = pixels[x];
            rgb[3 * x] = Over(pixel.R, pixel.A);
            rgb[3 * x + 1] = Over(pixel.G, pixel.A);
            rgb[3 * x + 2] = Over(pixel.B, pixel.A);
        }

        static byte Over(byte color, byte alpha) => (byte)((color * alpha + 255 * (255 - alpha) + 127) / 255);
    }

    static Dictionary<string, string> Texts(ReadOnlySpan<byte> file, string format, Exif exif)
    {
        Dictionary<string, string> texts = format == "PNG" ? PngTexts.Read(file) : [];
        // A1111 has no other place for parameters in JPEG and WebP; a camera's comment is something else.
        if (exif.Comment is { } comment)
            texts.TryAdd(GenerationParameters.IsParameters(comment) ? GenerationParameters.Keyword : "UserComment", comment);
        return texts;
    }

    /// <summary>VP8X, the header of WebP files with more than pixels, says in its flags whether there are several pictures.</summary>
    static bool IsAnimated(ReadOnlySpan<byte> file) => file.Length > 20 && file[StartLength..].StartsWith("VP8X"u8) && (file[20] & 2) != 0;

    /// <summary>A whole file, if it begins as one of a format that is read.</summary>
    static (byte[] File, string Format) Bytes(Stream stream, string name)
    {
        var start = new byte[StartLength];
        int count = stream.ReadAtLeast(start, StartLength, throwOnEndOfStream: false);
        string format = FormatOf(start.AsSpan(0, count))
            ?? throw new ModelException($"{name}: it is no picture that this program reads (PNG, JPEG or WebP); save it as one of these");
        using var file = new MemoryStream();
        file.Write(start, 0, count);
        var buffer = new byte[1 << 16];
        while ((count = stream.Read(buffer)) > 0)
        {
            if (file.Length + count > MostBytes)
                throw new ModelException(
                    $"{name}: a picture's file of more than {MostBytes >> 20} MB is larger than this program reads; make it smaller");
            file.Write(buffer, 0, count);
        }
        return (file.ToArray(), format);
    }

    static T Open<T>(string path, Func<Stream, T> read)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return read(stream);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelException($"{path}: there is no such file; check the name", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ModelException(Directory.Exists(path) ? $"{path}: it is a folder; name a file"
                : $"{path}: this user may not read it; change its permissions", e);
        }
        catch (IOException e)
        {
            throw new ModelException($"{path}: reading failed ({e.Message}); check the disk", e);
        }
    }

    static ModelException Damaged(string name, string how, Exception? inner = null) =>
        new($"{name}: the picture is damaged ({how}); get it again", inner);
}
