using System.Reflection;
using ILGPU;
using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>Views in kernels: an address and a length, and what is done with them.</summary>
static class ViewIntrinsics
{
    public static void AddTo(Dictionary<(Type, string), Intrinsics.Intrinsic> table)
    {
        Add("get_Item", Element);
        Add("get_Length", (_, _, view, _) => view.Fields[1]);
        Add("get_IntLength", (builder, _, view, _) => builder.Convert(Length(view), MemoryType.Int32));
        Add("get_LengthInBytes", (builder, method, view, _) => builder.Compute(Op.Multiply, Length(view), Operand.Of((long)ElementSize(method))));
        Add("SubView", SubView);
        Add("Cast", Cast);

        void Add(string name, Func<KernelBuilder, MethodBase, Aggregate, Value[], Value> make) =>
            table[(typeof(ArrayView<>), name)] = (builder, method, values) => make(builder, method, Self(builder, values[0]), values);
    }

    /// <summary>New memory, of a size that is known while translating.</summary>
    public static Value Allocate(KernelBuilder builder, MethodBase method, Value extent, List<Allocation> allocations, ValueType space)
    {
        var type = method.GetGenericArguments()[0];
        if (Layout.Objection(type) is { } objection) throw builder.Refuse($"allocates elements of {Names.Of(type)}", objection);
        var count = builder.Operand(extent);
        if (!count.IsConstant)
            throw builder.Refuse($"calls {Names.Of(method)} with a size that is no constant", "Make it a const, a constant of a type argument, or a SpecializedValue");
        if (count.Bits <= 0 || count.Bits * Layout.Size(type) > int.MaxValue) throw builder.Refuse($"calls {Names.Of(method)} for {count.Bits} elements", "Allocate at least one, and less than 2 GB");
        var address = builder.Emit(Op.Allocation, space, [], index: allocations.Count);
        allocations.Add(new((int)count.Bits * Layout.Size(type), Layout.Alignment(type)));
        return View(type, address, Operand.Of(count.Bits));
    }

    public static Aggregate View(Type element, Value address, Operand length) => new(typeof(ArrayView<>).MakeGenericType(element), [address, length]);

    static Aggregate Self(KernelBuilder builder, Value self) => (Aggregate)(self is Reference reference ? reference.Place.Read(builder) : self);

    static Operand Length(Aggregate view) => ((Scalar)view.Fields[1]).Operand;

    static Type ElementType(MethodBase method) => method.DeclaringType!.GetGenericArguments()[0];

    static int ElementSize(MethodBase method) => Layout.Size(ElementType(method));

    static Value Element(KernelBuilder builder, MethodBase method, Aggregate view, Value[] values)
    {
        var address = builder.Operand(view.Fields[0]);
        var type = ElementType(method);
        if (Layout.Objection(type) is { } objection) throw builder.Refuse($"uses a view of {Names.Of(type)}", objection);
        return new Reference(new MemoryPlace(type, builder.Emit(Op.Element, address.Type, [address, builder.Operand(values[1]), Length(view)], offset: Layout.Size(type)), 0));
    }

    static Value SubView(KernelBuilder builder, MethodBase method, Aggregate view, Value[] values)
    {
        var address = builder.Operand(view.Fields[0]);
        var start = builder.Long(builder.Operand(values[1]));
        var length = values.Length > 2 ? builder.Long(builder.Operand(values[2])) : builder.Compute(Op.Subtract, Length(view), start);
        var begin = start is { IsConstant: true, Bits: 0 } ? address : builder.Emit(Op.Advance, address.Type, [address, start], offset: ElementSize(method));
        return View(ElementType(method), begin, length);
    }

    static Value Cast(KernelBuilder builder, MethodBase method, Aggregate view, Value[] values)
    {
        var type = method.GetGenericArguments()[0];
        if (Layout.Objection(type) is { } objection) throw builder.Refuse($"casts a view to one of {Names.Of(type)}", objection);
        long from = ElementSize(method), to = Layout.Size(type);
        var length = Length(view);
        if (from % to == 0) length = builder.Compute(Op.Multiply, length, Operand.Of(from / to));
        else if (to % from == 0) length = builder.Compute(Op.Divide, length, Operand.Of(to / from));
        else length = builder.Compute(Op.Divide, builder.Compute(Op.Multiply, length, Operand.Of(from)), Operand.Of(to));
        return View(type, view.Fields[0], length);
    }
}
