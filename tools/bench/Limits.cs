using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace PureLcm.Bench;

/// <summary>What this machine can do at best: multiply-adds that touch only registers, and memory that is only copied.</summary>
static unsafe class Limits
{
    public static void Print(int threads)
    {
        Console.WriteLine($"FMA peak (fp32, registers only)     1 thread {FmaPeak(1) / 1e9,8:0.0} GFLOP/s    {threads} threads {FmaPeak(threads) / 1e9,8:0.0} GFLOP/s");
        Console.WriteLine($"memory bandwidth (copy, both ways)  1 thread {Bandwidth(1) / 1e9,8:0.0} GB/s       {threads} threads {Bandwidth(threads) / 1e9,8:0.0} GB/s");
    }

    /// <summary>Floating-point operations a second, two to a multiply-add; the best of three short runs.</summary>
    public static double FmaPeak(int threads)
    {
        const int rounds = 1_500_000;
        int lanes = Vector512.IsHardwareAccelerated ? 16 : Vector256.IsHardwareAccelerated ? 8 : 4;
        return Best(threads, 2.0 * rounds * 24 * lanes * threads, () =>
        {
            if (lanes == 16) Fma512(rounds);
            else if (lanes == 8) Fma256(rounds);
            else Fma128(rounds);
        });
    }

    /// <summary>Bytes read and written a second.</summary>
    public static double Bandwidth(int threads)
    {
        const nuint bytes = 256 << 20;
        byte* from = (byte*)NativeMemory.AlignedAlloc(bytes, 64), to = (byte*)NativeMemory.AlignedAlloc(bytes, 64);
        new Span<byte>(from, (int)bytes).Fill(1);
        new Span<byte>(to, (int)bytes).Fill(1);
        nuint part = bytes / (nuint)threads;
        int next = 0;
        double best = Best(threads, 2.0 * part * (nuint)threads, () =>
        {
            nuint i = (nuint)(Interlocked.Increment(ref next) % threads);
            Buffer.MemoryCopy(from + i * part, to + i * part, part, part);
        });
        NativeMemory.AlignedFree(from);
        NativeMemory.AlignedFree(to);
        return best;
    }

    static double Best(int threads, double work, Action body)
    {
        double best = 0;
        for (int run = 0; run < 3; run++)
        {
            var others = Enumerable.Range(1, threads - 1).Select(_ => new Thread(() => body())).ToArray();
            var clock = Stopwatch.StartNew();
            foreach (var thread in others) thread.Start();
            body();
            foreach (var thread in others) thread.Join();
            best = Math.Max(best, work / clock.Elapsed.TotalSeconds);
        }
        return best;
    }

    // 24 independent chains hide the latency of the multiply-add; with 16 registers some of them spill, and 12 are enough.

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static float Fma512(int rounds)
    {
        var a = Vector512.Create(0.999999f);
        var b = Vector512.Create(1e-9f);
        Vector512<float> c0 = b, c1 = b, c2 = b, c3 = b, c4 = b, c5 = b, c6 = b, c7 = b, c8 = b, c9 = b, c10 = b, c11 = b;
        Vector512<float> c12 = b, c13 = b, c14 = b, c15 = b, c16 = b, c17 = b, c18 = b, c19 = b, c20 = b, c21 = b, c22 = b, c23 = b;
        for (int i = 0; i < rounds; i++)
        {
            c0 = Vector512.MultiplyAddEstimate(c0, a, b); c1 = Vector512.MultiplyAddEstimate(c1, a, b); c2 = Vector512.MultiplyAddEstimate(c2, a, b); c3 = Vector512.MultiplyAddEstimate(c3, a, b);
            c4 = Vector512.MultiplyAddEstimate(c4, a, b); c5 = Vector512.MultiplyAddEstimate(c5, a, b); c6 = Vector512.MultiplyAddEstimate(c6, a, b); c7 = Vector512.MultiplyAddEstimate(c7, a, b);
            c8 = Vector512.MultiplyAddEstimate(c8, a, b); c9 = Vector512.MultiplyAddEstimate(c9, a, b); c10 = Vector512.MultiplyAddEstimate(c10, a, b); c11 = Vector512.MultiplyAddEstimate(c11, a, b);
            c12 = Vector512.MultiplyAddEstimate(c12, a, b); c13 = Vector512.MultiplyAddEstimate(c13, a, b); c14 = Vector512.MultiplyAddEstimate(c14, a, b); c15 = Vector512.MultiplyAddEstimate(c15, a, b);
            c16 = Vector512.MultiplyAddEstimate(c16, a, b); c17 = Vector512.MultiplyAddEstimate(c17, a, b); c18 = Vector512.MultiplyAddEstimate(c18, a, b); c19 = Vector512.MultiplyAddEstimate(c19, a, b);
            c20 = Vector512.MultiplyAddEstimate(c20, a, b); c21 = Vector512.MultiplyAddEstimate(c21, a, b); c22 = Vector512.MultiplyAddEstimate(c22, a, b); c23 = Vector512.MultiplyAddEstimate(c23, a, b);
        }
        return Vector512.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11 + c12 + c13 + c14 + c15 + c16 + c17 + c18 + c19 + c20 + c21 + c22 + c23);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static float Fma256(int rounds)
    {
        var a = Vector256.Create(0.999999f);
        var b = Vector256.Create(1e-9f);
        Vector256<float> c0 = b, c1 = b, c2 = b, c3 = b, c4 = b, c5 = b, c6 = b, c7 = b, c8 = b, c9 = b, c10 = b, c11 = b;
        for (int i = 0; i < rounds; i++)
        {
            c0 = Vector256.MultiplyAddEstimate(c0, a, b); c1 = Vector256.MultiplyAddEstimate(c1, a, b); c2 = Vector256.MultiplyAddEstimate(c2, a, b); c3 = Vector256.MultiplyAddEstimate(c3, a, b);
            c4 = Vector256.MultiplyAddEstimate(c4, a, b); c5 = Vector256.MultiplyAddEstimate(c5, a, b); c6 = Vector256.MultiplyAddEstimate(c6, a, b); c7 = Vector256.MultiplyAddEstimate(c7, a, b);
            c8 = Vector256.MultiplyAddEstimate(c8, a, b); c9 = Vector256.MultiplyAddEstimate(c9, a, b); c10 = Vector256.MultiplyAddEstimate(c10, a, b); c11 = Vector256.MultiplyAddEstimate(c11, a, b);
            c0 = Vector256.MultiplyAddEstimate(c0, a, b); c1 = Vector256.MultiplyAddEstimate(c1, a, b); c2 = Vector256.MultiplyAddEstimate(c2, a, b); c3 = Vector256.MultiplyAddEstimate(c3, a, b);
            c4 = Vector256.MultiplyAddEstimate(c4, a, b); c5 = Vector256.MultiplyAddEstimate(c5, a, b); c6 = Vector256.MultiplyAddEstimate(c6, a, b); c7 = Vector256.MultiplyAddEstimate(c7, a, b);
            c8 = Vector256.MultiplyAddEstimate(c8, a, b); c9 = Vector256.MultiplyAddEstimate(c9, a, b); c10 = Vector256.MultiplyAddEstimate(c10, a, b); c11 = Vector256.MultiplyAddEstimate(c11, a, b);
        }
        return Vector256.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    static float Fma128(int rounds)
    {
        var a = Vector128.Create(0.999999f);
        var b = Vector128.Create(1e-9f);
        Vector128<float> c0 = b, c1 = b, c2 = b, c3 = b, c4 = b, c5 = b, c6 = b, c7 = b, c8 = b, c9 = b, c10 = b, c11 = b;
        for (int i = 0; i < rounds; i++)
        {
            c0 = Vector128.MultiplyAddEstimate(c0, a, b); c1 = Vector128.MultiplyAddEstimate(c1, a, b); c2 = Vector128.MultiplyAddEstimate(c2, a, b); c3 = Vector128.MultiplyAddEstimate(c3, a, b);
            c4 = Vector128.MultiplyAddEstimate(c4, a, b); c5 = Vector128.MultiplyAddEstimate(c5, a, b); c6 = Vector128.MultiplyAddEstimate(c6, a, b); c7 = Vector128.MultiplyAddEstimate(c7, a, b);
            c8 = Vector128.MultiplyAddEstimate(c8, a, b); c9 = Vector128.MultiplyAddEstimate(c9, a, b); c10 = Vector128.MultiplyAddEstimate(c10, a, b); c11 = Vector128.MultiplyAddEstimate(c11, a, b);
            c0 = Vector128.MultiplyAddEstimate(c0, a, b); c1 = Vector128.MultiplyAddEstimate(c1, a, b); c2 = Vector128.MultiplyAddEstimate(c2, a, b); c3 = Vector128.MultiplyAddEstimate(c3, a, b);
            c4 = Vector128.MultiplyAddEstimate(c4, a, b); c5 = Vector128.MultiplyAddEstimate(c5, a, b); c6 = Vector128.MultiplyAddEstimate(c6, a, b); c7 = Vector128.MultiplyAddEstimate(c7, a, b);
            c8 = Vector128.MultiplyAddEstimate(c8, a, b); c9 = Vector128.MultiplyAddEstimate(c9, a, b); c10 = Vector128.MultiplyAddEstimate(c10, a, b); c11 = Vector128.MultiplyAddEstimate(c11, a, b);
        }
        return Vector128.Sum(c0 + c1 + c2 + c3 + c4 + c5 + c6 + c7 + c8 + c9 + c10 + c11);
    }
}
