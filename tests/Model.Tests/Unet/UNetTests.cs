using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Kernels.Reference;
using PureLcm.Model.Layers;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Unet;

namespace PureLcm.Model.Tests.Unet;

public sealed class UNetTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Latents whose sides can't be halved: the way down rounds up, and the way up ends where it began. With and without a middle.</summary>
    [Theory]
    [InlineData("sd15", 9, 13)]
    [InlineData("sd15", 8, 3)]
    [InlineData("bksdm", 7, 10)]
    public void OddSizes(string name, int h, int w)
    {
        float[] ours = RunOn(new CpuBackend(), name, h, w), theirs = RunOn(new ReferenceBackend(), name, h, w);
        double difference = Math.Sqrt(ours.Zip(theirs).Sum(pair => Math.Pow(pair.First - pair.Second, 2)) / theirs.Sum(value => Math.Pow(value, 2)));
        Assert.InRange(difference, 1e-9, 5e-6);
    }

    static float[] RunOn(Backend backend, string name, int h, int w)
    {
        using (backend)
        {
            using var model = LoadedModel.Load(FolderSource.Open(Path.Combine(Repository.Golden, "models", name)), backend, new() { Lcm = false }, cancellationToken: Cancellation);
            float[] values;
            using (var run = new Run(backend, cancellationToken: Cancellation))
            {
                var (x, words) = Inputs(run, model.Unet, h, w);
                long before = backend.BytesInUse;
                var output = model.Unet.Forward(run, x, [321], words);
                Assert.Equal(x.Shape.WithChannels(model.Unet.Config.OutChannels), output.Shape);
                Assert.InRange(backend.BytesInUse - before, output.Shape.Count * 4, output.Shape.Count * 4 + 64); // nothing else is left
                values = backend.DownloadTorch(output);
            }
            Assert.Equal(0, backend.BytesInUse);
            return values;
        }
    }

    static (Tensor X, Tensor Words) Inputs(Run run, UNet unet, int h, int w)
    {
        Tensor x = run.Allocate(Shape.Image(1, h, w, unet.Config.InChannels)), words = run.Allocate(Shape.Tokens(1, 5, unet.Config.ContextChannels));
        run.Backend.Upload([.. Enumerable.Range(0, (int)x.Shape.Count).Select(i => MathF.Sin(i * 0.7f))], x);
        run.Backend.Upload([.. Enumerable.Range(0, (int)words.Shape.Count).Select(i => MathF.Cos(i * 0.3f))], words);
        return (x, words);
    }
}
