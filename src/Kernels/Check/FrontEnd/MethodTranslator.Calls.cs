using System.Reflection;
using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.FrontEnd;

sealed partial class MethodTranslator
{
    const int DeepestCall = 64;

    void Call(IlInstruction instruction, bool isVirtual)
    {
        var method = il.ResolveMethod(instruction.Int);
        var values = PopArguments(method.GetParameters().Length + (method.IsStatic ? 0 : 1));
        if (at > 0 && il.Instructions[at - 1] is { Name: "constrained." } prefix) method = Implementation(method, il.ResolveType(prefix.Int));
        else if (at > 1 && il.Instructions[at - 1].Name == "tail." && il.Instructions[at - 2] is { Name: "constrained." } early) method = Implementation(method, il.ResolveType(early.Int));
        else if (isVirtual) throw Refusals.VirtualCall(builder, method);
        if (Invoke(method, values) is { } result) Push(result);
    }

    /// <summary>new S(…) of a structure: its constructor works on fresh variables.</summary>
    void New(MethodBase constructor)
    {
        var type = constructor.DeclaringType!;
        var values = PopArguments(constructor.GetParameters().Length);
        Refusals.New(builder, type);
        var place = Place.Create(builder, type);
        Invoke(constructor, [new Reference(place), .. values]);
        Push(place.Read(builder));
    }

    Value[] PopArguments(int count)
    {
        Value[] values = [.. stack[^count..]];
        stack.RemoveRange(stack.Count - count, count);
        return values;
    }

    /// <summary>A structure's own method for one of an interface, static or not.</summary>
    MethodBase Implementation(MethodBase declared, Type type)
    {
        if (!type.IsValueType) throw Refusals.VirtualCall(builder, declared);
        var declaring = declared.DeclaringType!;
        if (!declaring.IsInterface) // ToString and its like, or a method that the structure overrides
            return type.GetMethods(BindingFlags.Instance | BindingFlags.Public).FirstOrDefault(own => own.GetBaseDefinition() == declared && own.DeclaringType == type) ?? throw Refusals.VirtualCall(builder, declared);

        var definition = declared is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericMethodDefinition() : declared;
        var map = type.GetInterfaceMap(declaring);
        int index = Array.FindIndex(map.InterfaceMethods, method => method == definition);
        var target = index < 0 ? (MethodInfo)definition : map.TargetMethods[index];
        if (target.DeclaringType!.IsInterface && !target.IsStatic) throw builder.Refuse($"calls {Names.Of(declared)}, which {Names.Of(type)} leaves to the interface", $"Implement it in {Names.Of(type)}");
        return target.IsGenericMethodDefinition ? target.MakeGenericMethod(declared.GetGenericArguments()) : target;
    }

    /// <summary>What a call gives: by the table of intrinsics, or by the method's IL in its place. Null for void.</summary>
    Value? Invoke(MethodBase method, Value[] values)
    {
        Refusals.Method(builder, method);
        if (Intrinsics.Find(method) is { } intrinsic) return intrinsic(builder, method, values);
        Refusals.Inlining(builder, method);

        int depth = 0;
        for (var frame = this; frame is not null; frame = frame.caller, depth++)
            if (frame.il.Method == method || depth == DeepestCall) throw builder.Refuse($"calls {Names.Of(method)}, which calls itself", "Kernels have no call stack: write a loop");

        // A callee may change, through a ref, a variable that another argument was read from.
        Variable[] exposed = [.. values.OfType<Reference>().SelectMany(reference => reference.Place.Variables)];
        if (exposed.Length > 0)
            for (int i = 0; i < values.Length; i++)
                if (values[i].Variables.Intersect(exposed).Any()) values[i] = builder.Copy(values[i]);

        var (source, library) = (builder.Source, builder.Library);
        if (method.Module.Assembly == typeof(object).Assembly) builder.Library ??= (Names.Of(method), source);
        var callee = new MethodTranslator(builder, builder.Decode(method), this, values);
        callee.Translate();
        (builder.Source, builder.Library) = (source, library);
        return Returned(callee);
    }

    /// <summary>Goes on after an inlined call, where its returns meet.</summary>
    Value? Returned(MethodTranslator callee)
    {
        var returns = callee.returns;
        if (returns.Count == 1)
        {
            builder.Block = returns[0].From;
            return returns[0].Value;
        }
        var next = new BasicBlock();
        foreach (var (from, _) in returns)
        {
            builder.Block = from;
            builder.Finish(End.Jump, default, next);
        }
        builder.Block = next;
        if (returns.Count > 0) return returns[0].Value is null ? null : Merge([.. returns.Select(one => (one.From, one.Value!))]);

        // It never returns: what follows is not reached, but has to make sense.
        return callee.il.Method is MethodInfo method && method.ReturnType != typeof(void) ? builder.Zero(method.ReturnType) : null;
    }
}
