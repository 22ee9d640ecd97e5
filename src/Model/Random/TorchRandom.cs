namespace PureLcm.Model.Random;

/// <summary>
/// torch's CPU generator, so that a seed means the same picture here as elsewhere: a Mersenne twister (Matsumoto and
/// Nishimura 1998) whose numbers become normal ones by Box and Muller's transform (1958), in torch's two ways, one for
/// fewer than 16 values and one for more. Equal to torch 2.15 on x86 to the last bit. Not for concurrent use.
/// </summary>
public sealed class TorchRandom
{
    /// <summary>Values that are drawn together; a smaller draw is made another way.</summary>
    internal const int Block = 16;

    const int Half = Block / 2;

    readonly MersenneTwister twister;
    double kept;      // the sine half of the last small draw's pair
    bool hasKept;

    TorchRandom(MersenneTwister twister) => this.twister = twister;

    /// <summary>A generator for 64 bits, of which the twister takes the low 32, as torch's does.</summary>
    public TorchRandom(ulong seed) : this(new MersenneTwister((uint)seed)) { }

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
        for (int i = 0; i + Block <= values.Length; i += Block) NextBlock(values.Slice(i, Block));
        int rest = values.Length % Block;
        if (rest == 0) return;
        // What doesn't fill a block: the last 16 values are drawn again, those that overlap the block before among them.
        SkipUniform(rest);
        NextBlock(values[^Block..]);
    }

    /// <summary>A generator that goes on as this one does.</summary>
    internal TorchRandom Copy() => new(twister.Copy()) { kept = kept, hasKept = hasKept };

    /// <summary>Passes over a draw of so many values.</summary>
    internal void SkipNormal(long count)
    {
        if (count < Block) Normal(new float[count]);
        else twister.Skip(count + (count % Block == 0 ? 0 : Block));
    }

    /// <summary>The next block of a large draw.</summary>
    internal void NextBlock(Span<float> block)
    {
        foreach (ref float value in block) value = NextUniform();
        Transform(block);
    }

    /// <summary>Passes over so many uniform numbers of a large draw.</summary>
    internal void SkipUniform(long count) => twister.Skip(count);

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
