using PureLcm.Model.Pipelines;

namespace PureLcm.Model.Tests.Pipelines;

public sealed class PreviewsTests
{
    /// <summary>They are spread evenly over the steps, as many as were asked for where there are as many, and never the last.</summary>
    [Theory]
    [InlineData(0, 4, "")]
    [InlineData(1, 1, "")]
    [InlineData(1, 2, "0")]
    [InlineData(1, 4, "1")]
    [InlineData(2, 4, "0 1")]
    [InlineData(3, 4, "0 1 2")]
    [InlineData(9, 4, "0 1 2")]
    [InlineData(3, 25, "5 11 17")]
    [InlineData(3, 50, "11 24 36")]
    [InlineData(-1, 4, "")]
    public void TheyAreSpreadOverTheSteps(int count, int steps, string due)
    {
        var previews = new Previews(count, _ => { });
        Assert.Equal(due, string.Join(' ', Enumerable.Range(0, steps).Where(step => previews.IsDue(step, steps))));
    }

    /// <summary>Asked of the pipeline, they come in order, of the picture's size, and leave the picture as it is.</summary>
    [Fact]
    public void TheyChangeNothing()
    {
        using var pipeline = TextToImage.Load(Repository.Picturebook, cancellationToken: TestContext.Current.CancellationToken);
        var seen = new List<StepPicture>();
        var options = new GenerateOptions { Steps = 3, Seed = 7, Width = 64, Height = 72 };
        byte[] plain = pipeline.Generate("a cat", options, TestContext.Current.CancellationToken).Rgb;
        var watching = options with { Previews = new(2, seen.Add) };
        byte[] watched = pipeline.Generate("a cat", watching, TestContext.Current.CancellationToken).Rgb;
        Assert.Equal(plain, watched);
        Assert.Equal([(0, 0), (0, 1)], seen.Select(item => (item.Index, item.Step)));
        Assert.All(seen, item => Assert.Equal((64, 72), (item.Picture.Width, item.Picture.Height)));

        // With latent consistency the first step's estimate is what a single step makes.
        byte[] single = pipeline.Generate("a cat", options with { Steps = 1 }, TestContext.Current.CancellationToken).Rgb;
        int far = single.Zip(seen[0].Picture.Rgb).Count(pair => Math.Abs(pair.First - pair.Second) > 1);
        Assert.InRange(far, 0, single.Length / 1000);
    }
}
