using System.Reflection;
using System.Runtime.InteropServices;

namespace ILGPU.Compat.OpenCL;

/// <summary>Finds the machine's OpenCL loader, the library through which all its OpenCL drivers are reached.</summary>
static partial class ClLibrary
{
    /// <summary>The name that <see cref="ClApi"/> imports from.</summary>
    public const string Name = "OpenCL";

    // Debian and its kin ship only the first one, unless the package for developers is there.
    static readonly string[] Candidates = ["libOpenCL.so.1", "libOpenCL.so", "OpenCL.dll", "/System/Library/Frameworks/OpenCL.framework/OpenCL"];

    static readonly nint handle = Load();

    /// <summary>False where no library was found: the machine has no OpenCL devices then.</summary>
    public static bool IsPresent => handle != 0;

    static nint Load()
    {
        // PoCL handles SIGFPE by itself unless told not to, and .NET needs that signal for DivideByZeroException. What .NET
        // calls the environment is a copy of its own: native code sees only what setenv changes.
        if (!OperatingSystem.IsWindows()) SetEnvironment("POCL_SIGFPE_HANDLER", "0", 1);
        nint found = 0;
        foreach (string candidate in Candidates)
            if (NativeLibrary.TryLoad(candidate, out found)) break;
        if (found != 0)
            NativeLibrary.SetDllImportResolver(typeof(ClLibrary).Assembly, (name, _, _) => name == Name ? found : 0);
        return found;
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
