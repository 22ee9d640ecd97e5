namespace PureLcm.Kernels;

/// <summary>What is left of a value when it is stored in fewer bits: rounded half to even.</summary>
public static class Rounding
{
    /// <summary>The value as the type has it, widened again.</summary>
    public static float To(ElementType type, float value) => type switch
    {
        ElementType.Float16 => (float)(Half)value,
        ElementType.BFloat16 => BitConverter.UInt32BitsToSingle((uint)ToBFloat16(value) << 16),
        _ => value,
    };

    /// <summary>The upper half of a single's bits, rounded; what is no number stays none.</summary>
    public static ushort ToBFloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        if (float.IsNaN(value)) return (ushort)((bits >> 16) | 0x40);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16);
    }
}
