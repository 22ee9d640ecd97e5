namespace ILGPU.Runtime.OpenCL;

/// <summary>What an OpenCL device is made of.</summary>
[Flags]
public enum CLDeviceType : long
{
    /// <summary>The driver's favourite.</summary>
    CL_DEVICE_TYPE_DEFAULT = 1,
    /// <summary>A processor.</summary>
    CL_DEVICE_TYPE_CPU = 2,
    /// <summary>A graphics card.</summary>
    CL_DEVICE_TYPE_GPU = 4,
    /// <summary>Something else.</summary>
    CL_DEVICE_TYPE_ACCELERATOR = 8,
}

/// <summary>A device of an OpenCL driver.</summary>
public sealed class CLDevice : Device
{
    internal CLDevice() { }

    /// <inheritdoc/>
    public override AcceleratorType AcceleratorType => AcceleratorType.OpenCL;

    /// <summary>The driver that it belongs to.</summary>
    public string PlatformName { get; private init; } = "";

    /// <summary>Who made it.</summary>
    public string VendorName { get; private init; } = "";

    /// <summary>What it is made of.</summary>
    public CLDeviceType DeviceType { get; private init; }

    /// <inheritdoc/>
    public override Accelerator CreateAccelerator(Context context) => throw new NotImplementedException();
}

/// <summary>Asks for OpenCL devices.</summary>
public static class CLContextExtensions
{
    /// <summary>Every device that passes. None where there is no OpenCL library.</summary>
    public static Context.Builder OpenCL(this Context.Builder builder, Predicate<CLDevice> predicate) => builder;
}
