using PureLcm.Kernels;
using PureLcm.Kernels.Reference;
using PureLcm.Model.Layers;
using PureLcm.Model.Pipelines;

namespace PureLcm.Model.Tests.Vae;

public sealed class AutoencoderTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static string Folder(string model) => Path.Combine(Repository.Golden, "models", model, "vae");

    /// <summary>Sizes and ranges there and back: a picture's latent has its reduction's size, and a latent's picture its own again.</summary>
    [Theory]
    [InlineData("sd15", true)]
    [InlineData("taesd", false)]
    public void SizesThereAndBack(string model, bool draws)
    {
        using var backend = new ReferenceBackend();
        using var modules = new ModuleTable();
        var vae = Networks.LoadVae(Folder(model), backend, modules);
        using (var run = new Run(backend, cancellationToken: Cancellation))
        {
            var picture = run.Allocate(Shape.Image(1, 16, 24, 3));
            backend.Fill(picture, -0.5f);
            var (mean, logVariance) = vae.Encode(run, picture);
            Assert.Equal(Shape.Image(1, 16 / vae.Reduction, 24 / vae.Reduction, vae.LatentChannels), mean.Shape);
            Assert.Equal(draws, logVariance is not null);
            var decoded = vae.Decode(run, mean);
            Assert.Equal(picture.Shape, decoded.Shape);
            Assert.True(backend.AllFinite(decoded));
        }
        Assert.Equal(0, backend.BytesInUse);
    }

    /// <summary>A VAE whose values overflow fp16 (force_upcast) stays in fp32 where fp16 is asked for, and takes bf16.</summary>
    [Theory]
    [InlineData(ElementType.Float16, ElementType.Float32)]
    [InlineData(ElementType.BFloat16, ElementType.BFloat16)]
    [InlineData(ElementType.Float32, ElementType.Float32)]
    public void ForceUpcastKeepsItOutOfFp16(ElementType asked, ElementType stored)
    {
        using var backend = new ReferenceBackend(narrow: true);
        using var modules = new ModuleTable();
        var vae = Networks.LoadVae(Folder("sd15"), backend, modules, asked);
        using var run = new Run(backend, cancellationToken: Cancellation);
        var latent = run.Allocate(Shape.Image(1, 2, 2, vae.LatentChannels));
        backend.Fill(latent, 0.5f);
        Assert.Equal(stored, vae.Decode(run, latent).Type);
        Assert.Equal(ElementType.Float32, run.Precision);
    }

    /// <summary>What is no number stays none from the latent to the picture: a broken run must not decode to a clean picture.</summary>
    [Theory]
    [InlineData("sd15")]
    [InlineData("taesd")]
    public void NotANumberStaysNone(string model)
    {
        using var backend = new ReferenceBackend();
        using var modules = new ModuleTable();
        var vae = Networks.LoadVae(Folder(model), backend, modules);
        using var run = new Run(backend, cancellationToken: Cancellation);
        var latent = run.Allocate(Shape.Image(1, 2, 2, vae.LatentChannels));
        backend.Fill(latent, float.NaN);
        Assert.False(backend.AllFinite(vae.Decode(run, latent)));
    }
}
