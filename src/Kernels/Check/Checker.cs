using System.Linq.Expressions;
using System.Reflection;
using ILGPU;
using PureLcm.Kernels.Check.Execution;
using PureLcm.Kernels.Check.FrontEnd;

namespace PureLcm.Kernels.Check;

/// <summary>
/// Runs kernels on the processor, in the place of a device: all work-items of a group advance together, and every access is
/// looked at. Races, reads outside a view, shared memory that was never written and barriers that not all reach are a
/// <see cref="KernelFaultException"/> with kernel, work-item and place. Kernels are those of ILGPU; so are the buffers, which
/// a CPU accelerator of any size allocates.
/// </summary>
public static class Checker
{
    /// <summary>Work-items of a group at most: what graphics cards take. The records of who touched what count on it.</summary>
    public const int LargestGroup = 1024;

    /// <summary>Bytes that a group can share: what every graphics card has.</summary>
    public const int SharedMemory = 48 * 1024;

    /// <summary>
    /// A method as a kernel. It is translated at its first launch, and again for each set of specialised values. A launch returns
    /// when it is done.
    /// </summary>
    /// <typeparam name="TLauncher">
    /// An Action of <see cref="KernelConfig"/>, then the method's parameters: what ILGPU's LoadStreamKernel gives.
    /// </typeparam>
    /// <param name="kernel">A static method.</param>
    public static TLauncher Load<TLauncher>(MethodInfo kernel) where TLauncher : Delegate
    {
        var types = typeof(TLauncher).GetMethod("Invoke")!.GetParameters().Select(parameter => parameter.ParameterType);
        ParameterExpression[] parameters = [.. types.Select(Expression.Parameter)];
        var arguments = Expression.Variable(typeof(Arguments));
        var add = typeof(Arguments).GetMethod(nameof(Arguments.Add))!;
        var launch = typeof(Checker).GetMethod(nameof(Launch), BindingFlags.NonPublic | BindingFlags.Static)!;
        var body = Expression.Block([arguments],
        [
            Expression.Assign(arguments, Expression.New(typeof(Arguments))),
            .. parameters.Skip(1).Select(parameter => Expression.Call(arguments, add.MakeGenericMethod(parameter.Type), parameter)),
            Expression.Call(launch, Expression.Constant(kernel), parameters[0], arguments),
        ]);
        return Expression.Lambda<TLauncher>(body, parameters).Compile();
    }

    static void Launch(MethodInfo kernel, KernelConfig config, Arguments arguments)
    {
        if (config.GridDim.X == 0 || config.GridDim.Y == 0 || config.GridDim.Z == 0) return;
        LockstepKernel.Launch(LockstepProgram.For(new(kernel, [.. arguments.Specialized])), config, arguments);
    }
}
