namespace PureLcm.Model.Random;

/// <summary>
/// torch's CPU generator, so that a seed means the same picture here as elsewhere: a Mersenne twister (Matsumoto and
/// Nishimura 1998) whose numbers become normal ones by Box and Muller's transform (1958), in torch's two ways, one for
/// fewer than 16 values and one for more. Equal to torch 2.15 on x86 to the last bit. Not for concurrent use.
/// </summary>
/// <param name="seed">Any seed; the twister takes its low 32 bits, as torch's does.</param>
public sealed class TorchRandom(ulong seed)
{
    const int Block = 16, Half = Block / 2;

    readonly MersenneTwister twister = new((uint)seed);
    double kept;      // the sine half of the last small draw's pair
    bool hasKept;

    /// <summary>A generator for a seed as people write it.</summary>
    public TorchRandom(Seed seed) : this(seed.Bits) { }

    /// <summary>Fills a span with the next values of torch.randn(values.Length), fp32.</summary>
    public void Normal(Span<float> values)
    {
        if (values.Length < Block)
        {
            foreach (ref float value in values) value = (float)NextNormal();
            return;
        }
        foreach (ref float value in values) value = NextUniform();
        for (int i = 0; i + Block <= values.Length; i += Block) Transform(values.Slice(i, Block));
        if (values.Length % Block == 0) return;
        // What doesn't fill a block: the last 16 values are drawn again, those that overlap the block before among them.
        var last = values[^Block..];
        foreach (ref float value in last) value = NextUniform();
        Transform(last);
    }

    /// <summary>24 random bits as a number in [0, 1).</summary>
    float NextUniform() => (twister.Next() & 0xFFFFFF) * (1f / (1 << 24));

    /// <summary>8 pairs of uniform numbers, 8 apart, become 8 pairs of normal ones.</summary>
    static void Transform(Span<float> block)
    {
        for (int j = 0; j < Half; j++)
        {
            float u1 = 1 - block[j], u2 = block[j + Half]; // u1 in (0, 1]: its logarithm is finite
            float radius = MathF.Sqrt(-2 * Cephes.Log(u1));
            var (sin, cos) = Cephes.SinCos(2 * MathF.PI * u2);
            block[j] = radius * cos;
            block[j + Half] = radius * sin;
        }
    }

    /// <summary>One value at a time, in double; each pair of uniform numbers gives two, and the second is kept.</summary>
    double NextNormal()
    {
        if (hasKept)
        {
            hasKept = false;
            return kept;
        }
        double u1 = NextUniformDouble(), u2 = NextUniformDouble();
        double radius = Math.Sqrt(-2 * Log1p(-u2)), theta = 2 * Math.PI * u1;
        (kept, hasKept) = (radius * Math.Sin(theta), true);
        return radius * Math.Cos(theta);
    }

    /// <summary>53 random bits as a number in [0, 1); the first 32-bit draw is the upper half.</summary>
    double NextUniformDouble()
    {
        ulong high = twister.Next(), low = twister.Next();
        return ((high << 32 | low) & ((1UL << 53) - 1)) * (1.0 / (1UL << 53));
    }

    /// <summary>ln(1 + x) without cancellation near 0 (Kahan's correction).</summary>
    static double Log1p(double x)
    {
        double y = 1 + x;
        return y == 1 ? x : Math.Log(y) * (x / (y - 1));
    }
}
