using System.Buffers.Binary;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;

namespace PureLcm.Weights;

/// <summary>Values of a file's types as fp32 or as 64-bit integers. Files are little-endian, as is every machine that .NET runs SIMD on.</summary>
public static class Widening
{
    /// <summary>Widens values to fp32: exact for all types but F64, I64 and I32, which are rounded to nearest.</summary>
    /// <param name="bytes">floats.Length values of type <paramref name="type"/>.</param>
    /// <param name="type">How they lie in the file.</param>
    /// <param name="floats">Where they go.</param>
    public static void ToFloats(ReadOnlySpan<byte> bytes, DType type, Span<float> floats)
    {
        bytes = bytes[..(floats.Length * type.Size())];
        switch (type)
        {
            case DType.F32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(floats);
                break;
            case DType.F16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), floats);
                break;
            case DType.BF16:
                var upperHalves = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < floats.Length; i++) floats[i] = BitConverter.UInt32BitsToSingle((uint)upperHalves[i] << 16);
                break;
            default:
                int size = type.Size();
                for (int i = 0; i < floats.Length; i++) floats[i] = Rare(bytes.Slice(i * size, size), type);
                break;
        }
    }

    static float Rare(ReadOnlySpan<byte> value, DType type) => type switch
    {
        DType.F64 => (float)BinaryPrimitives.ReadDoubleLittleEndian(value),
        DType.F8_E4M3 => FromE4M3(value[0]),
        DType.F8_E5M2 => (float)BitConverter.UInt16BitsToHalf((ushort)(value[0] << 8)),
        _ => Integer(value, type),
    };

    /// <summary>Widens integers.</summary>
    /// <exception cref="InvalidOperationException">The type is not one of integers.</exception>
    public static void ToLongs(ReadOnlySpan<byte> bytes, DType type, Span<long> longs)
    {
        int size = type.Size();
        for (int i = 0; i < longs.Length; i++) longs[i] = Integer(bytes.Slice(i * size, size), type);
    }

    static long Integer(ReadOnlySpan<byte> value, DType type) => type switch
    {
        DType.I64 => BinaryPrimitives.ReadInt64LittleEndian(value),
        DType.I32 => BinaryPrimitives.ReadInt32LittleEndian(value),
        DType.I16 => BinaryPrimitives.ReadInt16LittleEndian(value),
        DType.I8 => (sbyte)value[0],
        DType.U8 => value[0],
        DType.BOOL => value[0] == 0 ? 0 : 1,
        _ => throw new InvalidOperationException($"{type} values are no integers"),
    };

    // Micikevicius et al. 2022, arXiv:2209.05433: bias 7, all ones is NaN, and there is no infinity.
    static float FromE4M3(byte bits)
    {
        int exponent = bits >> 3 & 15, fraction = bits & 7;
        if ((bits & 0x7f) == 0x7f) return float.NaN;
        float magnitude = exponent == 0 ? MathF.ScaleB(fraction, -9) : MathF.ScaleB(8 + fraction, exponent - 10);
        return (bits & 0x80) == 0 ? magnitude : -magnitude;
    }
}
