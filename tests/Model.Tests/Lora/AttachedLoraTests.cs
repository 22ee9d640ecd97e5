using PureLcm.Kernels.Cpu;
using PureLcm.Model.Lora;
using PureLcm.Model.Pipelines;

namespace PureLcm.Model.Tests.Lora;

public sealed class AttachedLoraTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static string Style => Path.Combine(Repository.Picturebook, "loras", "cyanotype.safetensors");

    /// <summary>Merged into the weights is the same picture, but for the rounding to the file's fp16.</summary>
    [Fact]
    public void MergedIsNearlyTheSame()
    {
        var options = new GenerateOptions { Steps = 2, Seed = 5 };
        using var beside = TextToImage.Load(Repository.Picturebook, new() { Loras = [new(Style, 0.6f)] }, cancellationToken: Cancellation);
        using var merged = TextToImage.Load(Repository.Picturebook, new() { Loras = [new(Style, 0.6f)], Fuse = true }, cancellationToken: Cancellation);
        Assert.Equal(2, beside.Model.Loras.Count);
        Assert.Empty(merged.Model.Loras);
        Assert.True(merged.IsLatentConsistency); // the LCM-LoRA is in the weights
        byte[] ours = beside.Generate("a castle", options, Cancellation).Rgb, theirs = merged.Generate("a castle", options, Cancellation).Rgb;
        Assert.NotEqual(ours, theirs);
        Assert.InRange(ours.Zip(theirs).Average(pair => Math.Abs(pair.First - pair.Second)), 0, 0.5);
    }

    /// <summary>Of two terms on one weight each keeps its own scale, and one that is off leaves the other alone.</summary>
    [Fact]
    public void SeveralOnOneWeight()
    {
        using var pipeline = TextToImage.Load(Repository.Picturebook, new() { Loras = [new(Style), new(Style)] }, cancellationToken: Cancellation);
        var loras = pipeline.Model.LoraWeights;
        Assert.Equal([true, false, false], loras.Select(item => item.Lora.IsLcm));
        var options = new GenerateOptions { Steps = 1, Seed = 1, Width = 64, Height = 64 };
        byte[] With(float first, float second) =>
            pipeline.Generate("a boat", options with { Loras = [loras[0], loras[1] with { Weight = first }, loras[2] with { Weight = second }] }, Cancellation).Rgb;
        Assert.Equal(With(0.5f, 0), With(0, 0.5f)); // the same file twice
        Assert.InRange(With(1, 0).Zip(With(0.5f, 0.5f)).Max(pair => Math.Abs(pair.First - pair.Second)), 0, 1);
        Assert.NotEqual(With(1, 0), With(0, 0));
    }

    /// <summary>A model that is freed frees its LoRAs and closes their files.</summary>
    [Fact]
    public void FilesAreClosed()
    {
        string copy = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");
        File.Copy(Style, copy);
        try
        {
            using (var pipeline = TextToImage.Load(Repository.Picturebook, new() { Loras = [new(copy)] }, cancellationToken: Cancellation)) { }
            using (File.Open(copy, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) { }
            Assert.ThrowsAny<PureLcmException>(() => TextToImage.Load(Path.Combine(Repository.Golden, "models", "sd15"), new() { Loras = [new(copy)] }, cancellationToken: Cancellation));
            using (File.Open(copy, FileMode.Open, FileAccess.ReadWrite, FileShare.None)) { }
        }
        finally
        {
            File.Delete(copy);
        }
    }
}
