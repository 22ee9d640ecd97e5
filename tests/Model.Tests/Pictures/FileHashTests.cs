using System.Security.Cryptography;
using PureLcm.Model.Pictures;

namespace PureLcm.Model.Tests.Pictures;

/// <summary>What says in a picture's text which files made it.</summary>
public sealed class FileHashTests : IDisposable
{
    readonly string folder = Directory.CreateTempSubdirectory("lcm-hashes-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    /// <summary>A1111's own: SHA-256 of what follows the header.</summary>
    [Fact]
    public void ALorasHashIsOfItsTensors()
    {
        byte[] header = "{}      "u8.ToArray(), other = "{\"a\":1} "u8.ToArray(), data = [1, 2, 3, 4, 5];
        string expected = Convert.ToHexStringLower(SHA256.HashData(data))[..12];
        Assert.Equal(expected, FileHashes.Lora(Written([8, 0, 0, 0, 0, 0, 0, 0, .. header, .. data])));
        Assert.Equal(expected, FileHashes.Lora(Written([8, 0, 0, 0, 0, 0, 0, 0, .. other, .. data])));
        Assert.NotEqual(expected, FileHashes.Lora(Written([8, 0, 0, 0, 0, 0, 0, 0, .. header, .. data, 6])));
    }

    [Theory]
    [InlineData(new byte[] { 1, 2, 3 })]
    [InlineData(new byte[] { 255, 255, 255, 255, 255, 255, 255, 255, 1 })] // a header's length beyond all files
    public void AnotherFilesHashIsOfAllOfIt(byte[] data) =>
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(data))[..12], FileHashes.Lora(Written(data)));

    [Fact]
    public void AModelsFingerprintIsItsIndexsAndItsWeights()
    {
        string model = Path.Combine(folder, "model");
        foreach (string part in (string[])["unet", "vae", "loras"]) Directory.CreateDirectory(Path.Combine(model, part));
        File.WriteAllText(Path.Combine(model, "model_index.json"), "{}");
        var weights = new byte[300_000];
        File.WriteAllBytes(Path.Combine(model, "unet", "a.safetensors"), weights);
        string first = FileHashes.Model(model);
        Assert.Matches("^[0-9a-f]{12}$", first);

        // Neither where it lies nor what else lies there counts.
        string moved = Path.Combine(folder, "moved");
        Directory.Move(model, moved);
        File.WriteAllText(Path.Combine(moved, "README.md"), "a");
        File.WriteAllBytes(Path.Combine(moved, "loras", "style.safetensors"), [1]);
        Assert.Equal(first, FileHashes.Model(moved));

        foreach (int at in (int[])[0, 150_000, 299_999])
        {
            weights[at] = 1;
            File.WriteAllBytes(Path.Combine(moved, "unet", "a.safetensors"), weights);
            Assert.NotEqual(first, FileHashes.Model(moved));
            weights[at] = 0;
        }
        File.WriteAllBytes(Path.Combine(moved, "unet", "a.safetensors"), weights);
        Assert.Equal(first, FileHashes.Model(moved));
        File.WriteAllBytes(Path.Combine(moved, "loras", "lcm.safetensors"), [1]);
        Assert.NotEqual(first, FileHashes.Model(moved));
    }

    [Theory]
    [InlineData("1b7b4ec9d5f4", "1b7b4ec9d5f4", true)]
    [InlineData("1B7B4EC9", "1b7b4ec9d5f4", true)]
    [InlineData("1b7b4ec9d5f4", "1b7b4ec9d5f5", false)]
    [InlineData("1b7b", "1b7b4ec9d5f4", false)] // too short to say anything
    [InlineData("", "", false)]
    public void HashesOfAnyLengthAreCompared(string one, string other, bool same) => Assert.Equal(same, FileHashes.Same(one, other));

    string Written(byte[] data)
    {
        string path = Path.Combine(folder, "a.safetensors");
        File.WriteAllBytes(path, data);
        return path;
    }
}
