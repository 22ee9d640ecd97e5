using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FsCheck.Xunit;
using PureLcm.Verification.Synthetic;

namespace PureLcm.Model.Tests.Synthetic;

/// <summary>Expected bits were computed by a few lines of Python from the definition, with exact integers and doubles.</summary>
public sealed class NamedWeightsTests
{
    [Theory]
    [InlineData("unet.conv_in.weight", "320,4,3,3", "0 1 2 5760 11519", "AC6A B20D B13C B12A 2ED1")]
    [InlineData("unet.conv_in.bias", "320", "0 1 2 160 319", "2DC0 A9D8 2CBF ACFB 2C7F")]
    [InlineData("unet.down_blocks.0.resnets.0.norm1.weight", "320", "0 1 2 160 319", "3CBD 3AFE 3B78 3C35 3BB1")]
    [InlineData("text_encoder.text_model.embeddings.token_embedding.weight", "49408,768", "0 1 2 18972672 37945343", "2755 A94C B269 B5DC B216")]
    [InlineData("unet.time_embedding.linear_1.weight", "1280,320", "0 1 2 204800 409599", "9E99 ACC7 AD25 ADC4 A590")]
    [InlineData("vae.decoder.conv_out.weight", "3,128,3,3", "0 1 2 1728 3455", "26AF A896 28D9 9B62 A9FA")]
    [InlineData("taesd.encoder.layers.0.weight", "64,3,3,3", "0 1 2 864 1727", "B1C0 3117 274B 3482 327E")]
    public void ValuesAreTheDefinitions(string name, string shape, string places, string bits)
    {
        int[] sides = [.. shape.Split(',').Select(int.Parse)];
        var value = new Half[1];
        foreach (var (place, expected) in places.Split(' ').Zip(bits.Split(' ')))
        {
            NamedWeights.Fill(name, sides, long.Parse(place, CultureInfo.InvariantCulture), value);
            Assert.Equal(expected, BitConverter.HalfToUInt16Bits(value[0]).ToString("X4", CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void AWholeTensorIsTheDefinitions()
    {
        var values = new Half[320 * 4 * 3 * 3];
        NamedWeights.Fill("unet.conv_in.weight", [320, 4, 3, 3], 0, values);
        string hash = Convert.ToHexStringLower(SHA256.HashData(MemoryMarshal.AsBytes(values.AsSpan())));
        Assert.Equal("6b992d3d6fd912ddf85f54ca14bc4346ca30b2d79fbb5bbd7c1287b3f9eb5930", hash);
    }

    [Property]
    public bool AnyPartIsThatPartOfTheWhole(ushort start, ushort count)
    {
        var whole = new Half[start % 3000 + count % 5000];
        NamedWeights.Fill("x.weight", [8000], 0, whole);
        var part = new byte[2 * (count % 5000)];
        NamedWeights.Source("x.weight", [8000]).Read(2 * (start % 3000), part);
        return MemoryMarshal.AsBytes(whole.AsSpan(start % 3000)).SequenceEqual(part);
    }

    [Fact]
    public void EachKindOfParameterHasItsRange()
    {
        Check("a.norm.weight", [4096], 0.8f, 1.2f);
        Check("a.norm.bias", [4096], -0.1f, 0.1f);
        Check("a.position_embedding.weight", [64, 64], -0.5f, 0.5f);
        Check("a.linear.weight", [64, 75], -0.2f, 0.2f);

        static void Check(string name, int[] sides, float low, float high)
        {
            var values = new Half[sides.Aggregate(1, (a, b) => a * b)];
            NamedWeights.Fill(name, sides, 0, values);
            const float rounding = 0.0003f;
            Assert.InRange((float)values.Min(), low - rounding, low + 0.01f * (high - low));
            Assert.InRange((float)values.Max(), high - 0.01f * (high - low), high + rounding);
        }
    }
}
