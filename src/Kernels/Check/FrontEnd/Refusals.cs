using System.Reflection;
using ILGPU;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>What kernels can't do: the words for it, and what to do instead.</summary>
static class Refusals
{
    public const string Half = "Keep halves as ushort and convert their bits to float: System.Half and ILGPU.Half don't work on every device";

    const string NoPointers = "Pass a structure with a static abstract method as a type argument";

    const string NoHeap = "Kernels have no heap: use structures, SharedMemory.Allocate or LocalMemory.Allocate";

    /// <summary>Methods that are refused by name, wherever they come from.</summary>
    public static void Method(KernelBuilder builder, MethodBase method)
    {
        string type = method.DeclaringType?.FullName ?? "", name = Names.Of(method);
        if (type is "System.Half" or "ILGPU.Half" || method.GetParameters().Select(parameter => parameter.ParameterType)
            .Append((method as MethodInfo)?.ReturnType).Any(used => used?.FullName is "System.Half" or "ILGPU.Half"))
            throw builder.Refuse($"calls {name}, of type Half", Half);
        if (method.Name is "FusedMultiplyAdd") throw builder.Refuse($"calls {name}", "Write a * b + c: ILGPU leaves an unresolved call");
        if (method.Name is "ReciprocalSqrtEstimate" or "ReciprocalEstimate") throw builder.Refuse($"calls {name}", "Call XMath.Rsqrt or XMath.Rcp");
        if (type == "ILGPU.Warp") throw builder.Refuse($"calls {name}", "Not every device has warp functions: go through shared memory");
    }

    /// <summary>Methods that no intrinsic stands for, and whose IL can't stand in their place.</summary>
    public static void Inlining(KernelBuilder builder, MethodBase method)
    {
        var type = method.DeclaringType;
        string name = Names.Of(method);
        if (type is null) throw builder.Refuse($"calls {name}", "Call static methods and methods of structures");
        if (type == typeof(string)) throw builder.Refuse($"uses a string, in {name}", "Kernels have numbers only");
        if (type.IsSubclassOf(typeof(Delegate))) throw Delegate(builder, type);
        if (type.FullName is "System.Runtime.CompilerServices.Unsafe" or "System.Runtime.InteropServices.MemoryMarshal" or "System.Runtime.InteropServices.Marshal")
            throw builder.Refuse($"calls {name}", "Kernels have no pointers: use refs, views, or ArrayView.Cast");
        if (type.FullName!.StartsWith("System.Span`", StringComparison.Ordinal) || type.FullName.StartsWith("System.ReadOnlySpan`", StringComparison.Ordinal))
            throw builder.Refuse($"calls {name}", "Use a view: SharedMemory.Allocate or LocalMemory.Allocate");
        if (!method.IsStatic && !type.IsValueType) throw builder.Refuse($"calls {name} of class {Names.Of(type)}", "Call static methods and methods of structures");
        if (Layout.IsView(type)) throw builder.Refuse($"calls {name}", "The host can do that, but not a kernel");
        // What ILGPU's own methods contain is for its CPU accelerator; on a device something else stands in their place.
        if (type.Assembly == typeof(Group).Assembly && type.IsAbstract && type.IsSealed && method is { IsSpecialName: false })
            throw builder.Refuse($"calls {name}", "It is outside of the subset that the checker knows: see Intrinsics.cs");
        if (method.GetMethodBody() is null) throw builder.Refuse($"calls {name}, which has no IL", "Call a function of XMath, or write it in C#");
    }

    public static void New(KernelBuilder builder, Type type)
    {
        if (type.IsSubclassOf(typeof(Delegate))) throw Delegate(builder, type);
        if (type == typeof(string)) throw builder.Refuse("makes a string", "Kernels have numbers only");
        if (!type.IsValueType) throw builder.Refuse($"makes an object of class {Names.Of(type)}", NoHeap);
        if (Layout.IsView(type)) throw builder.Refuse("makes a view of a buffer", "The host can do that, but not a kernel");
    }

    public static NotSupportedException Delegate(KernelBuilder builder, Type type) => builder.Refuse($"uses a delegate, {Names.Of(type)}", NoPointers);

    public static NotSupportedException VirtualCall(KernelBuilder builder, MethodBase method)
    {
        var type = method.DeclaringType!;
        if (type.IsSubclassOf(typeof(Delegate))) return Delegate(builder, type);
        if (type == typeof(string)) return builder.Refuse($"uses a string, in {Names.Of(method)}", "Kernels have numbers only");
        return builder.Refuse($"calls {Names.Of(method)} through a reference", "Kernels have no virtual calls: make it a type argument that is a structure");
    }

    /// <summary>An instruction of IL that no kernel may have.</summary>
    public static NotSupportedException Instruction(KernelBuilder builder, IlMethod il, IlInstruction instruction) => instruction.Name switch
    {
        "newarr" => builder.Refuse($"makes an array of {Names.Of(il.ResolveType(instruction.Int))}", NoHeap),
        "box" => builder.Refuse($"boxes {Names.Of(il.ResolveType(instruction.Int))}", NoHeap),
        "unbox" or "unbox.any" or "castclass" or "isinst" => builder.Refuse("converts a reference", "Kernels have no objects: use generic methods over structures"),
        "ldstr" => builder.Refuse("uses a string", "Kernels have numbers only"),
        "ldnull" => builder.Refuse("uses null", "Kernels have no objects: use structures"),
        "ldftn" or "ldvirtftn" => builder.Refuse("makes a delegate or a pointer to a method", NoPointers),
        "calli" => builder.Refuse("calls through a pointer to a method (calli)", NoPointers),
        "localloc" => builder.Refuse("uses stackalloc", "Use LocalMemory.Allocate"),
        "ldtoken" => builder.Refuse("asks for a type, a method or a field (ldtoken)", "Give the type argument a static abstract member that says what you want to know"),
        "ckfinite" => builder.Refuse("uses checked arithmetic", "Kernels have no exceptions: write unchecked(…)"),
        _ when instruction.Name.Contains(".ovf", StringComparison.Ordinal) => builder.Refuse("uses checked arithmetic", "Kernels have no exceptions: write unchecked(…)"),
        _ when instruction.Name.StartsWith("ldelem", StringComparison.Ordinal) || instruction.Name.StartsWith("stelem", StringComparison.Ordinal) || instruction.Name == "ldlen" =>
            builder.Refuse("uses an array", "Use a view"),
        _ => builder.Refuse($"uses the instruction {instruction.Name}", "Kernels can't do that"),
    };
}
