using System.Security.Cryptography;
using System.Text;
using ILGPU.Compat.OpenCL;

namespace ILGPU.Runtime.OpenCL;

/// <summary>Builds programs: from the driver's own binary of an earlier run, or from their text.</summary>
static unsafe class CLProgram
{
    // What a driver does to the text is part of the binary's name, so that options may change.
    const string Options = "-cl-std=CL1.2";

    /// <summary>
    /// Whether a device's binaries are worth keeping. Drivers for processors keep what they compiled by themselves (PoCL does), and
    /// make a binary by compiling everything once more, for any size of group: that doubles the first start.
    /// </summary>
    public static bool KeepsBinaries(CLDevice device) => !device.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU);

    /// <summary>The program's handle.</summary>
    /// <exception cref="CLException">The driver's compiler refuses it; the message has its log.</exception>
    public static nint Build(CLAccelerator accelerator, Translation translation, bool keepBinary)
    {
        var device = accelerator.Device;
        string identity = string.Join('\n', Options, device.PlatformName, device.PlatformVersion, device.Name, device.DeviceVersion, device.DriverVersion, translation.Text);
        string key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity)))[..32];
        if (keepBinary && KernelCache.ReadBinary(key) is { } binary)
        {
            nint ready = FromBinary(accelerator, binary);
            if (ready != 0) return ready;
            KernelCache.DeleteBinary(key);
        }
        nint program = FromText(accelerator, translation);
        if (keepBinary && Binary(program) is { } made) KernelCache.WriteBinary(key, made);
        return program;
    }

    /// <summary>0 where the driver won't have it: it may have changed without its version.</summary>
    static nint FromBinary(CLAccelerator accelerator, byte[] binary)
    {
        nint device = accelerator.Device.Handle;
        nuint length = (nuint)binary.Length;
        int status, error;
        nint program;
        fixed (byte* bytes = binary) program = ClApi.clCreateProgramWithBinary(accelerator.Handle, 1, &device, &length, &bytes, &status, &error);
        if (error != 0) return 0;
        if (status == 0 && ClApi.clBuildProgram(program, 1, &device, Options, 0, 0) == 0) return program;
        ClApi.clReleaseProgram(program);
        return 0;
    }

    static nint FromText(CLAccelerator accelerator, Translation translation)
    {
        var text = Encoding.UTF8.GetBytes(translation.Text);
        nuint length = (nuint)text.Length;
        int error;
        nint program, device = accelerator.Device.Handle;
        fixed (byte* bytes = text) program = ClApi.clCreateProgramWithSource(accelerator.Handle, 1, &bytes, &length, &error);
        CLException.Check(error, "clCreateProgramWithSource", translation.Name);
        error = ClApi.clBuildProgram(program, 1, &device, Options, 0, 0);
        if (error == 0) return program;
        string log = Log(program, device);
        ClApi.clReleaseProgram(program);
        string? kept = KernelCache.WriteRefused(translation.EntryPoint, translation.Text);
        throw CLException.Because(error, "clBuildProgram",
            $"the compiler of {accelerator.Device.PlatformName} refused kernel {translation.Name}{(kept is null ? "" : $", whose text is in {kept}")}:\n{log}\n");
    }

    static string Log(nint program, nint device)
    {
        nuint size = 0;
        if (ClApi.clGetProgramBuildInfo(program, device, ClNames.BuildLog, 0, null, &size) != 0 || size == 0) return "(it says nothing)";
        var bytes = new byte[size];
        fixed (byte* p = bytes)
            if (ClApi.clGetProgramBuildInfo(program, device, ClNames.BuildLog, size, p, null) != 0) return "(it says nothing)";
        return Encoding.UTF8.GetString(bytes).TrimEnd('\0').Trim();
    }

    static byte[]? Binary(nint program)
    {
        // One device, so one size and one address.
        nuint size = 0;
        if (ClApi.clGetProgramInfo(program, ClNames.ProgramBinarySizes, (nuint)sizeof(nuint), &size, null) != 0 || size == 0) return null;
        var binary = new byte[size];
        fixed (byte* p = binary) return ClApi.clGetProgramInfo(program, ClNames.ProgramBinaries, (nuint)sizeof(byte*), &p, null) == 0 ? binary : null;
    }
}
