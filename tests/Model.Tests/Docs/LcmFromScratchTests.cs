using PureLcm.Model.Pipelines;

namespace PureLcm.Model.Tests.Docs;

public class LcmFromScratchTests
{
    /// <summary>The page's program makes the pipeline's picture.</summary>
    [Theory]
    [InlineData(4, 0)]
    [InlineData(3, 7)]
    public void MakesThePipelinesPicture(int steps, long seed)
    {
        const string prompt = "a red house in the snow at night";
        var ours = LcmFromScratch.Generate(Repository.Picturebook, prompt, steps, seed);
        using var pipeline = TextToImage.Load(Repository.Picturebook, cancellationToken: TestContext.Current.CancellationToken);
        var theirs = pipeline.Generate(prompt, new() { Steps = steps, Seed = seed }, TestContext.Current.CancellationToken);
        int far = ours.Rgb.Zip(theirs.Rgb).Count(pair => Math.Abs(pair.First - pair.Second) > 1);
        Assert.InRange(far, 0, ours.Rgb.Length / 1000);
    }

    /// <summary>The page shows the program that is tested.</summary>
    [Fact]
    public void ThePageShowsThisProgram()
    {
        string source = Read("tests", "Model.Tests", "Docs", "LcmFromScratch.cs"), page = Read("docs", "lcm-from-scratch.md");
        Assert.Contains("```csharp\n" + source.Trim() + "\n```", page);

        static string Read(params string[] path) => File.ReadAllText(Path.Combine([Repository.Root, .. path])).ReplaceLineEndings("\n");
    }
}
