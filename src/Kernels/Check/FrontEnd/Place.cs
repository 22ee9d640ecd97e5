using PureLcm.Kernels.Check.Ir;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>What a <c>ref</c> refers to, and where locals and arguments are: known while translating.</summary>
abstract class Place(Type type)
{
    public Type Type { get; } = type;

    /// <summary>The variables that a write may change.</summary>
    public virtual IEnumerable<Variable> Variables => [];

    public abstract Value Read(KernelBuilder builder);

    public abstract void Write(KernelBuilder builder, Value value);

    public abstract Place Field(KernelBuilder builder, int index);

    /// <summary>Variables for a value of some type.</summary>
    public static Place Create(KernelBuilder builder, Type type)
    {
        if (Layout.Number(type) is { } number) return new VariablePlace(type, builder.Reassignable(number.Loaded()));
        if (type.IsByRef) return new ReferencePlace(type);
        if (Layout.IsView(type)) return new AggregatePlace(type, [new AddressPlace(type), new VariablePlace(typeof(long), builder.Reassignable(ValueType.Int64))]);
        builder.RefuseType(type);
        return new AggregatePlace(type, [.. Layout.Fields(type).Select(field => Create(builder, field.FieldType))]);
    }
}

/// <summary>A number in a variable.</summary>
sealed class VariablePlace(Type type, Variable variable) : Place(type)
{
    public override IEnumerable<Variable> Variables => [variable];

    public override Value Read(KernelBuilder builder) => variable;

    public override void Write(KernelBuilder builder, Value value) => builder.Assign(variable, builder.Operand(value));

    public override Place Field(KernelBuilder builder, int index) => throw new InvalidOperationException($"a number has no field {index}");
}

/// <summary>A view's address in a variable. Its address space is that of the first one it is given.</summary>
sealed class AddressPlace(Type view) : Place(view)
{
    Variable? variable;

    public override IEnumerable<Variable> Variables => variable is null ? [] : [variable];

    public override Value Read(KernelBuilder builder) => variable is null ? new NoAddress() : variable;

    public override void Write(KernelBuilder builder, Value value)
    {
        if (value is NoAddress) return; // the length, 0, says it
        var address = builder.Operand(value);
        variable ??= builder.Reassignable(address.Type);
        if (address.Type != variable.Type)
            throw builder.Refuse($"assigns a view of {address.Type} memory to a variable that held one of {variable.Type} memory", "Use a variable for each kind of memory");
        builder.Assign(variable, address);
    }

    public override Place Field(KernelBuilder builder, int index) => throw new InvalidOperationException($"an address has no field {index}");
}

/// <summary>A structure in variables.</summary>
sealed class AggregatePlace(Type type, Place[] fields) : Place(type)
{
    public override IEnumerable<Variable> Variables => fields.SelectMany(one => one.Variables);

    public override Value Read(KernelBuilder builder) => new Aggregate(Type, [.. fields.Select(field => field.Read(builder))]);

    public override void Write(KernelBuilder builder, Value value)
    {
        // a = new(a.Y, a.X): what is about to be overwritten is put aside.
        if (value.Variables.Intersect(Variables).Any()) value = builder.Copy(value);
        var values = ((Aggregate)value).Fields;
        for (int i = 0; i < fields.Length; i++) fields[i].Write(builder, values[i]);
    }

    public override Place Field(KernelBuilder builder, int index) => fields[index];
}

/// <summary>A value under a name: an argument that the method doesn't change, or a local that is assigned once.</summary>
sealed class NamePlace(Type type, Value? value = null) : Place(type)
{
    Value? value = value;

    public override Value Read(KernelBuilder builder) => value ?? throw builder.Refuse("reads a local variable before it is assigned", "Assign it");

    public override void Write(KernelBuilder builder, Value value) => this.value = builder.Settled(value);

    public override Place Field(KernelBuilder builder, int index) =>
        new NamePlace(Layout.Fields(Type)[index].FieldType, ((Aggregate)Read(builder)).Fields[index]);
}

/// <summary>A ref that is assigned more than once: an address in a variable, or always the same place.</summary>
sealed class ReferencePlace(Type type) : Place(type)
{
    Place? target;
    Variable? address;

    public override IEnumerable<Variable> Variables => address is null ? [] : [address];

    public override Value Read(KernelBuilder builder) => new Reference(target ?? throw builder.Refuse("reads a ref before it is assigned", "Assign it"));

    public override void Write(KernelBuilder builder, Value value)
    {
        var place = ((Reference)value).Place;
        if (place is MemoryPlace memory && target is null or MemoryPlace)
        {
            var pointer = memory.Address(builder);
            address ??= builder.Reassignable(pointer.Type);
            if (address.Type != pointer.Type)
                throw builder.Refuse($"assigns a ref to {pointer.Type} memory to a variable that held one to {address.Type} memory", "Use a variable for each kind of memory");
            target ??= new MemoryPlace(memory.Type, address, 0);
            builder.Assign(address, pointer);
        }
        else if ((target ??= place) != place)
        {
            throw builder.Refuse("lets a ref refer to one local variable or another", "Choose between values, or index memory");
        }
    }

    public override Place Field(KernelBuilder builder, int index) => throw new InvalidOperationException($"a ref has no field {index}");
}

/// <summary>Something in the memory of the device, the group or the work-item.</summary>
sealed class MemoryPlace(Type type, Operand pointer, int offset) : Place(type)
{
    public Operand Pointer => pointer;

    public Operand Address(KernelBuilder builder) => offset == 0 ? pointer : builder.Emit(Op.Field, pointer.Type, [pointer], offset: offset);

    public override Value Read(KernelBuilder builder)
    {
        if (Layout.Number(Type) is { } number) return builder.Emit(Op.Load, number.Loaded(), [Address(builder)], memory: number);
        return new Aggregate(Type, [.. Enumerable.Range(0, Layout.Fields(Type).Length).Select(i => Field(builder, i).Read(builder))]);
    }

    public override void Write(KernelBuilder builder, Value value)
    {
        if (Layout.Number(Type) is { } number)
        {
            builder.EmitStore(number, Address(builder), builder.Operand(value));
            return;
        }
        var values = ((Aggregate)value).Fields;
        for (int i = 0; i < values.Length; i++) Field(builder, i).Write(builder, values[i]);
    }

    public override Place Field(KernelBuilder builder, int index) =>
        new MemoryPlace(Layout.Fields(Type)[index].FieldType, pointer, offset + Layout.Offset(Type, index));
}
