using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU;
using PureLcm.Kernels.Check.Ir;
using ILGPU.Runtime;
using ValueType = PureLcm.Kernels.Check.Ir.ValueType;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>How types of C# are taken apart into scalars, and where these lie in memory.</summary>
static class Layout
{
    /// <summary>How a number lies in memory; null for a type that isn't a single number.</summary>
    public static MemoryType? Number(Type type) => type.IsPrimitive || type.IsEnum
        ? Type.GetTypeCode(type) switch
        {
            TypeCode.SByte => MemoryType.Int8,
            TypeCode.Boolean or TypeCode.Byte => MemoryType.UInt8,
            TypeCode.Int16 => MemoryType.Int16,
            TypeCode.UInt16 or TypeCode.Char => MemoryType.UInt16,
            TypeCode.Int32 or TypeCode.UInt32 => MemoryType.Int32,
            TypeCode.Single => MemoryType.Float32,
            TypeCode.Double => MemoryType.Float64,
            _ => MemoryType.Int64, // long, ulong, nint and nuint
        }
        : null;

    public static bool IsUnsigned(Type type) => type == typeof(nuint) || Type.GetTypeCode(type)
        is TypeCode.Boolean or TypeCode.Char or TypeCode.Byte or TypeCode.UInt16 or TypeCode.UInt32 or TypeCode.UInt64;

    public static bool IsView(Type type) => IsGeneric(type, typeof(ArrayView<>));

    public static bool IsSpecialized(Type type) => IsGeneric(type, typeof(SpecializedValue<>));

    static bool IsGeneric(Type type, Type definition) => type.IsGenericType && type.GetGenericTypeDefinition() == definition;

    /// <summary>A structure's fields, in the order that they lie in.</summary>
    public static FieldInfo[] Fields(Type type) =>
        [.. type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic).OrderBy(field => field.MetadataToken)];

    public static int FieldIndex(FieldInfo field) => Array.FindIndex(Fields(field.DeclaringType!), other => other.MetadataToken == field.MetadataToken);

    /// <summary>Bytes between two elements of a view.</summary>
    public static int Size(Type type) => Number(type)?.Size() ?? Math.Max(1, Align(End(type), Alignment(type)));

    /// <summary>Bytes of the largest number in it.</summary>
    public static int Alignment(Type type) => Number(type)?.Size() ?? Fields(type).Select(field => Alignment(field.FieldType)).DefaultIfEmpty(1).Max();

    /// <summary>Where a field of a structure lies: each aligned to its largest number, one after the other.</summary>
    public static int Offset(Type type, int index)
    {
        int offset = 0;
        var fields = Fields(type);
        for (int i = 0; ; i++)
        {
            offset = Align(offset, Alignment(fields[i].FieldType));
            if (i == index) return offset;
            offset += Size(fields[i].FieldType);
        }
    }

    /// <summary>A type's numbers and where they lie.</summary>
    public static IEnumerable<(int Offset, MemoryType Type)> Numbers(Type type)
    {
        if (Number(type) is { } number) return [(0, number)];
        return Fields(type).SelectMany((field, i) => Numbers(field.FieldType).Select(inner => (Offset(type, i) + inner.Offset, inner.Type)));
    }

    /// <summary>Why values of a type can't lie in a kernel's memory; null where they can.</summary>
    public static string? Objection(Type type)
    {
        if (Number(type) is not null) return null;
        if (!type.IsValueType) return $"{Names.Of(type)} is no structure of numbers";
        if (IsView(type)) return "a view can't lie in memory";
        if (type.FullName is "System.Half" or "ILGPU.Half") return Refusals.Half;
        if (Fields(type).Select(field => Objection(field.FieldType)).FirstOrDefault(objection => objection is not null) is { } inner) return inner;
        return type.IsLayoutSequential && RuntimeHelpers.SizeOf(type.TypeHandle) == Size(type) ? null : $"the fields of {Names.Of(type)} don't lie one after the other as in C";
    }

    static int End(Type type)
    {
        var fields = Fields(type);
        return fields.Length == 0 ? 0 : Offset(type, fields.Length - 1) + Size(fields[^1].FieldType);
    }

    static int Align(int offset, int alignment) => (offset + alignment - 1) / alignment * alignment;
}

/// <summary>What reports call types and methods.</summary>
static class Names
{
    public static string Of(Type type)
    {
        if (type.IsByRef) return $"ref {Of(type.GetElementType()!)}";
        string name = type.Name.Split('`')[0];
        return type.IsGenericType ? $"{name}<{string.Join(',', type.GetGenericArguments().Select(Of))}>" : name;
    }

    public static string Of(MethodBase method)
    {
        string arguments = method.IsGenericMethod ? $"<{string.Join(',', method.GetGenericArguments().Select(Of))}>" : "";
        return $"{(method.DeclaringType is { } type ? $"{Of(type)}." : "")}{method.Name}{arguments}";
    }
}
