using System.IO.Compression;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using PureLcm.Weights;

namespace PureLcm.Model.Clip;

/// <summary>
/// CLIP's own vocabulary, 49408 tokens, which Stable Diffusion's text encoders were trained with (Radford et al. 2021,
/// arXiv:2103.00020). Only merges.txt is stored (Vocabulary/, with OpenAI's MIT licence): the ids follow from it.
/// </summary>
public static class ClipVocabulary
{
    /// <summary>merges.txt as published.</summary>
    public static byte[] Merges()
    {
        using var resource = typeof(ClipVocabulary).Assembly.GetManifestResourceStream("Clip.merges.txt.gz")!;
        using var gzip = new GZipStream(resource, CompressionMode.Decompress);
        using var merges = new MemoryStream();
        gzip.CopyTo(merges);
        return merges.ToArray();
    }

    /// <summary>
    /// The tokens in the order of their ids: the 256 bytes (those that can be seen first), the same at the end of a
    /// word, what each merge makes, start and end.
    /// </summary>
    public static IEnumerable<string> Tokens()
    {
        string[] symbols = [.. BytePairEncoding.ByteAlphabet.ToArray().Order().Select(symbol => symbol.ToString())];
        foreach (string symbol in symbols) yield return symbol;
        foreach (string symbol in symbols) yield return symbol + BytePairEncoding.EndOfWord;
        using var lines = new StringReader(Encoding.UTF8.GetString(Merges()));
        lines.ReadLine(); // #version
        while (lines.ReadLine() is { } merge) yield return merge.Replace(" ", "");
        yield return Tokenizer.Start;
        yield return Tokenizer.End;
    }

    /// <summary>Writes the tokenizer folder of Stable Diffusion 1.5 in the published layout: four files.</summary>
    /// <param name="folder">Made if it is not there.</param>
    /// <exception cref="WeightsException">The folder can't be made or written, or the disk is full.</exception>
    public static void WriteTo(string folder)
    {
        OutputFolder.Make(folder);
        Write("merges.txt", stream => stream.Write(Merges()));
        Write("vocab.json", WriteVocabulary);
        Write("special_tokens_map.json", stream => stream.Write("""
            {
             "bos_token": "<|startoftext|>",
             "eos_token": "<|endoftext|>",
             "pad_token": "<|endoftext|>",
             "unk_token": "<|endoftext|>"
            }
            """u8));
        Write("tokenizer_config.json", stream => stream.Write("""
            {
             "add_prefix_space": false,
             "bos_token": "<|startoftext|>",
             "do_lower_case": true,
             "eos_token": "<|endoftext|>",
             "model_max_length": 77,
             "pad_token": "<|endoftext|>",
             "tokenizer_class": "CLIPTokenizer",
             "unk_token": "<|endoftext|>"
            }
            """u8));

        void Write(string file, Action<Stream> write) => WholeFile.Write(Path.Combine(folder, file), 0, write);
    }

    static void WriteVocabulary(Stream stream)
    {
        using var json = new Utf8JsonWriter(stream, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        foreach (var (id, token) in Tokens().Index()) json.WriteNumber(token, id);
        json.WriteEndObject();
    }
}
