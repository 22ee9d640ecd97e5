using System.Globalization;

namespace PureLcm.Model.Random;

/// <summary>
/// A generator's seed as people write it: a whole number from -2^63 to 2^64-1, all that torch takes. The number is kept as it
/// was given, so that a picture's text says what its maker typed; <see cref="Bits"/> are what the generator gets, of which
/// torch's CPU generator uses the low 32. So -1 and 18446744073709551615 are two names of the same noise.
/// </summary>
public readonly record struct Seed
{
    readonly Int128 number;

    Seed(Int128 number) => this.number = number;

    /// <summary>The 64 bits that torch's manual_seed takes: negative numbers count down from 2^64.</summary>
    public ulong Bits => unchecked((ulong)number);

    /// <summary>Any long is a seed.</summary>
    public static implicit operator Seed(long number) => new(number);

    /// <summary>A seed that nobody chose, below 2^32, since torch's generator tells no more apart.</summary>
    public static Seed Draw() => System.Random.Shared.NextInt64(1L << 32);

    /// <summary>Reads a whole number from -2^63 to 2^64-1, such as 7 or -3 or 11234567890123456789.</summary>
    /// <returns>Whether the text is one.</returns>
    public static bool TryParse(string? text, out Seed seed)
    {
        bool is64Bits = Int128.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            && number >= long.MinValue && number <= ulong.MaxValue;
        seed = is64Bits ? new(number) : default;
        return is64Bits;
    }

    /// <summary>The number as it was given.</summary>
    public override string ToString() => number.ToString(CultureInfo.InvariantCulture);
}
