using FsCheck.Xunit;

namespace PureLcm.Weights.Tests;

/// <summary>Every type of value against what its definition says.</summary>
public class WideningTests
{
    static float ToFloat(DType type, params byte[] bytes)
    {
        var floats = new float[1];
        Widening.ToFloats(bytes, type, floats);
        return floats[0];
    }

    [Theory]
    [InlineData(0x00, 0)]
    [InlineData(0x38, 1)]
    [InlineData(0xb8, -1)]
    [InlineData(0x39, 1.125)]
    [InlineData(0x40, 2)]
    [InlineData(0x7e, 448)] // the largest
    [InlineData(0x08, 0.015625)] // 2^-6, the smallest normal one
    [InlineData(0x01, 0.001953125)] // 2^-9, the smallest
    [InlineData(0x87, -0.013671875)]
    [InlineData(0x7f, double.NaN)]
    [InlineData(0xff, double.NaN)]
    public void E4M3(byte bits, double value) => Assert.Equal((float)value, ToFloat(DType.F8_E4M3, bits));

    [Theory]
    [InlineData(0x00, 0)]
    [InlineData(0x3c, 1)]
    [InlineData(0xbd, -1.25)]
    [InlineData(0x7b, 57344)] // the largest
    [InlineData(0x7c, double.PositiveInfinity)]
    [InlineData(0x01, 1.0 / 65536)] // 2^-16, the smallest
    [InlineData(0x7f, double.NaN)]
    public void E5M2(byte bits, double value) => Assert.Equal((float)value, ToFloat(DType.F8_E5M2, bits));

    [Fact]
    public void NegativeZeroKeepsItsSign()
    {
        Assert.True(float.IsNegative(ToFloat(DType.F8_E4M3, 0x80)));
        Assert.True(float.IsNegative(ToFloat(DType.F16, 0x00, 0x80)));
    }

    [Theory]
    [InlineData(DType.F16, 0)]
    [InlineData(DType.F16, 1)] // a file aligns nothing
    [InlineData(DType.BF16, 0)]
    [InlineData(DType.BF16, 1)]
    public void EveryHalfIsExact(DType type, int misalignment)
    {
        var bytes = new byte[misalignment + 2 * 65536];
        for (int bits = 0; bits < 65536; bits++) BitConverter.TryWriteBytes(bytes.AsSpan(misalignment + 2 * bits), (ushort)bits);
        var floats = new float[65536 - 3]; // no multiple of a vector
        Widening.ToFloats(bytes.AsSpan(misalignment), type, floats);
        for (int bits = 0; bits < floats.Length; bits++)
            Assert.Equal(type == DType.F16 ? (float)BitConverter.UInt16BitsToHalf((ushort)bits) : BitConverter.Int32BitsToSingle(bits << 16), floats[bits]);
    }

    [Property]
    public void FloatsAreThemselves(float value) => Assert.Equal(value, ToFloat(DType.F32, BitConverter.GetBytes(value)));

    [Property]
    public void DoublesAreRounded(double value) => Assert.Equal((float)value, ToFloat(DType.F64, BitConverter.GetBytes(value)));

    [Property]
    public void IntegersKeepTheirSign(int value)
    {
        var longs = new long[1];
        Widening.ToLongs(BitConverter.GetBytes(value), DType.I32, longs);
        Assert.Equal(value, longs[0]);
        Widening.ToLongs(BitConverter.GetBytes((long)value << 20), DType.I64, longs);
        Assert.Equal((long)value << 20, longs[0]);
        Widening.ToLongs(BitConverter.GetBytes((short)value), DType.I16, longs);
        Assert.Equal((short)value, longs[0]);
        Widening.ToLongs([(byte)value], DType.I8, longs);
        Assert.Equal((sbyte)value, longs[0]);
        Widening.ToLongs([(byte)value], DType.U8, longs);
        Assert.Equal((byte)value, longs[0]);
        Assert.Equal((float)value, ToFloat(DType.I32, BitConverter.GetBytes(value)));
    }

    [Fact]
    public void FloatsAreNoIntegers() =>
        Assert.Throws<InvalidOperationException>(() => Widening.ToLongs(new byte[4], DType.F32, new long[1]));

    [Theory]
    [InlineData(DType.F64, 8)]
    [InlineData(DType.F32, 4)]
    [InlineData(DType.F16, 2)]
    [InlineData(DType.BF16, 2)]
    [InlineData(DType.F8_E4M3, 1)]
    [InlineData(DType.F8_E5M2, 1)]
    [InlineData(DType.I64, 8)]
    [InlineData(DType.I32, 4)]
    [InlineData(DType.I16, 2)]
    [InlineData(DType.I8, 1)]
    [InlineData(DType.U8, 1)]
    [InlineData(DType.BOOL, 1)]
    public void TypesHaveSizesAndNames(DType type, int size)
    {
        Assert.Equal(size, type.Size());
        Assert.True(DTypes.TryParse(type.ToString(), out var parsed));
        Assert.Equal(type, parsed);
    }
}
