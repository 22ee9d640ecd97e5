namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>Loops, branches, and what C# makes of conditions.</summary>
public class ControlFlowTests
{
    static readonly int[] Numbers = [-7, -1, 0, 1, 2, 3, 5, 12, 40];

    [Fact]
    public void Loops() => Kernels.Check<Sum, int, int>(Numbers);

    struct Sum : IFunction<int, int>
    {
        public static int Of(int a, int b)
        {
            int sum = 0;
            for (int i = a; i < b; i++)
            {
                if (i % 3 == 0) continue;
                if (sum > 100) break;
                int j = i;
                while (j > 0)
                {
                    sum += j & 3;
                    j >>= 1;
                }
            }
            do sum++; while (sum < 5);
            return sum;
        }
    }

    [Fact]
    public void Conditions() => Kernels.Check<Condition, int, int>(Numbers);

    struct Condition : IFunction<int, int>
    {
        public static int Of(int a, int b)
        {
            bool both = a > 0 && b > 0, either = a > 0 || b > 3, not = !(a <= b);
            int chosen = (both ? a : b) + (either ? not ? 10 : 20 : 30) * (a == b ? 2 : 3);
            if (both || (either && not) && a != 2) chosen += 1000;
            return both && Positive(chosen) ? chosen : -chosen;
        }

        static bool Positive(int x) => x > 0;
    }

    [Fact]
    public void EarlyReturns() => Kernels.Check<EarlyReturn, int, int>(Numbers);

    struct EarlyReturn : IFunction<int, int>
    {
        public static int Of(int a, int b) => First(a, b) * 100 + First(b, a) * 7 + Clamp(a);

        static int First(int a, int b)
        {
            if (a < 0) return -1;
            for (int i = 0; i < b; i++)
                if (i * i >= a) return i;
            return 50;
        }

        static int Clamp(int a)
        {
            if (a < 0) return 0;
            if (a > 5) return 5;
            return a;
        }
    }

    [Fact]
    public void Switches() => Kernels.Check<Switch, int, int>(Numbers);

    struct Switch : IFunction<int, int>
    {
        public static int Of(int a, int b)
        {
            int y = a switch { 0 => 5, 1 => b, 2 => b * b, 3 => 9, _ => -2 };
            switch (b)
            {
                case 1: y += 1; goto case 3;
                case 2: return 77;
                case 3: y *= 3; break;
                case 5 or 12: y--; break;
                default: y -= 4; break;
            }
            return y;
        }
    }

    [Fact]
    public void OldValuesOnTheStack() => Kernels.Check<OldValue, int, int>(Numbers);

    struct OldValue : IFunction<int, int>
    {
        public static int Of(int a, int b)
        {
            int i = a;
            int y = i++ * 3 + i-- - (i += b) * (i = 4) + i;
            (a, b) = (b, a);
            return y + a * 5 + b + Twice(ref a) + a + Twice(ref a) + Both(a, ref a) + a;
        }

        static int Twice(ref int x) => x += x;

        static int Both(int old, ref int x)
        {
            x += 5;
            return old * 3 + x;
        }
    }

    [Fact]
    public void SwapInALoop() => Kernels.Check<Fibonacci, int, int>(Numbers);

    struct Fibonacci : IFunction<int, int>
    {
        public static int Of(int a, int b)
        {
            int x = a, y = b;
            for (int i = 0; i < b; i++) (x, y) = (y, x + y);
            int previous = 0;
            for (int i = 0; i < a; i++)
            {
                int old = previous;
                previous = i * b;
                if (old > 5) x += old;
            }
            return x - y;
        }
    }
}
