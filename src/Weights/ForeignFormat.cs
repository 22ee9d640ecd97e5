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
            _ when beginning.IndexOfAnyExcept((byte)0) < 0 => ("the file begins with nothing but zeros", "it is a download that never finished: fetch it again"),
            _ when text.StartsWith("version https://git-lfs", StringComparison.Ordinal) =>
                ("this is a Git LFS pointer, a text that stands for the real file", "run `git lfs pull` in its folder, or download the file itself"),
            _ when text.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<?xml", StringComparison.OrdinalIgnoreCase) =>
                ("this is a web page, not a model", "the site probably asked to log in: download the file itself"),
            _ when text.StartsWith("GGUF", StringComparison.Ordinal) => ("this is a GGUF file", "get the model as safetensors"),
            _ when text.StartsWith("PK\u0003\u0004", StringComparison.Ordinal) => ("this is a zip file, as PyTorch checkpoints (.ckpt, .pt, .bin) are", Pickle.WayOut),
            _ when beginning.Length > 1 && beginning[0] == 0x80 && beginning[1] is >= 2 and <= 5 => ("this is a Python pickle, as old PyTorch checkpoints (.ckpt, .pt, .bin) are", Pickle.WayOut),
            _ when text.StartsWith('{') => ("this is a JSON text, not a safetensors file", "name the .safetensors file beside it"),
            _ when beginning.Length < 10 => ("the file has only a few bytes", "it is probably a download that broke off: fetch it again"),
            _ => ("this is not a safetensors file, or its first bytes are damaged", "fetch it again, or name another file"),
        };
        return new WeightsException(path, what, wayOut);
    }
}

/// <summary>What to say about PyTorch's own files, which can run programs when they are read.</summary>
static class Pickle
{
    public const string WayOut = "pickles are not read: get the model as .safetensors, or convert it with diffusers (`pipeline.save_pretrained(folder, safe_serialization=True)`)";
}
