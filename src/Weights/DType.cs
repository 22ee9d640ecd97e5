namespace PureLcm.Weights;

/// <summary>The types of values in a safetensors file, under the names that the file gives them.</summary>
public enum DType
{
    /// <summary>IEEE 754 double precision.</summary>
    F64,
    /// <summary>IEEE 754 single precision.</summary>
    F32,
    /// <summary>IEEE 754 half precision.</summary>
    F16,
    /// <summary>The upper half of a single: 8 bits of exponent, 7 of fraction.</summary>
    BF16,
    /// <summary>One byte: 4 bits of exponent, 3 of fraction, no infinities (torch's float8_e4m3fn).</summary>
    F8_E4M3,
    /// <summary>One byte: the upper half of a half (torch's float8_e5m2).</summary>
    F8_E5M2,
    /// <summary>64-bit integers.</summary>
    I64,
    /// <summary>32-bit integers.</summary>
    I32,
    /// <summary>16-bit integers.</summary>
    I16,
    /// <summary>8-bit integers.</summary>
    I8,
    /// <summary>Unsigned bytes.</summary>
    U8,
    /// <summary>One byte, 0 or 1.</summary>
    BOOL,
}

/// <summary>Sizes and names of <see cref="DType"/>.</summary>
public static class DTypes
{
    /// <summary>Bytes of one value.</summary>
    public static int Size(this DType type) => type switch
    {
        DType.F64 or DType.I64 => 8,
        DType.F32 or DType.I32 => 4,
        DType.F16 or DType.BF16 or DType.I16 => 2,
        _ => 1,
    };

    /// <summary>The type of that name; the names are upper case and exact. False where there is none.</summary>
    public static bool TryParse(string name, out DType type)
    {
        // Spelled out, since Enum.TryParse would also take "3".
        (bool known, type) = name switch
        {
            "F64" => (true, DType.F64),
            "F32" => (true, DType.F32),
            "F16" => (true, DType.F16),
            "BF16" => (true, DType.BF16),
            "F8_E4M3" => (true, DType.F8_E4M3),
            "F8_E5M2" => (true, DType.F8_E5M2),
            "I64" => (true, DType.I64),
            "I32" => (true, DType.I32),
            "I16" => (true, DType.I16),
            "I8" => (true, DType.I8),
            "U8" => (true, DType.U8),
            "BOOL" => (true, DType.BOOL),
            _ => (false, default),
        };
        return known;
    }
}
