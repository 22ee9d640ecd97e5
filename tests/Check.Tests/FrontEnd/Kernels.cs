using System.Numerics;
using System.Reflection;
using ILGPU;
using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Check.Tests.FrontEnd;

/// <summary>A function that is run twice: as C#, and translated and interpreted.</summary>
interface IFunction<TIn, TOut>
{
    static abstract TOut Of(TIn a, TIn b);
}

/// <summary>Runs kernels by name.</summary>
static class Kernels
{
    /// <summary>Translates and runs a kernel: arrays are its views, and changed.</summary>
    public static KernelMethod Run(Delegate kernel, params object[] arguments) => Interpreter.Run(kernel.Method, arguments);

    public static KernelMethod Translate(Delegate kernel, params long[] specialized) => PureLcm.Kernels.Check.FrontEnd.Translator.Translate(kernel.Method, specialized);

    /// <summary>The function on all pairs, both ways.</summary>
    public static void Check<TFunction, TIn, TOut>(params TIn[] values) where TFunction : IFunction<TIn, TOut> where TIn : unmanaged where TOut : unmanaged
    {
        int n = values.Length;
        var a = new TIn[n * n];
        var b = new TIn[n * n];
        var expected = new TOut[n * n];
        for (int i = 0; i < n * n; i++) expected[i] = TFunction.Of(a[i] = values[i / n], b[i] = values[i % n]);

        var actual = new TOut[n * n];
        Run(Map<TFunction, TIn, TOut>, a, b, actual, n * n);
        for (int i = 0; i < n * n; i++)
            Assert.True(expected[i].Equals(actual[i]), $"{typeof(TFunction).Name}({a[i]}, {b[i]}): {actual[i]}, but C# says {expected[i]}");
    }

    static void Map<TFunction, TIn, TOut>(ArrayView<TIn> a, ArrayView<TIn> b, ArrayView<TOut> y, int count)
        where TFunction : IFunction<TIn, TOut> where TIn : unmanaged where TOut : unmanaged
    {
        for (int i = 0; i < count; i++) y[i] = TFunction.Of(a[i], b[i]);
    }
}
