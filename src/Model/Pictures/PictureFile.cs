using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Png;
using SixLabors.ImageSharp.Formats.Png.Chunks;
using SixLabors.ImageSharp.PixelFormats;

namespace PureLcm.Model.Pictures;

/// <summary>Picture files. Only here is ImageSharp used, the package or the subset in compat/ImageSharp.</summary>
static class PictureFile
{
    /// <summary>A file's word for its size is not believed beyond this: 8192 x 8192.</summary>
    const long MostPixels = 1L << 26;

    public static void Write(Picture picture, IReadOnlyDictionary<string, string> texts, Stream stream)
    {
        using var image = Image.LoadPixelData<Rgb24>(picture.Rgb, picture.Width, picture.Height);
        foreach (var (keyword, text) in texts)
            image.Metadata.GetPngMetadata().TextData.Add(new PngTextData(keyword, text, "", ""));
        // Never compressed: some tools look for parameters in tEXt and plain iTXt chunks only.
        image.SaveAsPng(stream, new PngEncoder { TextCompressionThreshold = int.MaxValue });
    }

    public static Picture Read(string path)
    {
        try
        {
            using var stream = File.OpenRead(path);
            return Decode(stream, path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ModelException($"{path}: there is no such file; check the name", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new ModelException(Directory.Exists(path) ? $"{path}: it is a folder; name a file" : $"{path}: this user may not read it; change its permissions", e);
        }
        catch (IOException e)
        {
            throw new ModelException($"{path}: reading failed ({e.Message}); check the disk", e);
        }
    }

    static Picture Decode(Stream stream, string path)
    {
        try
        {
            var info = Image.Identify(stream);
            if ((long)info.Width * info.Height > MostPixels)
                throw new ModelException($"{path}: a picture of {info.Width} x {info.Height} pixels is larger than this program reads; make it smaller");
            var texts = new Dictionary<string, string>();
            foreach (var text in info.Metadata.GetPngMetadata().TextData) texts.TryAdd(text.Keyword, text.Value);

            stream.Position = 0;
            using var image = Image.Load<Rgb24>(stream);
            var rgb = new byte[image.Width * image.Height * 3];
            image.CopyPixelDataTo(rgb);
            return new Picture(image.Width, image.Height, rgb) { Texts = texts };
        }
        catch (UnknownImageFormatException e)
        {
            throw new ModelException($"{path}: it is no picture that this program reads; save it as PNG", e);
        }
        // The package meets some broken files with IndexOutOfRangeException and the like, so a damaged file is whatever fails.
        catch (Exception e) when (e is not (ModelException or IOException or OutOfMemoryException))
        {
            throw new ModelException($"{path}: the picture is damaged ({e.Message}); get it again", e);
        }
    }
}
