using PureLcm.Kernels.Gpu;

namespace PureLcm.Kernels.Tests.Gpu;

/// <summary>The types in a device's memory, on the host, where their methods are C# like any other; and through devices.</summary>
public class StoredTests
{
    [Fact]
    public void EveryHalfLoads()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            float expected = (float)BitConverter.UInt16BitsToHalf((ushort)bits), loaded = Float16.Load(new() { Bits = (ushort)bits });
            Assert.True(BitConverter.SingleToUInt32Bits(loaded) == BitConverter.SingleToUInt32Bits(expected) || float.IsNaN(loaded) && float.IsNaN(expected), $"{bits:x4}: {loaded}, not {expected}");
        }
    }

    /// <summary>Every half, what lies just beside it, and the middle between it and the next, where the even one is taken.</summary>
    [Fact]
    public void FloatsRoundToHalves()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            float half = (float)BitConverter.UInt16BitsToHalf((ushort)bits), next = (float)BitConverter.UInt16BitsToHalf((ushort)(bits + 1)), middle = (half + next) / 2;
            foreach (float value in (float[])[half, MathF.BitIncrement(half), MathF.BitDecrement(half), middle, MathF.BitIncrement(middle), MathF.BitDecrement(middle)])
            {
                ushort expected = BitConverter.HalfToUInt16Bits((Half)value), stored = Float16.Store(value).Bits;
                Assert.True(stored == expected || float.IsNaN(value) && Half.IsNaN(BitConverter.UInt16BitsToHalf(stored)), $"{value:g9}: {stored:x4}, not {expected:x4}");
            }
        }
    }

    [Theory]
    [InlineData(65504f, 0x7BFF)]
    [InlineData(65519.996f, 0x7BFF)]
    [InlineData(65520f, 0x7C00)]
    [InlineData(1e30f, 0x7C00)]
    [InlineData(float.NegativeInfinity, 0xFC00)]
    [InlineData(2.9802322e-8f, 0x0000)]
    [InlineData(2.9802326e-8f, 0x0001)]
    [InlineData(-1e-40f, 0x8000)]
    public void TheEndsOfHalves(float value, int bits) => Assert.Equal(bits, Float16.Store(value).Bits);

    [Fact]
    public void EveryBFloat16ComesBack()
    {
        for (int bits = 0; bits <= ushort.MaxValue; bits++)
        {
            float value = BFloat16.Load(new() { Bits = (ushort)bits });
            Assert.True(BitConverter.SingleToUInt32Bits(value) == (uint)bits << 16);
            ushort stored = BFloat16.Store(value).Bits;
            Assert.True(float.IsNaN(value) ? float.IsNaN(BFloat16.Load(new() { Bits = stored })) : stored == bits, $"{bits:x4} became {stored:x4}");
        }
    }

    [Theory]
    [InlineData(0x3F808000u, 0x3F80)] // a middle, below which is even
    [InlineData(0x3F818000u, 0x3F82)] // a middle, above which is even
    [InlineData(0x3F808001u, 0x3F81)]
    [InlineData(0x3F817FFFu, 0x3F81)]
    [InlineData(0x7F7FFFFFu, 0x7F80)] // the largest float is nearer to infinity
    [InlineData(0xFF800000u, 0xFF80)]
    [InlineData(0x7F800001u, 0x7FC0)] // not a number, though its upper half is infinity's
    [InlineData(0x00018000u, 0x0002)]
    public void FloatsRoundToBFloat16(uint bits, int expected) => Assert.Equal(expected, BFloat16.Store(BitConverter.UInt32BitsToSingle(bits)).Bits);

    /// <summary>To a device as fp32, through its 16-bit types and back: the conversions as its compiler has made them.</summary>
    [Theory]
    [MemberData(nameof(Accelerators.All), MemberType = typeof(Accelerators))]
    public void DevicesConvertAlike(string name)
    {
        using var gpu = Accelerators.Backend(name);
        var values = new float[65536];
        for (int i = 0; i < values.Length; i++)
        {
            float value = (float)BitConverter.UInt16BitsToHalf((ushort)i);
            values[i] = float.IsFinite(value) ? i % 3 == 0 ? value : MathF.BitIncrement(value * 1.0004f) : value;
        }
        foreach (var type in (ElementType[])[ElementType.Float16, ElementType.BFloat16])
        {
            using var x = gpu.Allocate(Shape.Vectors(1, values.Length), type);
            Assert.Equal(type, x.Type);
            gpu.Upload(values, x);
            var back = new float[values.Length];
            gpu.Download(x, back);
            for (int i = 0; i < values.Length; i++)
            {
                float expected = type == ElementType.Float16 ? Float16.Load(Float16.Store(values[i])) : BFloat16.Load(BFloat16.Store(values[i]));
                Assert.True(back[i].Equals(expected), $"{name}: {values[i]:g9} as {type} became {back[i]:g9}, not {expected:g9}");
            }
        }
    }
}
