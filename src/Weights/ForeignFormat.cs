using System.Text;

namespace PureLcm.Weights;

/// <summary>Tells from its first bytes what a file is that is no safetensors file, since the name often lies.</summary>
static class ForeignFormat
{
    /// <summary>As many of a file's first bytes as are looked at.</summary>
    public const int BytesToTell = 64;

    public static WeightsException Explain(string path, ReadOnlySpan<byte> beginning)
    {
        string text = Encoding.Latin1.GetString(beginning).TrimStart('ï', '»', '¿', ' ', '\r', '\n', '\t');
        var (what, wayOut) = text switch
        {
            _ when beginning.IsEmpty => ("the file is empty", "fetch it again"),
            _ when beginning.IndexOfAnyExcept((byte)0) < 0 => ("the file begins with nothing but zeros",
                "it is a download that never finished: fetch it again"),
            _ when text.StartsWith("version https://git-lfs", StringComparison.Ordinal) =>
                ("this is a Git LFS pointer, a text that stands for the real file",
                    "run `git lfs pull` in its folder, or download the file itself"),
            _ when text.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase) =>
                ("this is a web page, not a model", "the site probably asked to log in: download the file itself"),
            _ when text.StartsWith("GGUF", StringComparison.Ordinal) => ("this is a GGUF file", "get the model as safetensors"),
            _ when text.StartsWith("PK\u0003\u0004", StringComparison.Ordinal) => ("this is a zip file, as PyTorch checkpoints (.ckpt, .pt, .bin) are", Pickle.WayOut),
            _ when beginning.Length > 1 && beginning[0] == 0x80 && beginning[1] is >= 2 and <= 5 => ("this is a Python pickle, as old PyTorch checkpoints (.ckpt, .pt, .bin) are", Pickle.WayOut),
            _ when beginning.StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]) || text.StartsWith("7z\u00BC\u00AF", StringComparison.Ordinal) || text.StartsWith("Rar!", StringComparison.Ordinal)
                || beginning.StartsWith((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]) =>
                ("this is a compressed archive (gzip, zstd, 7z or rar)", "unpack it, and name the .safetensors file in it"),
            _ when text.StartsWith("\u0089PNG", StringComparison.Ordinal) || text.StartsWith("\u00FF\u00D8\u00FF", StringComparison.Ordinal) || text.StartsWith("RIFF", StringComparison.Ordinal) =>
                ("this is a picture, not a model", "name the .safetensors file"),
            _ when text.StartsWith("\u0089HDF", StringComparison.Ordinal) => ("this is an HDF5 file, as TensorFlow and Keras write (.h5)", "get the model as .safetensors"),
            _ when text.StartsWith("{\"error\"", StringComparison.Ordinal) || IsRefusal(text) =>
                ("this is a server's refusal, saved in place of the file",
                    "log in or accept the model's terms where it asks for that, and download the file itself"),
            _ when text.StartsWith('{') => ("this is a JSON text, not a safetensors file", "name the .safetensors file beside it"),
            _ when beginning.Length < 10 => ("the file has only a few bytes", "it is probably a download that broke off: fetch it again"),
            _ => ("this is not a safetensors file, or its first bytes are damaged", "fetch it again, or name another file"),
        };
        return new WeightsException(path, what, wayOut);
    }

    /// <summary>What the hub answers in plain text where there is no such file, or not for everybody.</summary>
    static bool IsRefusal(string text)
    {
        foreach (string words in (ReadOnlySpan<string>)["Entry not found", "Repository not found", "Access to model",
            "Invalid username or password", "Invalid credentials", "Not Found", "404:", "403 Forbidden"])
            if (text.StartsWith(words, StringComparison.OrdinalIgnoreCase)) return true;
        return false;
    }
}

/// <summary>What to say about PyTorch's own files, which can run programs when they are read.</summary>
static class Pickle
{
    public const string WayOut = "pickles are not read: get the model as .safetensors, or convert it with diffusers (`pipeline.save_pretrained(folder, safe_serialization=True)`)";
}
