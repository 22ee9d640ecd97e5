using System.Globalization;
using PureLcm.Model.Random;
using PureLcm.Weights;

namespace PureLcm.Model.Tests.Random;

public sealed class TorchRandomTests
{
    /// <summary>Each tensor seedS_nN of the reference case holds two successive draws of N values.</summary>
    [Fact]
    public void DrawsAreTorchs()
    {
        using var golden = SafetensorsFile.Open(Path.Combine(Repository.Golden, "cases", "rng", "randn.safetensors"));
        Assert.Equal(36, golden.Tensors.Count);
        foreach (string name in golden.Tensors.Keys)
        {
            int split = name.IndexOf("_n", StringComparison.Ordinal);
            ulong seed = ulong.Parse(name.AsSpan(4, split - 4), CultureInfo.InvariantCulture);
            int n = int.Parse(name.AsSpan(split + 2), CultureInfo.InvariantCulture);
            var random = new TorchRandom(seed);
            var drawn = new float[2 * n];
            random.Normal(drawn.AsSpan(0, n));
            random.Normal(drawn.AsSpan(n));
            Assert.Equal(golden.ReadFloats(name), drawn); // to the last bit
        }
    }

    [Fact]
    public void OnlyTheLow32BitsOfASeedCount()
    {
        Assert.Equal(Draw(new TorchRandom(5ul), 20), Draw(new TorchRandom((1ul << 32) + 5), 20));
        Assert.Equal(Draw(new TorchRandom(-1L), 20), Draw(new TorchRandom((ulong)uint.MaxValue), 20));
        Assert.NotEqual(Draw(new TorchRandom(5ul), 20), Draw(new TorchRandom(6ul), 20));
    }

    [Fact]
    public void TheKeptHalfOfASmallDrawOutlivesALargeOne()
    {
        // torch keeps the second value of a pair in the generator, and large draws leave it alone.
        var whole = new TorchRandom(7ul);
        var expected = Draw(whole, 2)[1];
        var random = new TorchRandom(7ul);
        random.Normal(new float[1]);
        random.Normal(new float[32]);
        Assert.Equal(expected, Draw(random, 1)[0]);
    }

    static float[] Draw(TorchRandom random, int n)
    {
        var values = new float[n];
        random.Normal(values);
        return values;
    }
}
