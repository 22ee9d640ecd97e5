using ILGPU;
using ILGPU.Compat.Ir;
using ILGPU.Compat.OpenCL;
using ILGPU.Runtime;
using ILGPU.Runtime.OpenCL;

namespace CompatTests.OpenCL;

/// <summary>The first OpenCL device of this machine, with a cache of its own that goes when it goes.</summary>
sealed class ClTest : IDisposable
{
    readonly string folder = Path.Combine(Path.GetTempPath(), $"purelcm-kernels-{Guid.NewGuid():N}"), before = KernelCache.Folder;

    public ClTest()
    {
        KernelCache.Folder = folder;
        Context = Context.Create(builder => builder.OpenCL(_ => true));
        Assert.SkipUnless(Context.Devices.Length > 0, "this machine has no OpenCL device (Debian: apt install pocl-opencl-icd)");
        Accelerator = Open();
    }

    public Context Context { get; }

    public CLAccelerator Accelerator { get; }

    public string CacheFolder => folder;

    public CLAccelerator Open() => (CLAccelerator)Context.Devices[0].CreateAccelerator(Context);

    /// <summary>Runs a kernel; arguments are views and numbers.</summary>
    public string Run(KernelMethod method, KernelConfig config, Action<Arguments> add)
    {
        var kernel = Accelerator.Compile(method);
        var arguments = new Arguments();
        add(arguments);
        kernel.Launch(Accelerator.DefaultStream, config, arguments);
        Accelerator.Synchronize();
        return kernel.Text;
    }

    public void Dispose()
    {
        Accelerator.Dispose();
        Context.Dispose();
        KernelCache.Folder = before;
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
