namespace ILGPU.Runtime;

/// <summary>Makes methods into kernels: <c>var add = accelerator.LoadStreamKernel&lt;…&gt;(Add); add((groups, size), x, y);</c></summary>
/// <remarks>At most 14 parameters, as the real library has it.</remarks>
public static class KernelLoaders
{
    /// <summary>A kernel of 1 parameter, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1> LoadStreamKernel<T1>(this Accelerator accelerator, Action<T1> action) where T1 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 2 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2> LoadStreamKernel<T1, T2>(this Accelerator accelerator, Action<T1, T2> action) where T1 : struct where T2 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 3 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3> LoadStreamKernel<T1, T2, T3>(this Accelerator accelerator, Action<T1, T2, T3> action) where T1 : struct where T2 : struct where T3 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 4 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4> LoadStreamKernel<T1, T2, T3, T4>(this Accelerator accelerator, Action<T1, T2, T3, T4> action) where T1 : struct where T2 : struct where T3 : struct where T4 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3, a4) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3); arguments.Add(a4);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 5 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5> LoadStreamKernel<T1, T2, T3, T4, T5>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5> action) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3, a4, a5) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3); arguments.Add(a4); arguments.Add(a5);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 6 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6> LoadStreamKernel<T1, T2, T3, T4, T5, T6>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6> action) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3, a4, a5, a6) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3); arguments.Add(a4); arguments.Add(a5); arguments.Add(a6);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 7 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7> action) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3, a4, a5, a6, a7) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3); arguments.Add(a4); arguments.Add(a5); arguments.Add(a6); arguments.Add(a7);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 8 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8> action) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3); arguments.Add(a4); arguments.Add(a5); arguments.Add(a6); arguments.Add(a7); arguments.Add(a8);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 9 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9> action) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3); arguments.Add(a4); arguments.Add(a5); arguments.Add(a6); arguments.Add(a7); arguments.Add(a8); arguments.Add(a9);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 10 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10> action) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3); arguments.Add(a4); arguments.Add(a5); arguments.Add(a6); arguments.Add(a7); arguments.Add(a8); arguments.Add(a9); arguments.Add(a10);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 11 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11> action) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3); arguments.Add(a4); arguments.Add(a5); arguments.Add(a6); arguments.Add(a7); arguments.Add(a8); arguments.Add(a9); arguments.Add(a10); arguments.Add(a11);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 12 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12> action) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct where T12 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3); arguments.Add(a4); arguments.Add(a5); arguments.Add(a6); arguments.Add(a7); arguments.Add(a8); arguments.Add(a9); arguments.Add(a10); arguments.Add(a11); arguments.Add(a12);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 13 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13> action) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct where T12 : struct where T13 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3); arguments.Add(a4); arguments.Add(a5); arguments.Add(a6); arguments.Add(a7); arguments.Add(a8); arguments.Add(a9); arguments.Add(a10); arguments.Add(a11); arguments.Add(a12); arguments.Add(a13);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }

    /// <summary>A kernel of 14 parameters, explicitly grouped, on the default stream.</summary>
    public static Action<KernelConfig, T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14> LoadStreamKernel<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14>(this Accelerator accelerator, Action<T1, T2, T3, T4, T5, T6, T7, T8, T9, T10, T11, T12, T13, T14> action) where T1 : struct where T2 : struct where T3 : struct where T4 : struct where T5 : struct where T6 : struct where T7 : struct where T8 : struct where T9 : struct where T10 : struct where T11 : struct where T12 : struct where T13 : struct where T14 : struct
    {
        var kernel = accelerator.Load(action.Method);
        return (config, a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14) =>
        {
            var arguments = kernel.Begin();
            arguments.Add(a1); arguments.Add(a2); arguments.Add(a3); arguments.Add(a4); arguments.Add(a5); arguments.Add(a6); arguments.Add(a7); arguments.Add(a8); arguments.Add(a9); arguments.Add(a10); arguments.Add(a11); arguments.Add(a12); arguments.Add(a13); arguments.Add(a14);
            kernel.Launch(accelerator.DefaultStream, config);
        };
    }
}
