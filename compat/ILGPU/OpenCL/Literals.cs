using System.Globalization;

namespace ILGPU.Compat.OpenCL;

/// <summary>Numbers as C reads them back to the last bit.</summary>
static class Literals
{
    public static string Int(int value) => value == int.MinValue ? "(-2147483647 - 1)" : value.ToString(CultureInfo.InvariantCulture);

    public static string UInt(uint value) => (value > 0xFFFF ? $"0x{value:x}" : value.ToString(CultureInfo.InvariantCulture)) + "u";

    public static string Long(long value) => value == long.MinValue ? "(-9223372036854775807L - 1)" : value.ToString(CultureInfo.InvariantCulture) + "L";

    public static string ULong(ulong value) => (value > 0xFFFF ? $"0x{value:x}" : value.ToString(CultureInfo.InvariantCulture)) + "UL";

    public static string Float(float value) =>
        float.IsPositiveInfinity(value) ? "INFINITY"
        : float.IsNegativeInfinity(value) ? "-INFINITY"
        : float.IsNaN(value) ? $"as_float(0x{BitConverter.SingleToUInt32Bits(value):x8}u)"
        : WithPoint(value.ToString("R", CultureInfo.InvariantCulture)) + "f";

    public static string Double(double value) =>
        double.IsFinite(value) ? WithPoint(value.ToString("R", CultureInfo.InvariantCulture))
        : $"as_double(0x{BitConverter.DoubleToUInt64Bits(value):x16}UL)";

    // The shortest digits that read back as the same number, which C takes for an int where they have no point.
    static string WithPoint(string digits) => digits.AsSpan().ContainsAny('.', 'E') ? digits : digits + ".0";
}
