using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Tests.Pipelines;

namespace PureLcm.Model.Tests.Docs;

/// <summary>The programs of the pages do what the pages say. They run in a folder that has models/picturebook.</summary>
public sealed class ExampleTests : IDisposable
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    readonly string before = Environment.CurrentDirectory;
    readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("lcm-docs");
    readonly ModelCopy model = new(new DirectoryInfo(Repository.Picturebook));

    public ExampleTests()
    {
        Directory.CreateDirectory(Path.Combine(folder.FullName, "models"));
        Directory.Move(model.Path, Path.Combine(folder.FullName, "models", "picturebook"));
        Environment.CurrentDirectory = folder.FullName;
    }

    public void Dispose()
    {
        Environment.CurrentDirectory = before;
        folder.Delete(recursive: true);
    }

    [Fact]
    public void TheReadmesProgramMakesItsPicture()
    {
        Readme.Run();
        AssertSame(Plain("a red house in the snow at night", 7), Picture.Load("house.png"));
    }

    [Fact]
    public void LookingInsideSeesAndChanges()
    {
        using var pipeline = TextToImage.Load("models/picturebook", cancellationToken: Cancellation);
        var lines = new StringWriter();
        LookingInside.ListModules(pipeline, lines);
        string[] modules = lines.ToString().ReplaceLineEndings("\n").Split('\n');
        Assert.Contains("text_encoder [1,32,160]", modules);
        Assert.Contains("unet.down_blocks.1.resnets.0.conv1 [1,8,8,128]", modules);
        Assert.Contains("unet.mid_block [1,4,4,192]", modules);
        Assert.Contains("vae.decoder [1,128,128,3]", modules);
        Assert.DoesNotContain(modules, line => line.StartsWith("unet.down_blocks ", StringComparison.Ordinal));

        Assert.Equal([1, 192, 4, 4], LookingInside.Record(pipeline).Sides);

        long inUse = pipeline.Backend.BytesInUse;
        var changed = LookingInside.Change(pipeline);
        Assert.NotEqual(Plain("a red house", 7).Rgb, changed.Rgb);
        Assert.Equal(inUse, pipeline.Backend.BytesInUse);

        var shares = LookingInside.Attend(pipeline);
        Assert.Equal(pipeline.Tokenizer.Encode("a red house").Length, shares.Count);
        Assert.Equal(1, shares.Sum(), 1e-3);

        var steps = new StringWriter();
        LookingInside.Watch(pipeline, steps);
        string said = steps.ToString().ReplaceLineEndings("\n");
        Assert.Matches("^step 0 at 999: .*\nstep 1 at 759: .*\nstep 2 at 499: .*\nstep 3 at 259: .*\n$", said);
    }

    [Fact]
    public async Task ManyCallersGetTheirPictures()
    {
        var pictures = await Sharing.ManyCallers(Cancellation);
        AssertSame(Plain("a red house", 0), pictures[0]);
        AssertSame(Plain("a blue boat on the sea", 1), pictures[1]);
        AssertSame(Plain("a purple castle in a meadow", 2), pictures[2]);
    }

    [Fact]
    public void LoraWeightsAreTheRuns()
    {
        var pictures = Sharing.LoraWeights();
        AssertSame(Plain("a red house", 7), pictures[0]);
        Assert.NotEqual(pictures[0].Rgb, pictures[1].Rgb);
        Assert.NotEqual(pictures[1].Rgb, pictures[2].Rgb);
    }

    [Fact]
    public void PartsMakeThePipelinesPictures()
    {
        var pictures = Sharing.Parts();
        for (int seed = 0; seed < pictures.Count; seed++) AssertSame(Plain("a red house", seed), pictures[seed]);
    }

    static Picture Plain(string prompt, int seed)
    {
        using var pipeline = TextToImage.Load("models/picturebook", cancellationToken: Cancellation);
        return pipeline.Generate(prompt, new() { Seed = seed }, Cancellation);
    }

    static void AssertSame(Picture expected, Picture ours) => Assert.True(expected.Rgb.AsSpan().SequenceEqual(ours.Rgb), "another picture");
}
