using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.Layers;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Random;

namespace PureLcm.Model.Tests.Pipelines;

/// <summary>All noise of a run in torch's order, though no more than a picture's is ever held.</summary>
public sealed class NoiseTests
{
    /// <summary>Draws of every size about the generator's block of 16: pieces of a stream are pieces of the draw.</summary>
    [Fact]
    public void PiecesOfAStreamArePiecesOfTheDraw()
    {
        foreach (int count in (int[])[1, 3, 12, 15, 16, 17, 31, 32, 33, 48, 100, 140, 256, 1000])
            foreach (int piece in (int[])[1, 4, 5, 16, 20, 35])
            {
                var whole = new float[count];
                var generator = new TorchRandom(7ul);
                generator.Normal(new float[5]); // a small draw before, whose kept half a small draw begins with
                var after = generator.Copy();
                var stream = new NormalStream(generator.Copy(), count);
                generator.Normal(whole);
                var pieces = new float[count];
                for (int i = 0; i < count; i += piece) stream.Read(pieces.AsSpan(i, Math.Min(piece, count - i)));
                Assert.Equal(whole, pieces);

                for (int skip = 0; skip < count; skip += 1 + piece)
                {
                    var skipped = new NormalStream(after.Copy(), count);
                    skipped.Skip(skip);
                    var rest = new float[count - skip];
                    skipped.Read(rest);
                    Assert.Equal(whole[skip..], rest);
                }

                // The generator that passed over the draw stands where the one that made it stands.
                after.SkipNormal(count);
                float[] next = new float[20], theirs = new float[20];
                after.Normal(next);
                generator.Normal(theirs);
                Assert.Equal(theirs, next);
            }
    }

    /// <summary>Latents whose size is no multiple of 16, among them some that are smaller than a block.</summary>
    [Theory]
    [InlineData(1, 1, 3)]
    [InlineData(1, 1, 5)]
    [InlineData(3, 5, 4)]
    [InlineData(8, 8, 3)]
    public void PicturesAreTheirPlacesInTorchsBatch(int h, int w, int pictures)
    {
        var shape = Shape.Image(1, h, w, 4);
        int count = (int)shape.Count;
        bool[] draws = [true, false, true, false];
        var generator = new TorchRandom(3ul);
        var batches = Enumerable.Range(0, 3).Select(_ =>
        {
            var values = new float[pictures * count];
            generator.Normal(values);
            return values;
        }).ToArray();

        using var backend = new CpuBackend(1);
        using var run = new Run(backend, cancellationToken: TestContext.Current.CancellationToken);
        var all = new Noise(3, pictures, shape, draws);
        for (int i = 0; i < pictures; i++)
        {
            Check(all, i);
            Check(all, i); // once more, as a run that is made again asks for it
            Check(new(3, pictures, shape, draws, first: i), i);
        }
        if (pictures > 1) Assert.Throws<InvalidOperationException>(() => all.Upload(run, 0));

        void Check(Noise noise, int picture)
        {
            var tensor = noise.Upload(run, picture);
            Assert.Equal(3, tensor.Shape.N);
            Tensor[] parts = [tensor.Batch(0), noise.OfStep(tensor, 0), noise.OfStep(tensor, 2)];
            for (int d = 0; d < 3; d++) Assert.Equal(batches[d].AsSpan(picture * count, count).ToArray(), backend.DownloadTorch(parts[d]));
        }
    }

    /// <summary>A picture to begin with is drawn before the latents, and without what its mask covers between them and the steps.</summary>
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3)]
    [InlineData(8, 2)]
    public void APictureToBeginWithIsDrawnOnce(int side, int pictures)
    {
        var shape = Shape.Image(1, side, side + 1, 4);
        int count = (int)shape.Count;
        using var backend = new CpuBackend(1);
        using var run = new Run(backend, cancellationToken: TestContext.Current.CancellationToken);
        foreach (var (picture, masked) in (ReadOnlySpan<(bool, bool)>)[(true, true), (true, false), (false, true)])
        {
            var generator = new TorchRandom(9ul);
            float[]? first = picture ? Draw(1) : null;
            float[] latents = Draw(pictures);
            float[]? second = masked ? Draw(1) : null;
            float[] step = Draw(pictures);
            for (int i = 0; i < pictures; i++)
            {
                var noise = new Noise(9, pictures, shape, [true, false], first: i, picture, masked);
                Assert.Equal(Own(first), noise.OfPicture);
                Assert.Equal(Own(second), noise.OfMasked);
                var all = noise.Upload(run, i);
                Assert.Equal(latents.AsSpan(i * count, count).ToArray(), backend.DownloadTorch(all.Batch(0)));
                Assert.Equal(step.AsSpan(i * count, count).ToArray(), backend.DownloadTorch(noise.OfStep(all, 0)));
            }

            float[] Draw(int n)
            {
                var values = new float[n * count];
                generator.Normal(values);
                return values;
            }
        }

        float[]? Own(float[]? torch)
        {
            if (torch is null) return null;
            var own = new float[count];
            TorchOrder.FromTorch(torch, shape, own);
            return own;
        }
    }

    /// <summary>Ten thousand pictures need the memory of one: once 10000 of 2048x2048 ended in an overflow, before all.</summary>
    [Fact]
    public void MemoryDoesNotGrowWithTheCount()
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        var noise = new Noise(1, 1000, Shape.Image(1, 64, 64, 4), [true, true, true, false]);
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1 << 20);
        Assert.Equal(64, noise.Shape.H);
    }

    /// <summary>One picture of a batch can be made without those before it.</summary>
    [Fact]
    public void OnePictureOfABatch()
    {
        using var pipeline = TextToImage.Load(Repository.Picturebook, cancellationToken: TestContext.Current.CancellationToken);
        var options = new GenerateOptions { Steps = 2, Seed = 4, Count = 3, Width = 72, Height = 56 };
        var all = pipeline.GenerateAll("a boat", options, TestContext.Current.CancellationToken);
        var third = Assert.Single(pipeline.GenerateEach("a boat", options with { Index = 2 }, TestContext.Current.CancellationToken));
        Assert.Equal(all[2].Rgb, third.Rgb);
        Assert.NotEqual(all[1].Rgb, third.Rgb);
        Assert.ThrowsAny<ModelException>(() => pipeline.Resolve(options with { Index = 3 }));
    }
}
