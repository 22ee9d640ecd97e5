using PureLcm.Kernels.Dry;
using PureLcm.Kernels.Reference;

namespace PureLcm.Kernels.Tests;

/// <summary>What all backends share: the vocabulary of tensors, the checks of arguments, counting without computing.</summary>
public class BackendTests
{
    [Fact]
    public void ViewsLookIntoTheSameMemory()
    {
        using var backend = new ReferenceBackend();
        using var x = backend.Allocate(Shape.Image(2, 2, 2, 3));
        backend.Upload([.. Enumerable.Range(0, 24).Select(i => (float)i)], x);
        float[] values = new float[4];
        backend.Download(x.Batch(1).Channels(2, 1), values);
        Assert.Equal([14, 17, 20, 23], values);
        backend.Fill(x.Channels(0, 2).As(Shape.Tokens(2, 4, 2)), -1);
        backend.Download(x.Batch(1).Channels(2, 1), values);
        Assert.Equal([14, 17, 20, 23], values);
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Channels(2, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => x.Batch(2));
        Assert.Throws<ArgumentException>(() => x.As(Shape.Tokens(2, 3, 3)));
    }

    [Fact]
    public void TorchsOrderThereAndBack()
    {
        using var backend = new ReferenceBackend();
        using var x = backend.Allocate(Shape.Image(2, 2, 3, 4));
        float[] values = [.. Enumerable.Range(0, 48).Select(i => (float)i)];
        backend.UploadTorch(values, x);
        var ours = new float[48];
        backend.Download(x, ours);
        Assert.Equal(values[6], ours[1]); // channel 1 of the first pixel
        Assert.Equal(values, backend.DownloadTorch(x));
    }

    [Fact]
    public void WrongShapesAreNamed()
    {
        using var backend = new ReferenceBackend();
        Tensor a = backend.Allocate(Shape.Tokens(1, 2, 3)), b = backend.Allocate(Shape.Tokens(1, 2, 4));
        var weight = backend.Pack(WeightKind.Matrix, new Draw(0).Source(ElementType.Float32, 5, 3));
        Assert.Contains("[1,2,4]", Assert.Throws<ArgumentException>(() => backend.Linear(b, weight, a)).Message);
        Assert.Contains("[1,2,4]", Assert.Throws<ArgumentException>(() => backend.Combine(b, new Term(1, a))).Message);
        Assert.Throws<ArgumentException>(() => backend.Attention(a, b, b, a, 1));
        Assert.Throws<ArgumentException>(() => backend.Attention(a, a, a, a, 2)); // two heads of 1.5 channels
        Assert.Throws<ArgumentException>(() => backend.Pack(WeightKind.Convolution, new Draw(0).Source(ElementType.Float32, 5, 3)));
        Assert.Throws<ArgumentException>(() => backend.Pack(WeightKind.Gated, new Draw(0).Source(ElementType.Float32, 5, 3)));
        Assert.Throws<ArgumentException>(() => backend.Embed(backend.Pack(WeightKind.Table, new Draw(0).Source(ElementType.Float32, 5, 3)), [0, 5], a));
    }

    [Fact]
    public void ADryRunCounts()
    {
        using var dry = new DryBackend();
        using Tensor x = dry.Allocate(Shape.Image(1, 4, 4, 3)), y = dry.Allocate(Shape.Image(1, 4, 4, 8));
        var convolution = dry.Pack(WeightKind.Convolution, new Draw(0).Source(ElementType.Float16, 8, 3, 3, 3));
        dry.Conv2d(x, convolution, y, new(1, 1, 1));
        Assert.Equal(16 * 8 * 27, dry.MultiplyAdds);
        Assert.Equal(8 * 27 * 2, convolution.Bytes);
        dry.MultiplyAdds = 0;
        dry.Attention(y, y, y, y, 2);
        Assert.Equal(2 * 16 * 16 * 8, dry.MultiplyAdds);
        Assert.Equal(4 * (48 + 128), dry.PeakFootprint);
        // What is given back stays in the pool for tensors of its size, and no others, until it is trimmed.
        dry.Allocate(Shape.Vectors(1, 100)).Dispose();
        dry.Allocate(Shape.Vectors(1, 200)).Dispose();
        Assert.Equal(4 * (48 + 128 + 300), dry.PeakFootprint);
        dry.Trim();
        dry.Allocate(Shape.Vectors(1, 250)).Dispose();
        Assert.Equal(4 * (48 + 128 + 300), dry.PeakFootprint);
    }

    /// <summary>The memory of what was given back may be another tensor's already: whoever still uses it, or a view of it, is told.</summary>
    [Theory]
    [MemberData(nameof(Backends.All), MemberType = typeof(Backends))]
    public void UseAfterwardsIsAnErrorThatNamesTheModule(string name)
    {
        using var backend = Backends.Create(name);
        var x = backend.Allocate(Shape.Image(1, 2, 2, 4), module: "unet.conv_in");
        Tensor channels = x.Channels(1, 2), batch = x.Batch(0), tokens = x.As(Shape.Tokens(1, 4, 4)), viewOfView = channels.Batch(0);
        using var other = backend.Allocate(Shape.Image(1, 2, 2, 4));
        backend.Fill(x, 1);
        x.Dispose();
        x.Dispose(); // twice is no error, and doesn't give the memory back twice
        using var next = backend.Allocate(Shape.Image(1, 2, 2, 4));
        using var third = backend.Allocate(Shape.Image(1, 2, 2, 4));
        Assert.False(next.SharesMemoryWith(third));
        foreach (var gone in (Tensor[])[x, channels, batch, tokens, viewOfView])
        {
            Assert.False(gone.IsAlive);
            Assert.Contains("unet.conv_in", Assert.Throws<ObjectDisposedException>(() => backend.Fill(gone, 2)).Message);
        }
        Assert.Throws<ObjectDisposedException>(() => backend.Copy(x, other));
        Assert.Throws<ObjectDisposedException>(() => backend.Copy(other, x));
        Assert.Throws<ObjectDisposedException>(() => backend.Download(tokens, new float[16]));
        Assert.True(other.Channels(0, 2).IsAlive);
    }
}
