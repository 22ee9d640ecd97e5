using FsCheck;
using FsCheck.Xunit;

namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>Functions that mix everything, on numbers that FsCheck draws.</summary>
public class RandomTests
{
    [Property(MaxTest = 30)]
    public void Integers(int[] values) => Kernels.Check<Mixture, int, int>(Some(values));

    [Property(MaxTest = 30)]
    public void Longs(long[] values) => Kernels.Check<LongMixture, long, ulong>(Some(values));

    [Property(MaxTest = 30)]
    public void Floats(float[] values) => Kernels.Check<FloatMixture, float, float>(Some(values));

    static T[] Some<T>(T[] values) => values.Length == 0 ? [default!, default!] : [.. values.Take(12)];

    struct Random
    {
        public uint State;

        public uint Next()
        {
            State ^= State << 13;
            State ^= State >> 17;
            return State ^= State << 5;
        }
    }

    struct Mixture : IFunction<int, int>
    {
        public static int Of(int a, int b)
        {
            var random = new Random { State = (uint)a | 1 };
            int hash = b;
            for (int i = 0; i < 20 && hash != 12345; i++)
            {
                uint next = random.Next();
                switch (next % 7)
                {
                    case 0: hash += (int)next; break;
                    case 1 when hash < 0: hash = -hash; continue;
                    case 2: hash ^= (short)next; break;
                    case 3: (a, hash) = (hash, a - b); break;
                    case 4: Mix(ref hash, ref a); break;
                    case 5: return hash + Depth(hash, i);
                    default: hash = (int)(next / ((uint)hash | 1)) + (hash > a ? hash >> 3 : a >>> 2); break;
                }
                hash = hash * 31 + (sbyte)a;
            }
            return hash;
        }

        static void Mix(ref int x, ref int y)
        {
            int old = x;
            x = y++ ^ x--;
            if ((x & 1) == 0) y += old;
        }

        static int Depth(int x, int limit)
        {
            int depth = 0;
            while (x != 0)
            {
                x = (x & 1) != 0 && depth < limit ? x >>> 1 : x >>> 2;
                if (++depth > limit + 20) return -1;
            }
            return depth;
        }
    }

    struct LongMixture : IFunction<long, ulong>
    {
        public static ulong Of(long a, long b)
        {
            ulong x = (ulong)a, y = (ulong)b;
            for (int i = 0; i < 64; i += 1 + (int)(x & 3))
            {
                ulong carry = x & y;
                x ^= y << (i & 7);
                y = x < y ? carry + (uint)a : carry / (x | 1);
                if ((long)x < b || i == 33) a -= (int)x;
            }
            return x + y * (ulong)a;
        }
    }

    struct FloatMixture : IFunction<float, float>
    {
        public static float Of(float a, float b)
        {
            float sum = 0, scale = MathF.Abs(a) < 1 || float.IsNaN(b) ? 1 : 1 / a;
            for (int i = 0; i < 10; i++)
            {
                float x = i * scale - b;
                if (!(x < a) || x > 1e10f) sum += x * 0.5f;
                else if (x != b) sum -= MathF.Sqrt(MathF.Abs(x));
                sum = Largest(sum, a == b ? b : -x) > 1000 ? sum * 0.001f : sum;
                if (sum < -100) return (int)sum % 10 + x;
            }
            return sum;
        }

        static float Largest(float a, float b) => a > b ? a : b;
    }
}
