using System.Runtime.InteropServices;
using System.Runtime.Loader;

namespace PureLcm.Kernels.Gpu;

/// <summary>The machine's OpenCL loader, the library through which all its OpenCL drivers are reached.</summary>
static partial class OpenClLibrary
{
    // ILGPU asks for "OpenCL", that is libOpenCL.so. Debian and its kin ship only libOpenCL.so.1, unless the package for
    // developers is there, and ILGPU then lists no device, silently.
    static readonly string[] names = OperatingSystem.IsLinux() ? ["libOpenCL.so.1", "libOpenCL.so"]
        : OperatingSystem.IsMacOS() ? ["/System/Library/Frameworks/OpenCL.framework/OpenCL"] : ["OpenCL"];

    /// <summary>False where no library was found: the machine has no OpenCL devices then.</summary>
    public static bool IsPresent => Load() != 0;

    /// <summary>To be called once, before ILGPU asks for drivers.</summary>
    public static void Prepare()
    {
        // PoCL handles SIGFPE by itself unless told not to, and .NET needs that signal for DivideByZeroException. What .NET
        // calls the environment is a copy of its own: native code sees only what setenv changes.
        if (!OperatingSystem.IsWindows())
        {
            SetEnvironment("POCL_SIGFPE_HANDLER", "0", 1);
            // And its compiler writes "3 warnings generated." to standard error, of the code that ILGPU writes.
            SetEnvironment("POCL_EXTRA_BUILD_FLAGS", "-w", 0);
        }
        // Asked only where .NET itself finds no library of that name.
        AssemblyLoadContext.Default.ResolvingUnmanagedDll += (_, name) => name == "OpenCL" ? Load() : 0;
    }

    static nint Load()
    {
        foreach (string name in names)
            if (NativeLibrary.TryLoad(name, out nint library)) return library;
        return 0;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
