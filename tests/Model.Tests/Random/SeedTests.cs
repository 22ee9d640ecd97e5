using PureLcm.Model.Random;

namespace PureLcm.Model.Tests.Random;

/// <summary>Seeds as torch takes them.</summary>
public class SeedTests
{
    [Theory]
    [InlineData("7", 7UL)]
    [InlineData("0", 0UL)]
    [InlineData("-1", ulong.MaxValue)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    [InlineData("-9223372036854775808", 1UL << 63)]
    [InlineData("11234567890123456789", 11234567890123456789UL)]
    public void TorchsRangeIsTakenAndSaidAsGiven(string text, ulong bits)
    {
        Assert.True(Seed.TryParse(text, out var seed));
        Assert.Equal(bits, seed.Bits);
        Assert.Equal(text, seed.ToString());
    }

    [Theory]
    [InlineData("18446744073709551616")]
    [InlineData("-9223372036854775809")]
    [InlineData("340282366920938463463374607431768211456")] // 2^128: nothing wraps around
    [InlineData("1.5")]
    [InlineData("seven")]
    [InlineData("")]
    [InlineData(null)]
    public void WhatIsNoSuchNumberIsRefused(string? text) => Assert.False(Seed.TryParse(text, out _));

    [Fact]
    public void ASeedBeyond63BitsMakesItsLow32BitsNoise()
    {
        Assert.True(Seed.TryParse("11234567890123456789", out var seed));
        float[] large = new float[20], small = new float[20];
        new TorchRandom(seed).Normal(large);
        new TorchRandom(131170581ul).Normal(small);
        Assert.Equal(small, large);
    }

    [Fact]
    public void ADrawnSeedIsOneThatTheGeneratorTellsApart()
    {
        for (int i = 0; i < 100; i++) Assert.InRange(Seed.Draw().Bits, 0UL, uint.MaxValue);
        Assert.True(Enumerable.Range(0, 20).Select(_ => Seed.Draw()).Distinct().Count() > 15);
    }
}
