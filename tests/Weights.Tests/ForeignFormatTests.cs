using System.IO.Compression;
using System.Text;

namespace PureLcm.Weights.Tests;

/// <summary>Files of other formats, given by mistake, are called by their names.</summary>
public class ForeignFormatTests : IDisposable
{
    readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Theory]
    [InlineData("", "the file is empty")]
    [InlineData("abc", "only a few bytes")]
    [InlineData("version https://git-lfs.github.com/spec/v1\noid sha256:0123456789\nsize 1\n", "Git LFS pointer", "git lfs pull")]
    [InlineData("<!DOCTYPE html><html><body>Log in</body></html>", "this is a web page")]
    [InlineData("\n  <html><head></head></html>", "this is a web page")]
    [InlineData("GGUF\u0003\0\0\0\0\0\0\0\0\0\0\0", "GGUF")]
    [InlineData("{\"weight_map\": {\"a\": \"b.safetensors\"}}", "this is a JSON text")]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "nothing but zeros", "never finished")]
    [InlineData("Entry not found", "a server's refusal")]
    [InlineData("Access to model runwayml/x is restricted. You must be authenticated to access it.", "a server's refusal", "log in")]
    [InlineData("{\"error\":\"Invalid username or password.\"}", "a server's refusal")]
    [InlineData("Rar!\u001a\u0007\u0001\0 and so on", "a compressed archive", "unpack it")]
    [InlineData("RIFF\u0001\u0001\u0001\u0001WEBPVP8 and so on", "a picture, not a model")]
    [InlineData("just some words, of no format at all", "not a safetensors file")]
    public void TheFileIsNamed(string text, params string[] words) =>
        Expect.Error(() => SafetensorsFile.Open(temporary.WriteText("x.safetensors", text)), words);

    [Fact]
    public void AZippedCheckpointIsNamed()
    {
        using (var zip = ZipFile.Open(temporary["x.ckpt"], ZipArchiveMode.Create))
            using (var pickle = zip.CreateEntry("archive/data.pkl").Open()) pickle.Write("not read"u8);
        Expect.Error(() => SafetensorsFile.Open(temporary["x.ckpt"]), "a zip file", "pickles are not read", "safe_serialization=True");
    }

    [Theory]
    [InlineData(new byte[] { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 2 }, "a compressed archive")]
    [InlineData(new byte[] { 0x28, 0xb5, 0x2f, 0xfd, 4, 0, 0, 0, 0, 0, 0 }, "a compressed archive")]
    [InlineData(new byte[] { 0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0, 4, 0, 0, 0 }, "a compressed archive")]
    [InlineData(new byte[] { 0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0, 0, 13 }, "a picture, not a model")]
    [InlineData(new byte[] { 0xff, 0xd8, 0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46 }, "a picture, not a model")]
    [InlineData(new byte[] { 0x89, 0x48, 0x44, 0x46, 13, 10, 26, 10, 0, 0, 0 }, "an HDF5 file")]
    public void BytesOfOtherFormatsAreNamed(byte[] bytes, string kind) => Expect.Error(() => SafetensorsFile.Open(temporary.WriteBytes("x.safetensors", bytes)), kind);

    [Fact]
    public void ABarePickleIsNamed()
    {
        // How every checkpoint of old PyTorch begins: protocol 2, then its magic number.
        byte[] bytes = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
        Expect.Error(() => SafetensorsFile.Open(temporary.WriteBytes("x.pt", bytes)), "a Python pickle", "pickles are not read");
    }

    [Fact]
    public void AFolderIsNamed() => Expect.Error(() => SafetensorsFile.Open(temporary.Path), "this is a folder");

    [Fact]
    public void AMissingFileIsNamed() => Expect.Error(() => SafetensorsFile.Open(temporary["none.safetensors"]), "there is no such file", "check the name");

    [Fact]
    public void AFileThatMayNotBeReadIsNamed()
    {
        string path = temporary.WriteBytes("x.safetensors", Encoding.ASCII.GetBytes("secret"));
        TemporaryFolder.SetMode(path, UnixFileMode.None);
        Expect.Error(() => SafetensorsFile.Open(path), "may not read it");
    }
}
