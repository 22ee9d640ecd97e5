using System.Reflection;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>
/// From IL to basic blocks of scalars. Every call is inlined, structures and views are taken apart, refs are followed, and
/// branches on constants are taken, all in one walk over the IL (<see cref="MethodTranslator"/>); a last pass tidies up
/// (<see cref="Cleanup"/>).
/// </summary>
static class Translator
{
    /// <summary>As ILGPU has it.</summary>
    const int MostParameters = 14;

    /// <exception cref="NotSupportedException">The kernel does what kernels can't; the message names method and construct.</exception>
    public static KernelMethod Translate(MethodInfo method, long[] specialized)
    {
        string name = Names.Of(method);
        var builder = new KernelBuilder(name) { Source = (name, 0) };
        if (method.ContainsGenericParameters) throw builder.Refuse("has open type parameters", "Give every type argument");
        if (!method.IsStatic) throw builder.Refuse("is an instance method, as lambdas are", "Kernels are static methods with a name");
        if (method.ReturnType != typeof(void)) throw builder.Refuse($"returns a value of type {Names.Of(method.ReturnType)}", "Kernels write to views");
        if (method.GetMethodBody() is null) throw builder.Refuse("has no IL", "Kernels are methods of C#");
        var declared = method.GetParameters();
        if (declared.Length > MostParameters) throw builder.Refuse($"has {declared.Length} parameters", $"Kernels have at most {MostParameters}: put numbers into a structure");

        var entry = builder.Block;
        var constants = new Queue<long>(specialized);
        var parameters = new Parameter[declared.Length];
        var values = new Value[declared.Length];
        for (int i = 0; i < declared.Length; i++) (parameters[i], values[i]) = Declare(builder, declared[i], constants);
        MethodTranslator.TranslateKernel(builder, builder.Decode(method), values);

        var blocks = Cleanup.Run(entry);
        return new()
        {
            Name = name,
            Parameters = parameters,
            Blocks = blocks,
            Variables = Cleanup.Number(blocks),
            Shared = [.. builder.Shared],
            Local = [.. builder.Local],
        };
    }

    /// <summary>A parameter as the host passes it, and its value in the kernel.</summary>
    static (Parameter, Value) Declare(KernelBuilder builder, ParameterInfo declared, Queue<long> constants)
    {
        var type = declared.ParameterType;
        string name = declared.Name ?? $"parameter{declared.Position}";
        int index = declared.Position;
        if (Layout.IsView(type))
        {
            var element = type.GetGenericArguments()[0];
            Check(element);
            var address = builder.Emit(Op.ParameterPointer, ValueType.Global, [], index: index);
            return (new(ParameterKind.View, name, Layout.Size(element), []), ViewIntrinsics.View(element, address, builder.Emit(Op.ParameterLength, ValueType.Int64, [], index: index)));
        }
        if (Layout.IsSpecialized(type))
        {
            var number = Layout.Number(type.GetGenericArguments()[0]) ?? throw builder.Refuse($"has the parameter {name} of type {Names.Of(type)}", "A SpecializedValue is a number");
            if (!constants.TryDequeue(out long bits)) throw new ArgumentException($"{builder.Source.Method} has more specialised parameters than values were given");
            return (new(ParameterKind.Specialized, name, 0, []), new Aggregate(type, [Folding.Constant(number.Loaded(), bits)]));
        }
        Check(type);
        return (new(ParameterKind.Value, name, Layout.Size(type), [.. Layout.Numbers(type)]), Load(type, 0));

        void Check(Type passed)
        {
            if (Layout.Objection(passed) is { } objection)
                throw builder.Refuse($"has the parameter {name} of type {Names.Of(type)}", $"Parameters are views, numbers, and structures of numbers: {objection}");
        }

        Value Load(Type part, int offset)
        {
            if (Layout.Number(part) is { } number) return builder.Emit(Op.ParameterValue, number.Loaded(), [], memory: number, index: index, offset: offset);
            return new Aggregate(part, [.. Layout.Fields(part).Select((field, i) => Load(field.FieldType, offset + Layout.Offset(part, i)))]);
        }
    }
}
