using PureLcm.Kernels.Cpu;
using PureLcm.Model.ControlNet;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Schedulers;

namespace PureLcm.Model.Tests.Pipelines;

/// <summary>What is counted before anything is loaded is what a run takes.</summary>
public sealed class MemoryPlanTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(128, 128, 4, false, false)]
    [InlineData(192, 64, 2, true, false)]
    [InlineData(128, 128, 3, false, true)]
    [InlineData(128, 128, 4, false, false, true)]
    [InlineData(192, 256, 1, false, false, true, true)]
    [InlineData(64, 64, 1, false, false, true)]
    public void TheEstimateIsThePeak(int width, int height, int steps, bool guided, bool fuse, bool image = false, bool mask = false)
    {
        var load = new LoadOptions { Loras = [new(Path.Combine(Repository.Picturebook, "loras", "cyanotype.safetensors"), 0.5f)], Fuse = fuse };
        var options = new GenerateOptions { Steps = steps, Width = width, Height = height, Guidance = guided ? 2 : 1 };
        if (image) options = options with { Image = TestPictures.Gradient(width, height), Mask = mask ? TestPictures.LeftPart(width, height, width / 2) : null };
        using var source = FolderSource.Open(Repository.Picturebook);
        using var backend = new CpuBackend(1);
        var plan = MemoryPlan.Of(source, load, options, backend);
        using var pipeline = TextToImage.Load(Repository.Picturebook, load, backend, options, Cancellation);
        Assert.Equal(plan.Weights, pipeline.Model.Bytes);
        backend.ResetPeak();
        pipeline.Generate("a boat", options, Cancellation);
        Assert.InRange((double)plan.Tensors / backend.PeakFootprint, 0.98, 1.05); // a backend rounds sizes up a little
    }

    /// <summary>
    /// Most of the encoder's tensors are of the decoder's sizes and stay in the pool for it; but the distribution, [h,w,8], is as
    /// large as nothing else, and there is one latent more.
    /// </summary>
    [Fact]
    public void APictureToBeginWithCounts()
    {
        using var source = FolderSource.Open(Repository.Picturebook);
        var words = new GenerateOptions { Width = 64, Height = 64 };
        var fromWords = MemoryPlan.Of(source, null, words);
        var fromPicture = MemoryPlan.Of(source, null, words with { Image = TestPictures.Gradient(64, 64) });
        Assert.True(fromPicture.Host >= fromWords.Host + 64 * 64 * 3 * sizeof(float));
        Assert.True(fromPicture.Tensors >= fromWords.Tensors + (8 + 4) * 8 * 8 * sizeof(float));
    }

    /// <summary>With ControlNets as without, and they count.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(1, 2)]
    public void ControlNetsCount(double guidance, int controls)
    {
        string model = Path.Combine(Repository.Golden, "models", "sd15"), network = Path.Combine(model, "controlnet");
        var load = new LoadOptions { Lcm = false, Controls = [.. Enumerable.Repeat(network, controls)] };
        var plain = new GenerateOptions { Steps = 3, Guidance = guidance, Width = 128, Height = 128, Scheduler = SchedulerKind.Lcm };
        var options = plain with { Controls = [.. Enumerable.Range(0, controls).Select(i => new ControlChoice(new(128, 128, new byte[3 * 128 * 128])) { Network = i })] };
        using var source = FolderSource.Open(model);
        using var backend = new CpuBackend(1);
        var plan = MemoryPlan.Of(source, load, options, backend);
        Assert.True(plan.Bytes > MemoryPlan.Of(source, load, plain, backend).Bytes);
        Assert.True(plan.Weights > MemoryPlan.Of(source, load with { Controls = [] }, plain, backend).Weights);
        Assert.True(MemoryPlan.Of(source, load, null, backend).Bytes > MemoryPlan.Of(source, load, new(), backend).Bytes); // whatever was loaded may act
        using var pipeline = TextToImage.Load(model, load, backend, options, Cancellation);
        Assert.Equal(plan.Weights, pipeline.Model.Bytes);
        backend.ResetPeak();
        pipeline.Generate("a boat", options, Cancellation);
        Assert.InRange((double)plan.Tensors / backend.PeakFootprint, 0.98, 1.05);
    }

    [Fact]
    public void NoiseAndSizeCount()
    {
        using var source = FolderSource.Open(Repository.Picturebook);
        var small = MemoryPlan.Of(source, null, new() { Width = 64, Height = 64 });
        var large = MemoryPlan.Of(source, null, new() { Width = 512, Height = 512 });
        var many = MemoryPlan.Of(source, null, new() { Width = 512, Height = 512, Count = 10000 });
        var long50 = MemoryPlan.Of(source, null, new() { Width = 512, Height = 512, Steps = 50 });
        Assert.Equal(small.Weights, large.Weights);
        Assert.InRange((double)large.Tensors / small.Tensors, 20, 64);
        Assert.Equal(large, many); // pictures are made one by one
        Assert.True(long50.Bytes > large.Bytes);
    }

    /// <summary>What can't fit, or can't be, is told before anything is packed.</summary>
    [Fact]
    public void ToldBeforeTheWork()
    {
        var error = Assert.ThrowsAny<ModelException>(() => TextToImage.Load(Repository.Picturebook, run: new() { Width = 16384, Height = 16384 }, cancellationToken: Cancellation));
        Assert.Matches(@"^a picture from picturebook at this size takes about \d+\.\d GB of memory, and \d+\.\d GB are free; ", error.Message);
        Assert.Contains("multiples of 8", Assert.ThrowsAny<ModelException>(() => TextToImage.Load(Repository.Picturebook, run: new() { Width = 100 }, cancellationToken: Cancellation)).Message);
        Assert.Contains("51 steps", Assert.ThrowsAny<ModelException>(() => TextToImage.Load(Repository.Picturebook, run: new() { Steps = 51 }, cancellationToken: Cancellation)).Message);
    }
}
