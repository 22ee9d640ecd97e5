using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;
using PureLcm.Kernels.Gpu;

namespace PureLcm.Kernels.Tests.Gpu;

/// <summary>
/// What the GPU backend is tested on: the executor, always, with the kernels' tiles for processors and with those for graphics
/// cards; and every OpenCL device of this machine. Opened once for all tests, since a device keeps its compiled kernels.
/// </summary>
static class Accelerators
{
    public const string Executor = "executor", ExecutorAsCard = "executor as a card";

    const string NoOpenCl = "opencl";

    static readonly Context context = Context.Create(builder => builder.CPU(new CPUDevice(32, 8, 2)).OpenCL(_ => true).EnableAlgorithms());
    static readonly Dictionary<string, Accelerator> open = [];

    /// <summary>The executors, and "opencl 0" and on; "opencl" alone, which skips, where there is none.</summary>
    public static string[] Names
    {
        get
        {
            int count = context.Devices.Count(device => device is CLDevice);
            return [Executor, ExecutorAsCard, .. count == 0 ? [NoOpenCl] : Enumerable.Range(0, count).Select(i => $"opencl {i}")];
        }
    }

    /// <summary>The names as theory data.</summary>
    public static TheoryData<string> All => [.. Names];

    public static bool IsExecutor(string name) => name is Executor or ExecutorAsCard;

    /// <summary>A backend of its own on the device of this name.</summary>
    public static GpuBackend Backend(string name)
    {
        if (name == NoOpenCl) Assert.Skip("this machine has no OpenCL device (Debian: apt install pocl-opencl-icd)");
        if (!open.TryGetValue(name, out var accelerator))
        {
            var device = IsExecutor(name) ? context.Devices.First(device => device is CPUDevice)
                : context.Devices.Where(device => device is CLDevice).ElementAt(int.Parse(name["opencl ".Length..]));
            try
            {
                open[name] = accelerator = device.CreateAccelerator(context);
            }
            catch (Exception e) when (e.GetType().Name == "CapabilityNotSupportedException")
            {
                Assert.Skip($"ILGPU doesn't take {device.Name}: {e.Message}"); // the real library, where it has replaced ours
            }
        }
        return name == ExecutorAsCard ? new GpuBackend(accelerator!, false, asProcessor: false) : new GpuBackend(accelerator!, ownsAccelerator: false);
    }
}
