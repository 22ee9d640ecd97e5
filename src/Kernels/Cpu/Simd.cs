using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace PureLcm.Kernels.Cpu;

/// <summary>
/// A vector of floats of some width. Kernels are generic over it, and the JIT compiles each of them once a width, to the
/// same code as if it had been written for that width: so 128, 256 and 512 bits run, and are tested, in one process.
/// </summary>
unsafe interface IVec<V> where V : struct, IVec<V>
{
    /// <summary>Lanes.</summary>
    static abstract int Count { get; }
    static abstract V Zero { get; }
    static abstract V Of(float value);
    static abstract V Load(float* p);
    static abstract void Store(V x, float* p);
    static abstract V operator +(V a, V b);
    static abstract V operator -(V a, V b);
    static abstract V operator *(V a, V b);
    static abstract V operator /(V a, V b);
    /// <summary>a b + c, fused where the hardware does it.</summary>
    static abstract V MulAdd(V a, V b, V c);
    /// <summary>The smaller; b where one is no number (x86), or that (Arm).</summary>
    static abstract V Min(V a, V b);
    /// <summary>The larger; b where one is no number (x86), or that (Arm).</summary>
    static abstract V Max(V a, V b);
    static abstract V Abs(V a);
    static abstract V Sqrt(V a);
    static abstract V Round(V a);
    /// <summary>2^n for whole n in [-126, 127].</summary>
    static abstract V PowerOfTwo(V n);
    /// <summary>a's magnitude with b's sign.</summary>
    static abstract V CopySign(V a, V b);
    /// <summary>Where a is less than b: yes, else no.</summary>
    static abstract V IfLess(V a, V b, V yes, V no);
    static abstract float Sum(V a);
    static abstract float Largest(V a);
    /// <summary>Count values of fp16, widened.</summary>
    static abstract V LoadHalf(ushort* p);
    /// <summary>Count values of bf16, widened.</summary>
    static abstract V LoadBFloat(ushort* p);
}
