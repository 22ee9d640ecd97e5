namespace PureLcm.Weights.Tests;

/// <summary>Files that are written, read again; and that nothing half-written stays.</summary>
public class SafetensorsWriterTests : IDisposable
{
    readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    static byte[] Bytes(int count) => [.. Enumerable.Range(0, count).Select(i => (byte)(37 * i + 11))];

    [Fact]
    public void AllTypesSurviveARoundTrip()
    {
        var tensors = Enum.GetValues<DType>().Select(type => new TensorToWrite($"tensor.{type}", type, [3, 5], Bytes(15 * type.Size()))).ToList();
        tensors.Add(new("single", DType.F16, [], [0, 60]));
        tensors.Add(new("empty", DType.F32, [4, 0], []));
        tensors.Add(new("a \"name\"\n\\ of λ and 🎨", DType.U8, [1], [1]));
        SafetensorsWriter.Write(temporary["x.safetensors"], tensors, new Dictionary<string, string> { ["format"] = "pt", ["ö"] = "\"\u0001" });

        using var file = SafetensorsFile.Open(temporary["x.safetensors"]);
        Assert.Equal(tensors.Select(tensor => tensor.Name).Order(), file.Tensors.Keys.Order());
        Assert.Equal("\"\u0001", file.Metadata["ö"]);
        foreach (var tensor in tensors)
        {
            var read = file.Tensors[tensor.Name];
            Assert.Equal(tensor.DType, read.DType);
            Assert.Equal(tensor.Sides, read.Sides);
            Assert.Equal(0, read.Offset % read.DType.Size()); // aligned
            var expected = new MemoryStream();
            tensor.Write(expected);
            Assert.Equal(expected.ToArray(), read.ReadBytes());
        }
    }

    [Fact]
    public void TheReferenceFilesSurviveARoundTrip()
    {
        using var original = SafetensorsFile.Open(Golden.Model("sd15_unet_bf16.safetensors"));
        SafetensorsWriter.Write(temporary["x.safetensors"], original.Tensors.Values.Select(tensor => new TensorToWrite(tensor.Name, tensor.DType, tensor.Sides, tensor.ReadBytes())), original.Metadata);
        using var copy = SafetensorsFile.Open(temporary["x.safetensors"]);
        Assert.Equal(original.Tensors.Count, copy.Tensors.Count);
        Assert.All(original.Tensors.Values, tensor => Assert.Equal(tensor.ReadBytes(), copy.Find(tensor.Name).ReadBytes()));
        Assert.All(copy.Tensors.Values, tensor => Assert.Equal(DType.BF16, tensor.DType));
    }

    [Fact]
    public void TheSameTensorsInAnotherOrderGiveTheSameBytes()
    {
        TensorToWrite[] tensors = [new("b", DType.F16, [2], Bytes(4)), new("a", DType.F16, [1], Bytes(2)), new("c", DType.F32, [1], Bytes(4))];
        var metadata = new Dictionary<string, string> { ["x"] = "1", ["a"] = "2" };
        SafetensorsWriter.Write(temporary["1"], tensors, metadata);
        SafetensorsWriter.Write(temporary["2"], tensors.Reverse(), metadata.Reverse().ToDictionary());
        Assert.Equal(File.ReadAllBytes(temporary["1"]), File.ReadAllBytes(temporary["2"]));
    }

    [Fact]
    public void TensorsAreWrittenInPartsWithoutBeingHeldInMemory()
    {
        byte[] part = Bytes(1 << 20);
        var large = new TensorToWrite("large", DType.U8, [64, part.Length], stream =>
        {
            for (int i = 0; i < 64; i++) stream.Write(part);
        });
        long before = GC.GetAllocatedBytesForCurrentThread();
        SafetensorsWriter.Write(temporary["x.safetensors"], [large]);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4 << 20);

        using var file = SafetensorsFile.Open(temporary["x.safetensors"]);
        var read = new byte[part.Length];
        file.Tensors["large"].Read(63L * part.Length, read);
        Assert.Equal(part, read);
    }

    [Fact]
    public void AFileThatIsThereIsReplaced()
    {
        SafetensorsWriter.Write(temporary["x.safetensors"], [new("old", DType.U8, [1], [1])]);
        SafetensorsWriter.Write(temporary["x.safetensors"], [new("new", DType.U8, [1], [2])]);
        using var file = SafetensorsFile.Open(temporary["x.safetensors"]);
        Assert.Equal(["new"], file.Tensors.Keys);
        Assert.Single(Directory.GetFiles(temporary.Path));
    }

    [Fact]
    public void AFailureHalfwayLeavesTheOldFileAndNothingElse()
    {
        SafetensorsWriter.Write(temporary["x.safetensors"], [new("old", DType.U8, [1], [1])]);
        byte[] before = File.ReadAllBytes(temporary["x.safetensors"]);
        var failing = new TensorToWrite("new", DType.U8, [100], stream =>
        {
            stream.Write(Bytes(50));
            throw new OperationCanceledException();
        });
        Assert.Throws<OperationCanceledException>(() => SafetensorsWriter.Write(temporary["x.safetensors"], [failing]));
        Assert.Equal(before, File.ReadAllBytes(temporary["x.safetensors"]));
        Assert.Single(Directory.GetFiles(temporary.Path));
    }

    [Fact]
    public void ADiskWithoutRoomIsSaidBeforeAnythingIsWritten()
    {
        var endless = new TensorToWrite("a", DType.U8, [1 << 30, 1 << 30], _ => Assert.Fail("nothing may be written")); // an exabyte
        Expect.Error(() => SafetensorsWriter.Write(temporary["x.safetensors"], [endless]), "writing failed", "make room on the disk");
        Assert.Empty(Directory.GetFiles(temporary.Path));
    }

    [Fact]
    public void AFolderThatIsMissingIsSaid() =>
        Expect.Error(() => SafetensorsWriter.Write(temporary["none/x.safetensors"], []), "no such folder");

    [Fact]
    public void AFolderInTheWayIsSaid() => Expect.Error(() => SafetensorsWriter.Write(temporary.Path, []), "a folder of that name is in the way");

    [Fact]
    public void AReadOnlyFolderIsSaid()
    {
        TemporaryFolder.SetMode(temporary.Path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            Expect.Error(() => SafetensorsWriter.Write(temporary["x.safetensors"], []), "may not write there");
        }
        finally
        {
            TemporaryFolder.SetMode(temporary.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void WrongTensorsAreBugs()
    {
        string path = temporary["x.safetensors"];
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [new("a", DType.F32, [2], Bytes(7))]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [new("a", DType.F32, [2], Bytes(9))]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [new("a", DType.U8, [1], [1]), new("a", DType.U8, [1], [1])]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [new("__metadata__", DType.U8, [1], [1])]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(path, [new("a", DType.U8, [-1], [])]));
        Assert.Throws<OverflowException>(() => SafetensorsWriter.Write(path, [new("a", DType.U8, [int.MaxValue, int.MaxValue, int.MaxValue], [])]));
        Assert.Empty(Directory.GetFiles(temporary.Path));
    }
}
