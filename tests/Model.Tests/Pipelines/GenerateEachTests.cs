using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;

namespace PureLcm.Model.Tests.Pipelines;

/// <summary>Pictures one at a time, and cancelling in the middle.</summary>
public class GenerateEachTests
{
    static readonly GenerateOptions plan = new() { Steps = 2, Seed = 7, Width = 64, Height = 64, Count = 3 };

    [Fact]
    public void EachIsMadeWhenItIsAskedFor()
    {
        using var pipeline = TextToImage.Load(Repository.Picturebook, cancellationToken: TestContext.Current.CancellationToken);
        var reports = new List<GenerationProgress>();
        var each = new List<byte[]>();
        foreach (var picture in pipeline.GenerateEach("a cat", plan with { Progress = new Listener(reports.Add) }, TestContext.Current.CancellationToken))
        {
            each.Add(picture.Rgb);
            Assert.Equal(each.Count - 1, reports[^1].Picture); // and none of the next has begun
            Assert.Equal(GenerationStage.Decode, reports[^1].Stage);
        }
        Assert.Equal(pipeline.GenerateAll("a cat", plan, TestContext.Current.CancellationToken).Select(picture => picture.Rgb), each);
    }

    [Fact]
    public void CancelledBetweenTwoItEndsAndThePipelineGoesOnWorking()
    {
        using var pipeline = TextToImage.Load(Repository.Picturebook, cancellationToken: TestContext.Current.CancellationToken);
        using var stop = new CancellationTokenSource();
        var made = new List<Picture>();
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            foreach (var picture in pipeline.GenerateEach("a cat", plan, stop.Token))
            {
                made.Add(picture);
                stop.Cancel();
            }
        });
        Assert.Single(made);
        Assert.Equal(made[0].Rgb, pipeline.GenerateEach("a cat", plan, TestContext.Current.CancellationToken).First().Rgb);
    }

    [Fact]
    public void LoadingIsCancelledBetweenTwoWeights() =>
        Assert.ThrowsAny<OperationCanceledException>(() => TextToImage.Load(Repository.Picturebook, cancellationToken: new(canceled: true)));

    /// <summary>A file and a stream get the same bytes.</summary>
    [Fact]
    public void APictureGoesIntoAStream()
    {
        var picture = new Picture(2, 1, [1, 2, 3, 4, 5, 6]) { Texts = new Dictionary<string, string> { ["parameters"] = "a" } };
        using var stream = new MemoryStream();
        picture.Write(stream);
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName() + ".png");
        try
        {
            picture.Save(path);
            Assert.Equal(File.ReadAllBytes(path), stream.ToArray());
        }
        finally
        {
            File.Delete(path);
        }
    }

    sealed class Listener(Action<GenerationProgress> hear) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => hear(value);
    }
}
