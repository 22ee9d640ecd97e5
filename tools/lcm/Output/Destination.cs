using System.Globalization;
using System.Text;
using PureLcm.Model;
using PureLcm.Model.Pictures;
using PureLcm.Model.Random;

namespace PureLcm.Tools.Output;

/// <summary>
/// Where a command's pictures go. A name that was asked for is written as it is; a name of our making never takes the place of
/// a file, also where two processes come to it at once. Whether anything can be written there is asked when it is chosen: before
/// the work, not after it.
/// </summary>
sealed class Destination : IDisposable
{
    const int LongestSlug = 60;

    readonly string folder, stem;
    readonly bool isOurName;
    readonly int count;
    readonly IDisposable? newFolders;
    int written;

    Destination(string folder, string stem, bool isOurName, int count)
    {
        (this.folder, this.stem, this.isOurName, this.count) = (folder, stem, isOurName, count);
        newFolders = isOurName && folder.Length > 0 ? NewFolders.Make(folder) : null;
        try
        {
            RequireWritable();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    Destination() => (folder, stem, count, IsStandardOutput) = ("", "", 1, true);

    /// <summary>Whether the picture's bytes go to standard output, so that nothing else may.</summary>
    public bool IsStandardOutput { get; }

    /// <summary>Where a command says what it did: standard output, unless the picture goes there.</summary>
    public TextWriter Report => IsStandardOutput ? Console.Error : Console.Out;

    /// <summary>A place for so many pictures.</summary>
    /// <param name="output">What -o says: a file's name that ends in .png, a folder, or - for standard output; null for the folder we are in.</param>
    /// <param name="prompt">Our names are made of it.</param>
    /// <param name="seed">And of this.</param>
    /// <param name="count">How many pictures there will be. Several are numbered.</param>
    /// <exception cref="UsageException">That can't be meant.</exception>
    /// <exception cref="ModelException">Nothing can be written there.</exception>
    public static Destination Choose(string? output, string prompt, Seed seed, int count)
    {
        if (output == "-")
        {
            if (count > 1) throw new UsageException($"-o -: standard output takes one picture, not {count}; name a folder");
            if (!Console.IsOutputRedirected) throw new UsageException("-o -: standard output is a terminal, which can't show a PNG file; send it to a file or a program, or name a file");
            return new();
        }
        bool isFolder = output is null || Directory.Exists(output) || output.EndsWith('/') || output.EndsWith(Path.DirectorySeparatorChar) || !Path.HasExtension(output);
        if (isFolder) return new(output ?? "", $"{Slug(prompt)}-{seed}", isOurName: true, count);
        if (!output!.EndsWith(".png", StringComparison.OrdinalIgnoreCase))
            throw new UsageException($"-o {output}: pictures are written as PNG; give a name that ends in .png, or a folder");
        return new(Path.GetDirectoryName(output)!, Path.GetFileName(output), isOurName: false, count);
    }

    /// <summary>Writes a picture, which appears whole or not at all, and says its path on standard output.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="texts">Texts for its file; null for its own.</param>
    /// <exception cref="ModelException">It can't be written.</exception>
    public void Save(Picture picture, IReadOnlyDictionary<string, string>? texts = null)
    {
        if (IsStandardOutput)
        {
            Send(picture, texts);
            return;
        }
        string partial = Path.Combine(folder, PartialName.New()), path = NameOf(written);
        try
        {
            using var undo = Ledger.Begin(() => File.Delete(partial));
            using (var file = new FileStream(partial, FileMode.CreateNew, FileAccess.Write))
            {
                picture.Write(file, texts);
                file.Flush(flushToDisk: true);
            }
            Ledger.Finish(() =>
            {
                path = Publish(partial);
                written++;
                return count == 1 ? $"{path} was written" : $"{written} of {count} pictures were written";
            });
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused(path, e);
        }
        Console.WriteLine(path);
    }

    /// <summary>The error of a place where nothing can be written.</summary>
    public static ModelException Refused(string path, Exception e) => new(e switch
    {
        PathTooLongException => $"{path}: the name is too long; give a shorter one",
        DirectoryNotFoundException => $"{path}: there is no such folder to write into; make it first, or name another",
        FileNotFoundException => $"{path}: this folder takes no new files; name another",
        UnauthorizedAccessException => $"{path}: this user may not write there; name another folder, or change its permissions",
        _ => $"{path}: it can't be written ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}); make room on the disk, or name another folder",
    }, e);

    /// <summary>The path of the picture of this number, from 0, as far as it is known before it is written.</summary>
    string NameOf(int index) => Path.Combine(folder, count == 1 ? stem + (isOurName ? ".png" : "")
        : string.Create(CultureInfo.InvariantCulture, $"{(isOurName ? stem : stem[..^".png".Length])}-{index + 1}.png"));

    /// <summary>Gives a finished file its name.</summary>
    string Publish(string partial)
    {
        string wanted = NameOf(written);
        if (!isOurName)
        {
            File.Move(partial, wanted, overwrite: true);
            return wanted;
        }
        // Not looked for first and then taken: of two processes that look at once, both would find the name free.
        for (int i = 1; ; i++)
        {
            string path = i == 1 ? wanted : string.Create(CultureInfo.InvariantCulture, $"{wanted[..^".png".Length]}_{i}.png");
            try
            {
                File.Move(partial, path, overwrite: false);
                return path;
            }
            catch (IOException) when (Path.Exists(path)) { }
        }
    }

    void RequireWritable()
    {
        string path = NameOf(0);
        try
        {
            for (int i = 0; i < count; i++)
                if (IsFolder(path = NameOf(i))) throw new ModelException($"{path}: there is a folder of that name; give the picture another");
            path = NameOf(0);
            using var probe = new FileStream(Path.Combine(folder, PartialName.New()), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
            probe.WriteByte(0); // a full disk lets files be made
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Refused(path, e);
        }
    }

    static bool IsFolder(string path)
    {
        try
        {
            return File.GetAttributes(path).HasFlag(FileAttributes.Directory);
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    /// <summary>
    /// A reader who closes the pipe early has what it wants: .NET takes that for written, and so do we. A full disk is an error.
    /// </summary>
    static void Send(Picture picture, IReadOnlyDictionary<string, string>? texts)
    {
        try
        {
            using var bytes = new MemoryStream();
            picture.Write(bytes, texts);
            using var output = Console.OpenStandardOutput();
            output.Write(bytes.GetBuffer(), 0, (int)bytes.Length);
            output.Flush();
            Ledger.Finish(() => "the picture was written to standard output");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ModelException($"-o -: standard output can't take the picture ({e.Message.ReplaceLineEndings(" ").TrimEnd('.')}); name a file", e);
        }
    }

    /// <summary>Letters and digits of the prompt, with hyphens between the words: a-red-house-in-the-snow-at-night.</summary>
    static string Slug(string prompt)
    {
        var slug = new StringBuilder();
        foreach (var rune in prompt.EnumerateRunes())
        {
            if (slug.Length >= LongestSlug) break;
            if (Rune.IsLetterOrDigit(rune)) slug.Append(Rune.ToLowerInvariant(rune));
            else if (slug.Length > 0 && slug[^1] != '-') slug.Append('-');
        }
        string text = slug.ToString().Trim('-');
        return text.Length == 0 ? "picture" : text;
    }

    /// <summary>Folders that were made for pictures go where there are none.</summary>
    public void Dispose() => newFolders?.Dispose();
}
