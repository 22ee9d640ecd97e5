using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace PureLcm.Weights.Tests;

/// <summary>
/// A file is untrusted: whatever its bytes, opening it either gives tensors that lie inside it or explains, and takes
/// no more memory than a small multiple of its size.
/// </summary>
public class HeaderMutationTests : IDisposable
{
    readonly TemporaryFolder temporary = new();
    static readonly byte[] whole = File.ReadAllBytes(Golden.Model("sd15/loras/style_peft.safetensors"))[..(8 + 40232 + 125696)];
    static readonly byte[] small = TemporaryFolder.Raw(
        """{"__metadata__":{"format":"pt"},"a.weight":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]},"b":{"dtype":"I64","shape":[],"data_offsets":[12,20]}}""", new byte[20]);

    // JSON texts that a number of the header may be replaced by.
    static readonly Gen<string> badNumbers = Gen.Elements(
        "0", "1", "2", "3", "12", "20", "-1", "1.5", "1e3", "1e999", "2147483647", "2147483648", "4294967297", "9223372036854775807",
        "9223372036854775808", "18446744073709551616", "null", "true", "\"1\"", "[]", "{}", "[0]", "", "00", "NaN");

    public void Dispose() => temporary.Dispose();

    /// <summary>True where the file opened, false where it was explained; anything else fails the test.</summary>
    bool OpensSoundOrExplains(byte[] bytes)
    {
        string path = temporary.WriteBytes("x.safetensors", bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();
        SafetensorsFile? file = null;
        string? explanation = null;
        try
        {
            file = SafetensorsFile.Open(path);
        }
        catch (WeightsException e)
        {
            explanation = e.Message;
        }
        long taken = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(taken, 0, 128 * 1024 + 16L * bytes.Length);

        if (file == null)
        {
            Assert.StartsWith(path + ": ", explanation);
            return false;
        }
        using (file)
        {
            long covered = 0;
            foreach (var tensor in file.Tensors.Values)
            {
                Assert.True(tensor.Offset >= 8 && tensor.Offset + tensor.Bytes <= bytes.Length);
                Assert.Equal(tensor.Bytes, tensor.Sides.Aggregate((long)tensor.DType.Size(), (product, side) => checked(product * side)));
                Assert.Equal(tensor.Bytes, tensor.ReadBytes().Length);
                covered += tensor.Bytes;
            }
            Assert.Equal(bytes.Length - 8 - BitConverter.ToInt64(bytes), covered);
        }
        return true;
    }

    [Fact]
    public void TheUnchangedFilesOpen()
    {
        Assert.True(OpensSoundOrExplains(whole));
        Assert.True(OpensSoundOrExplains(small));
    }

    [Property(MaxTest = 1000)]
    public void ChangedBytes(NonEmptyArray<(NonNegativeInt Position, byte Value)> changes)
    {
        byte[] bytes = [.. small];
        foreach (var (position, value) in changes.Get) bytes[position.Get % (bytes.Length - 20)] = value;
        OpensSoundOrExplains(bytes);
    }

    [Property(MaxTest = 300)]
    public void FlippedBitsOfARealFile(NonNegativeInt position, byte bit)
    {
        byte[] bytes = [.. whole];
        bytes[position.Get * 131 % (8 + 40232)] ^= (byte)(1 << (bit & 7));
        OpensSoundOrExplains(bytes);
    }

    [Property(MaxTest = 500)]
    public void AnyHeaderLength(long length, byte shift)
    {
        byte[] bytes = [.. small];
        BitConverter.TryWriteBytes(bytes, length << (shift & 63));
        Assert.Equal(BitConverter.ToInt64(bytes) == BitConverter.ToInt64(small), OpensSoundOrExplains(bytes));
    }

    [Property(MaxTest = 300)]
    public void CutAnywhere(NonNegativeInt end)
    {
        Assert.False(OpensSoundOrExplains(small[..(end.Get % small.Length)]));
        Assert.False(OpensSoundOrExplains(whole[..(int)(end.Get * 7919L % whole.Length)]));
    }

    [Property(MaxTest = 200)]
    public void Lengthened(NonEmptyArray<byte> more) => Assert.False(OpensSoundOrExplains([.. small, .. more.Get]));

    [Property(MaxTest = 1000)]
    public Property ReplacedNumbers() => Prop.ForAll(
        badNumbers.Four().ToArbitrary(), numbers =>
        {
            var (a, b, c, d) = numbers;
            string header = $$"""{"a":{"dtype":"F16","shape":[{{a}},{{b}}],"data_offsets":[{{c}},{{d}}] } }""";
            OpensSoundOrExplains(TemporaryFolder.Raw(header, new byte[20]));
        });

    [Property(MaxTest = 500)]
    public Property ShuffledPieces() => Prop.ForAll(
        Gen.Elements("{", "}", "[", "]", ":", ",", "\"a\"", "\"dtype\"", "\"U8\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "0", "1",
            "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}", "\"b\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[1,1]}").ListOf().ToArbitrary(),
        pieces => { OpensSoundOrExplains(TemporaryFolder.Raw("{" + string.Concat(pieces) + "}", new byte[1])); });

    [Property(MaxTest = 300)]
    public void AnyBytesAtAll(byte[] bytes)
    {
        OpensSoundOrExplains(bytes);
        OpensSoundOrExplains([.. BitConverter.GetBytes((long)bytes.Length), .. bytes]);
        OpensSoundOrExplains([.. BitConverter.GetBytes(1L + bytes.Length), (byte)'{', .. bytes]);
    }

    // What makes a parser take the most memory for each byte of its text.
    [Theory]
    [InlineData("[", 1 << 20)]
    [InlineData("{\"a\":", 1 << 18)]
    [InlineData("1,", 1 << 19)]
    [InlineData("\"\":1,", 1 << 18)]
    public void BombsTakeLittleMemory(string piece, int count)
    {
        string bomb = string.Concat(Enumerable.Repeat(piece, count));
        foreach (string before in new[] { "{\"a\":", "{\"a\":{\"shape\":[", "{\"a\":{\"x\":[", "{\"__metadata__\":{", "{" })
            Assert.False(OpensSoundOrExplains(TemporaryFolder.Raw(before + bomb, [])));
    }

    [Fact]
    public void ManySmallTensorsTakeLittleMemory()
    {
        var entries = Enumerable.Range(0, 100_000).Select(i => $"\"{i:x}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}");
        Assert.True(OpensSoundOrExplains(TemporaryFolder.Raw($"{{{string.Join(',', entries)}}}", [])));
        string ones = string.Concat(Enumerable.Repeat(",1", 1_000_000));
        Assert.True(OpensSoundOrExplains(TemporaryFolder.Raw("{\"a\":{\"dtype\":\"U8\",\"shape\":[1" + ones + "],\"data_offsets\":[0,1]}}", [1])));
    }
}
