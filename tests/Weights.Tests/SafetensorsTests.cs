namespace PureLcm.Weights.Tests;

/// <summary>The rules of the format, each broken once.</summary>
public class SafetensorsTests : IDisposable
{
    const string A = """ "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]} """;
    readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void TensorsMayStandInAnyOrderAndTheHeaderBePadded()
    {
        string path = temporary.WriteRaw("x.safetensors",
            """{"b":{"data_offsets":[2,6],"shape":[1,1],"dtype":"F32"},"__metadata__":{"format":"pt"},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}     """,
            [1, 2, 0, 0, 128, 63]);
        using var file = SafetensorsFile.Open(path);
        Assert.Equal(["a", "b"], file.Tensors.Keys.Order());
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal([1f, 2f], file.ReadFloats("a"));
        Assert.Equal([1f], file.ReadFloats("b")); // 2 bytes off any alignment
        Assert.Equal("b F32 [1,1]", file.Tensors["b"].ToString());
        Assert.Equal(new FileInfo(path).Length - 4, file.Tensors["b"].Offset);
    }

    [Fact]
    public void SingleNumbersAndEmptyTensorsAreLegal()
    {
        string path = temporary.WriteRaw("x.safetensors",
            """{"one":{"dtype":"I16","shape":[],"data_offsets":[0,2]},"none":{"dtype":"F32","shape":[0,2147483647],"data_offsets":[2,2]}}""", [255, 255]);
        using var file = SafetensorsFile.Open(path);
        Assert.Equal([-1L], file.Tensors["one"].ReadLongs());
        Assert.Equal(0, file.Tensors["none"].Count);
        Assert.Empty(file.ReadFloats("none"));
    }

    [Fact]
    public void AFileWithoutTensorsIsLegal()
    {
        using var file = SafetensorsFile.Open(temporary.WriteRaw("x.safetensors", "{}", []));
        Assert.Empty(file.Tensors);
        Expect.Error(() => file.ReadFloats("a"), "it has no tensor \"a\"", "no tensors at all");
    }

    [Fact]
    public void FieldsOfLaterVersionsArePassedOver()
    {
        string path = temporary.WriteRaw("x.safetensors", """{"a":{"new":{"x":[1,{}]},"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", [7]);
        using var file = SafetensorsFile.Open(path);
        Assert.Equal([7f], file.ReadFloats("a"));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "tensor \"a\" ends at byte 8, but the file has 7 data bytes", "download that broke off")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "1 bytes at its end belong to no tensor")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}""", 9, "begins at data byte 1, but the one before ends at 0")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[5,9]}}""", 9, "\"b\" begins at data byte 5, but the one before ends at 4")]
    [InlineData("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[3,7]}}""", 7, "\"b\" begins at data byte 3, but the one before ends at 4")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "\"a\" takes bytes 0 to 8, but F32 values of its shape are 12 bytes")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "\"a\" ends at byte 0, before its beginning at 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", 8, "not two whole numbers from 0 up")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8.5]}}""", 8, "not two whole numbers from 0 up")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,9223372036854775807]}}""", 8, "data_offsets beyond any file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8, "\"data_offsets\" of tensor \"a\"")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", 8, "data_offsets\" of tensor \"a\"")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "a side that is no number from 0 to 2147483647")]
    [InlineData("""{"a":{"dtype":"F32","shape":["2"],"data_offsets":[0,8]}}""", 8, "a side that is no number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2147483648],"data_offsets":[0,8]}}""", 8, "a side that is no number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2147483647,2147483647,2147483647],"data_offsets":[0,8]}}""", 8, "a shape larger than any file")]
    [InlineData("""{"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}}""", 8, "\"shape\" of tensor \"a\"")]
    [InlineData("""{"a":{"dtype":"Q4_K","shape":[2],"data_offsets":[0,8]}}""", 8, "values of type \"Q4_K\"", "convert the file")]
    [InlineData("""{"a":{"dtype":"3","shape":[2],"data_offsets":[0,8]}}""", 8, "values of type \"3\"")]
    [InlineData("""{"a":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}""", 8, "values of type \"f32\"")]
    [InlineData("""{"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}""", 8, "\"dtype\" of tensor \"a\"")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", 8, "tensor \"a\" lacks dtype")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,8]}}""", 8, "tensor \"a\" lacks shape")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "tensor \"a\" lacks data_offsets")]
    [InlineData("""{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "tensor \"a\" has \"dtype\" twice")]
    [InlineData("""{"a":[]}""", 0, "tensor \"a\" is not what the format wants")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "\"a\" of __metadata__")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", 0, "__metadata__ has \"a\" twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{}}""", 0, "__metadata__ twice")]
    [InlineData("""{"__metadata__":[]}""", 0, "__metadata__ is not what")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""", 8, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}} x""", 8, "not valid JSON")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},}""", 8, "not valid JSON")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 8, "not valid UTF-8")]
    public void ADamagedHeaderIsExplained(string header, int dataBytes, params string[] words) =>
        Expect.Error(() => SafetensorsFile.Open(temporary.WriteRaw("x.safetensors", header, new byte[dataBytes])), ["x.safetensors", .. words]);

    [Theory]
    [InlineData("a")]
    [InlineData(@"\u0061")] // the same name, spelled otherwise
    public void ANameThatIsThereTwiceIsRefused(string second)
    {
        string header = "{" + A + $$""","{{second}}":{"dtype":"F32","shape":[2],"data_offsets":[8,16]} }""";
        Expect.Error(() => SafetensorsFile.Open(temporary.WriteRaw("x.safetensors", header, new byte[16])), "tensor \"a\" is there twice");
    }

    [Fact]
    public void ADeeplyNestedHeaderIsRefused()
    {
        string header = $$"""{"a":{"x":{{new string('[', 100_000)}}""";
        Expect.Error(() => SafetensorsFile.Open(temporary.WriteRaw("x.safetensors", header, [])), "not valid JSON");
    }

    [Fact]
    public void AnEndlessNameIsShortenedInErrors()
    {
        string header = $$"""{"{{new string('n', 100_000)}}\n":{"dtype":"U8"} }""";
        var error = Expect.Error(() => SafetensorsFile.Open(temporary.WriteRaw("x.safetensors", header, [])), "lacks shape");
        Assert.InRange(error.Message.Length, 100, 500);
    }

    [Theory]
    [InlineData(100_000_001)] // one more than the format allows
    [InlineData(long.MaxValue)]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    public void AHeaderLengthThatCannotBeIsRefused(long length)
    {
        byte[] bytes = TemporaryFolder.Raw("{}", []);
        BitConverter.TryWriteBytes(bytes, length);
        Expect.Error(() => SafetensorsFile.Open(temporary.WriteBytes("x.safetensors", bytes)), "not a safetensors file");
    }

    [Fact]
    public void AFileThatEndsInItsHeaderIsSaidToBeCutOff()
    {
        byte[] bytes = TemporaryFolder.Raw($"{{{A}}}", new byte[8]);
        Expect.Error(() => SafetensorsFile.Open(temporary.WriteBytes("x.safetensors", bytes[..30])), "but the file ends after 22 of them", "download that broke off");
    }

    [Fact]
    public void AFileThatShrinksWhileItIsOpenIsAnErrorNotACrash()
    {
        string path = temporary.WriteRaw("x.safetensors", $"{{{A}}}", new byte[8]);
        using var file = SafetensorsFile.Open(path);
        using (var cut = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) cut.SetLength(cut.Length - 1);
        Expect.Error(() => file.ReadFloats("a"), "cut off while it was open");
    }

    [Theory]
    [InlineData(-1, 1)]
    [InlineData(0, 9)]
    [InlineData(8, 1)]
    [InlineData(long.MaxValue, 1)]
    public void ReadingBeyondATensorIsABug(long offset, int bytes)
    {
        using var file = SafetensorsFile.Open(temporary.WriteRaw("x.safetensors", $"{{{A}}}", new byte[8]));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Tensors["a"].Read(offset, new byte[bytes]));
    }

    [Fact]
    public void PartsOfATensorCanBeRead()
    {
        using var file = SafetensorsFile.Open(temporary.WriteRaw("x.safetensors", $"{{{A}}}", [0, 1, 2, 3, 4, 5, 6, 7]));
        var part = new byte[3];
        file.Read(file.Tensors["a"], 5, part);
        Assert.Equal([5, 6, 7], part);
    }

    [Fact]
    public void ValuesFromAnyOnOnCanBeRead()
    {
        float[] values = [.. Enumerable.Range(0, 10_000).Select(i => i / 8f)]; // more than are read at a time
        using var file = SafetensorsFile.Open(temporary.Write("x.safetensors", ("a", values)));
        var part = new float[9_000];
        file.Tensors["a"].ReadFloats(999, part);
        Assert.Equal(values[999..9_999], part);
        Assert.Equal(values, file.ReadFloats("a"));
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Tensors["a"].ReadFloats(1_001, part));
    }
}
