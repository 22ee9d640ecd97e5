using ILGPU;

namespace PureLcm.Kernels.Gpu;

/// <summary>
/// How a value lies in a device's memory. Kernels are written once over it, <c>ArrayView&lt;T&gt;</c> with T one of the three
/// below, and compute in fp32. The 16-bit types are made of integer operations: every device has those, and few have halves.
/// </summary>
interface IStored<T> where T : unmanaged, IStored<T>
{
    /// <summary>The value, exactly.</summary>
    static abstract float Load(T stored);

    /// <summary>The nearest value that can be stored; of two, the even one.</summary>
    static abstract T Store(float value);
}

/// <summary>IEEE 754 single precision.</summary>
struct Float32 : IStored<Float32>
{
    public float Value;

    public static float Load(Float32 stored) => stored.Value;

    public static Float32 Store(float value) => new() { Value = value };
}

/// <summary>The upper half of a single.</summary>
struct BFloat16 : IStored<BFloat16>
{
    public ushort Bits;

    public static float Load(BFloat16 stored) => Interop.IntAsFloat((uint)stored.Bits << 16);

    public static BFloat16 Store(float value)
    {
        uint bits = Interop.FloatAsInt(value);
        // Adding just under a half, and one more where the last bit kept is odd, carries into it exactly when rounding up does.
        uint rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16;
        bool isNumber = (bits & 0x7FFFFFFF) <= 0x7F800000;
        return new() { Bits = (ushort)(isNumber ? rounded : (bits >> 16) | 0x40) };
    }
}

/// <summary>IEEE 754 half precision: 5 bits of exponent, 10 of fraction.</summary>
struct Float16 : IStored<Float16>
{
    public ushort Bits;

    /// <summary>
    /// The fraction moves up by 13 bits, and the exponent's bias grows by 112. Subnormals are taken as the integers that they
    /// are, times 2^-24: a single's own subnormals, which another way would go through, are 0 on many devices.
    /// </summary>
    public static float Load(Float16 stored)
    {
        uint bits = stored.Bits, exponent = bits & 0x7C00;
        uint normal = ((bits & 0x7FFF) << 13) + (exponent == 0x7C00 ? 224u << 23 : 112u << 23);
        uint subnormal = Interop.FloatAsInt((int)(bits & 0x3FF) * 5.9604644775390625e-8f);
        return Interop.IntAsFloat((exponent == 0 ? subnormal : normal) | ((bits & 0x8000) << 16));
    }

    public static Float16 Store(float value)
    {
        uint bits = Interop.FloatAsInt(value), magnitude = bits & 0x7FFFFFFF;
        // As BFloat16 rounds; what is too large rounds to a pattern beyond infinity's.
        uint normal = (magnitude - (112u << 23) + 0xFFF + ((magnitude >> 13) & 1)) >> 13;
        // The last bit of 1/2 weighs 2^-24, as a subnormal half's does: the addition rounds.
        uint subnormal = Interop.FloatAsInt(Interop.IntAsFloat(magnitude) + 0.5f) - 0x3F000000;
        uint half = magnitude < 113u << 23 ? subnormal : normal > 0x7C00 ? 0x7C00 : normal;
        uint notANumber = 0x7E00 | ((magnitude >> 13) & 0x1FF);
        return new() { Bits = (ushort)((magnitude <= 0x7F800000 ? half : notANumber) | ((bits >> 16) & 0x8000)) };
    }
}
