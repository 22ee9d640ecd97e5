namespace PureLcm.Kernels.Check.Ir;

/// <summary>What a variable of a kernel holds. Structures and views are taken apart into these by the front end.</summary>
enum ValueType : byte
{
    /// <summary>32 bits; also every smaller integer and bool, as on IL's evaluation stack.</summary>
    Int32,
    Int64,
    Float32,
    Float64,
    /// <summary>An address in a buffer of the device.</summary>
    Global,
    /// <summary>An address in the memory that a group's work-items share.</summary>
    Shared,
    /// <summary>An address in a work-item's own memory.</summary>
    Local,
}

/// <summary>How a value lies in memory.</summary>
enum MemoryType : byte
{
    Int8,
    UInt8,
    Int16,
    UInt16,
    Int32,
    Int64,
    Float32,
    Float64,
}

static class Types
{
    public static bool IsPointer(this ValueType type) => type >= ValueType.Global;

    public static bool IsFloat(this ValueType type) => type is ValueType.Float32 or ValueType.Float64;

    /// <summary>Bytes that a value takes in memory.</summary>
    public static int Size(this MemoryType type) => type switch
    {
        MemoryType.Int8 or MemoryType.UInt8 => 1,
        MemoryType.Int16 or MemoryType.UInt16 => 2,
        MemoryType.Int32 or MemoryType.Float32 => 4,
        _ => 8,
    };

    /// <summary>What a variable holds after a load.</summary>
    public static ValueType Loaded(this MemoryType type) => type switch
    {
        MemoryType.Int64 => ValueType.Int64,
        MemoryType.Float32 => ValueType.Float32,
        MemoryType.Float64 => ValueType.Float64,
        _ => ValueType.Int32,
    };
}
