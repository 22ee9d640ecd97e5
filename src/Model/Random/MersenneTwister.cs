namespace PureLcm.Model.Random;

/// <summary>MT19937, the 32-bit Mersenne twister (Matsumoto and Nishimura 1998), seeded as its authors' 2002 version is.</summary>
sealed class MersenneTwister
{
    const int N = 624, M = 397;

    readonly uint[] state = new uint[N];
    int next = N;

    public MersenneTwister(uint seed)
    {
        state[0] = seed;
        for (uint i = 1; i < N; i++) state[i] = 1812433253u * (state[i - 1] ^ state[i - 1] >> 30) + i;
    }

    MersenneTwister(MersenneTwister other)
    {
        other.state.CopyTo(state, 0);
        next = other.next;
    }

    /// <summary>A twister that goes on as this one does.</summary>
    public MersenneTwister Copy() => new(this);

    /// <summary>Passes over so many numbers.</summary>
    public void Skip(long count)
    {
        while (count > 0)
        {
            if (next == N) Twist();
            int step = (int)Math.Min(count, N - next);
            next += step;
            count -= step;
        }
    }

    /// <summary>32 random bits.</summary>
    public uint Next()
    {
        if (next == N) Twist();
        uint y = state[next++];
        y ^= y >> 11;
        y ^= y << 7 & 0x9D2C5680;
        y ^= y << 15 & 0xEFC60000;
        return y ^ y >> 18;
    }

    void Twist()
    {
        // i + 1 and i + M go round; without divisions, since large batches pass over billions of numbers.
        for (int i = 0; i < N - M; i++) state[i] = state[i + M] ^ Mixed(state[i], state[i + 1]);
        for (int i = N - M; i < N - 1; i++) state[i] = state[i + M - N] ^ Mixed(state[i], state[i + 1]);
        state[N - 1] = state[M - 1] ^ Mixed(state[N - 1], state[0]);
        next = 0;
    }

    static uint Mixed(uint upper, uint lower)
    {
        uint y = upper & 0x80000000 | lower & 0x7FFFFFFF;
        return y >> 1 ^ (y & 1) * 0x9908B0DF;
    }
}
