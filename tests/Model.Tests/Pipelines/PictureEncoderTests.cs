using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Schedulers;
using PureLcm.Model.Vae;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.Pipelines;

/// <summary>From a picture to a distribution of latents, and from that to a latent.</summary>
public class PictureEncoderTests
{
    static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    static readonly Shape four = Shape.Image(1, 1, 1, 4);

    [Fact]
    public void ALatentIsDrawn()
    {
        // Logarithms of variances: of 1, of 4, and two that are clamped, to -30 and 20.
        var encoded = new EncodedPicture(four, [1, 2, 3, 4], [0, 2 * MathF.Log(2), -1000, 1000], scale: 0.5f);
        Assert.True(encoded.Draws);
        float[] latent = encoded.Latent([1, -1, 1, 1]);
        float[] expected = [1, 0, 0.5f * (3 + MathF.Exp(-15)), 0.5f * (4 + MathF.Exp(10))];
        Assert.All(latent.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-6f * Math.Max(1, Math.Abs(pair.Second))));
        Assert.Equal([0.5f, 1, 1.5f, 2], encoded.Latent(null));
    }

    [Fact]
    public void ATinyAutoencodersIsNot()
    {
        var encoded = new EncodedPicture(four, [1, 2, 3, 4], null, scale: 2);
        Assert.False(encoded.Draws);
        Assert.Equal([2, 4, 6, 8], encoded.Latent([9, 9, 9, 9]));
    }

    /// <summary>What a mask covers is 0, halfway from black to white, which no byte is.</summary>
    [Fact]
    public void WhatAMaskCoversIsGrey()
    {
        using var backend = new CpuBackend(1);
        var vae = new Recording();
        Picture picture = new(2, 1, [0, 255, 51, 0, 255, 51]), mask = new(2, 1, [0, 0, 0, 255, 255, 255]);
        using var run = new Run(backend, cancellationToken: Cancellation);
        PictureEncoder.Encode(run, vae, picture, new(mask));
        Assert.Equal([-1, 1, -0.6f, 0, 0, 0], vae.Seen);
        PictureEncoder.Encode(run, vae, picture);
        Assert.Equal([-1, 1, -0.6f, -1, 1, -0.6f], vae.Seen);
    }

    /// <summary>An encoded picture is the host's, for any number of runs.</summary>
    [Fact]
    public void ItOutlivesItsRun()
    {
        using var pipeline = TextToImage.Load(Repository.Picturebook, cancellationToken: Cancellation);
        EncodedPicture encoded;
        using (var run = new Run(pipeline.Backend, cancellationToken: Cancellation))
            encoded = PictureEncoder.Encode(run, pipeline.Model.Vae, TestPictures.Gradient(64, 32));
        Assert.Equal(Shape.Image(1, 4, 8, 4), encoded.Shape);
        Assert.Equal(0, pipeline.Backend.BytesInUse); // nothing is left on the device
        Assert.NotEqual(encoded.Latent(null), encoded.Latent([.. Enumerable.Repeat(1f, 128)]));
    }

    [Fact]
    public void TheModuleWhoseNumbersAreNoneIsNamed()
    {
        using var model = new ModelCopy();
        string path = model["vae/diffusion_pytorch_model.safetensors"];
        using (var weights = SafetensorsFile.Open(Path.Combine(Repository.Golden, "models", "sd15", "vae", "diffusion_pytorch_model.safetensors")))
            SafetensorsWriter.Write(path, [.. weights.Tensors.Values.Select(tensor =>
            {
                byte[] bytes = tensor.ReadBytes();
                if (tensor.Name == "encoder.conv_norm_out.bias") Array.Fill(bytes, (byte)0xFF); // no number in any format
                return new TensorToWrite(tensor.Name, tensor.DType, tensor.Sides, bytes);
            })]);
        using var pipeline = TextToImage.Load(model.Path, cancellationToken: Cancellation);
        var options = new GenerateOptions { Image = TestPictures.Gradient(64, 64), Steps = 1, Scheduler = SchedulerKind.Lcm, Guidance = 1 };
        Assert.Contains("vae.encoder.conv_norm_out", Assert.Throws<ModelException>(() => pipeline.Generate("a", options, Cancellation)).Message);
        Assert.NotEmpty(pipeline.Generate("a", options with { Image = null, Width = 64, Height = 64 }, Cancellation).Rgb); // words alone need no encoder
    }

    sealed class Recording : IAutoencoder
    {
        public float[] Seen { get; private set; } = [];

        public float ScalingFactor => 1;

        public int LatentChannels => 4;

        public int Reduction => 1;

        public Tensor Decode(Run run, Tensor latent) => throw new NotSupportedException();

        public (Tensor Mean, Tensor? LogVariance) Encode(Run run, Tensor picture)
        {
            run.Backend.Download(picture, Seen = new float[picture.Shape.Count]);
            var mean = run.Allocate(picture.Shape.WithChannels(4));
            run.Backend.Fill(mean, 0);
            return (mean, null);
        }
    }
}
