using PureLcm.Kernels.Cpu;

namespace PureLcm.Kernels.Tests.Cpu;

/// <summary>The vectors' functions against double precision, over the floats that matter.</summary>
public class VectorMathTests
{
    [Fact]
    public void Exp() => Sweep(-87f, 88f, x => VectorMath<V256>.Exp(x), Math.Exp, relative: 3e-7);

    [Fact]
    public void Erf() => Sweep(-6f, 6f, x => VectorMath<V256>.Erf(x), Kernels.Reference.Erf.Of, absolute: 5e-7);

    [Fact]
    public void Tanh() => Sweep(-12f, 12f, x => VectorMath<V256>.Tanh(x), Math.Tanh, relative: 6e-7);

    [Fact]
    public void Silu() => Sweep(-80f, 80f, x => VectorMath<V256>.Swish(x, 1), x => x / (1 + Math.Exp(-x)), relative: 1e-6);

    /// <summary>Every fp16 and bf16 there is, widened in vectors of each width.</summary>
    [Fact]
    public unsafe void HalvesAreWidenedExactly()
    {
        ushort* from = stackalloc ushort[16];
        float* to = stackalloc float[16];
        int bits;
        for (bits = 0; bits < 65536; bits += 16)
        {
            for (int i = 0; i < 16; i++) from[i] = (ushort)(bits + i);
            V512.Store(V512.LoadHalf(from), to);
            Check(16, i => (float)BitConverter.UInt16BitsToHalf((ushort)(bits + i)));
            V256.Store(V256.LoadHalf(from), to);
            Check(8, i => (float)BitConverter.UInt16BitsToHalf((ushort)(bits + i)));
            V128.Store(V128.LoadHalf(from), to);
            Check(4, i => (float)BitConverter.UInt16BitsToHalf((ushort)(bits + i)));
            V512.Store(V512.LoadBFloat(from), to);
            Check(16, i => BitConverter.UInt32BitsToSingle((uint)(bits + i) << 16));
        }

        void Check(int count, Func<int, float> expected)
        {
            for (int i = 0; i < count; i++)
                Assert.True(to[i].Equals(expected(i)), $"{bits + i:x4} became {to[i]}, not {expected(i)}");
        }
    }

    static unsafe void Sweep(float least, float most, Func<V256, V256> ours, Func<double, double> exact, double relative = 0, double absolute = 0)
    {
        const int count = 400_000;
        float* values = stackalloc float[8], results = stackalloc float[8];
        for (int i = 0; i < count; i += 8)
        {
            for (int j = 0; j < 8; j++) values[j] = least + (most - least) * ((i + j) / (float)count);
            V256.Store(ours(V256.Load(values)), results);
            for (int j = 0; j < 8; j++)
            {
                double expected = exact(values[j]), error = Math.Abs(results[j] - expected);
                Assert.True(error <= absolute + relative * Math.Abs(expected) + 1e-37, $"f({values[j]}) = {results[j]}, not {expected}");
            }
        }
    }
}
