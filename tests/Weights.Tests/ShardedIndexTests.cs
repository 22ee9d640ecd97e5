namespace PureLcm.Weights.Tests;

/// <summary>Which file of a folder is taken, and what an index of shards may say.</summary>
public class ShardedIndexTests : IDisposable
{
    const string Fetch = "fetch";
    readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    WeightFiles Open() => WeightFiles.Open(temporary.Path, "model");

    string Map(params (string Name, string File)[] entries) =>
        $$"""{"metadata": {"total_size": 8}, "weight_map": {{{string.Join(',', entries.Select(entry => $"\"{entry.Name}\": \"{entry.File}\""))}} } }""";

    [Fact]
    public void ThePlainFileIsTakenThenShardsThenHalfPrecision()
    {
        (string File, float Value)[] fromLastToFirst = [("model.fp16.safetensors", 3), ("shard", 2), ("model.safetensors", 1)];
        foreach (var (file, value) in fromLastToFirst)
        {
            if (file == "shard")
            {
                temporary.Write("model-00001-of-00001.safetensors", ("a", [value]));
                temporary.WriteText("model.safetensors.index.json", Map(("a", "model-00001-of-00001.safetensors")));
            }
            else temporary.Write(file, ("a", [value]));
            using var weights = Open();
            Assert.Equal([value], weights["a"].ReadFloats());
        }
    }

    [Theory]
    [InlineData("model.safetensors.index.json", "model-0000{0}-of-00002.safetensors")]
    [InlineData("model.safetensors.index.fp16.json", "model.fp16-0000{0}-of-00002.safetensors")]
    [InlineData("model.safetensors.fp16.index.json", "model-0000{0}-of-00002.fp16.safetensors")]
    public void EverySpellingOfAnIndexIsFound(string index, string shard)
    {
        string first = string.Format(shard, 1), second = string.Format(shard, 2);
        temporary.Write(first, ("a", [1f]), ("b", [2f]));
        temporary.Write(second, ("c", [3f]));
        temporary.WriteText(index, Map(("a", first), ("b", first), ("c", second)));
        using var weights = Open();
        Assert.Equal(["a", "b", "c"], weights.Tensors.Keys.Order());
        Assert.Equal([3f], weights["c"].ReadFloats());
        Assert.Equal(temporary[second], weights["c"].File.Path);
        Assert.Equal(temporary[index], weights.Path);
        Assert.Equal(2, weights.Files.Count);
    }

    [Theory]
    [InlineData("../x.safetensors")]
    [InlineData("/etc/x.safetensors")]
    [InlineData("sub/x.safetensors")]
    [InlineData(@"..\\x.safetensors")]
    [InlineData("C:x.safetensors")]
    [InlineData("..")]
    [InlineData("")]
    public void AShardMayNotLieOutsideTheFolder(string shard)
    {
        temporary.WriteText("model.safetensors.index.json", Map(("a", shard)));
        Expect.Error(Open, "which is not a file beside it", "source that you trust");
    }

    [Fact]
    public void AMissingShardIsNamed()
    {
        temporary.WriteText("model.safetensors.index.json", Map(("a", "model-00001-of-00001.safetensors")));
        Expect.Error(Open, "it names model-00001-of-00001.safetensors, which is not there", Fetch);
    }

    [Fact]
    public void ADamagedShardIsNamed()
    {
        temporary.WriteText("model.safetensors.index.json", Map(("a", "one.safetensors")));
        temporary.WriteBytes("one.safetensors", []);
        Expect.Error(Open, "one.safetensors: the file is empty");
    }

    [Fact]
    public void ATensorThatIsNotWhereTheIndexSaysIsNamed()
    {
        temporary.Write("one.safetensors", ("a", [1f]));
        temporary.WriteText("model.safetensors.index.json", Map(("a", "one.safetensors"), ("b", "one.safetensors")));
        Expect.Error(Open, "tensor \"b\" is in one.safetensors, which does not have it");
    }

    [Fact]
    public void ATensorThatTheIndexDoesNotKnowIsNamed()
    {
        temporary.Write("one.safetensors", ("a", [1f]), ("b", [1f]));
        temporary.WriteText("model.safetensors.index.json", Map(("a", "one.safetensors")));
        Expect.Error(Open, "one.safetensors has tensor \"b\"", "does not place it there");
    }

    [Theory]
    [InlineData("{}", "it has no weight_map")]
    [InlineData("""{"weight_map": []}""", "it has no weight_map")]
    [InlineData("""{"weight_map": {"a": 1}}""", "\"a\" is no file name")]
    [InlineData("""{"weight_map": {"a": "x.safetensors", "a": "y.safetensors"}}""", "not valid JSON")]
    [InlineData("""{"weight_map": {"a": "pytorch_model-00001.bin"}}""", "which is not a .safetensors file", "pickles are not read")]
    [InlineData("[]", "no {…} object")]
    [InlineData("{", "not valid JSON")]
    public void ADamagedIndexIsExplained(string index, params string[] words)
    {
        temporary.WriteText("model.safetensors.index.json", index);
        Expect.Error(Open, ["model.safetensors.index.json", .. words]);
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("model.ckpt")]
    [InlineData("weights.PT")]
    public void AFolderWithPicklesOnlyIsTold(string file)
    {
        temporary.WriteText(file, "");
        Expect.Error(Open, $"its weights are there as {file} only", "pickles are not read", "safe_serialization=True");
    }

    [Fact]
    public void AnEmptyOrMissingFolderIsTold()
    {
        Expect.Error(Open, "it has no weights (model.safetensors, .fp16.safetensors", "fetch the whole model folder");
        Expect.Error(() => WeightFiles.Open(temporary["none"], "model"), "there is no such folder");
    }

    [Fact]
    public void ATensorThatIsMissingIsSaidWithTheOnesThatAreThere()
    {
        temporary.Write("model.safetensors", ("a", [1f]), ("b", [1f]));
        using var weights = Open();
        Assert.False(weights.Contains("conv_in.weight"));
        Expect.Error(() => weights["conv_in.weight"], "model.safetensors", "no tensor \"conv_in.weight\"", "config.json", "\"a\", \"b\"");
    }
}
