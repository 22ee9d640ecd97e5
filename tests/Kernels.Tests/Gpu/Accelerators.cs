using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.OpenCL;
using PureLcm.Kernels.Gpu;

namespace PureLcm.Kernels.Tests.Gpu;

/// <summary>
/// What the GPU backend is tested on: the checker, always, with the kernels' tiles for processors and with those for graphics
/// cards; and every OpenCL device of this machine. Opened once for all tests, since a device keeps its compiled kernels.
/// </summary>
static class Accelerators
{
    public const string Check = "check", CheckAsCard = "check as a card";

    const string NoOpenCl = "opencl";

    static readonly CPUDevice memory = new(2, 1, 2);
    static readonly Context context = Open();
    static readonly Dictionary<string, Accelerator> open = [];

    /// <summary>The checker twice, and "opencl 0" and on; "opencl" alone, which skips, where there is none.</summary>
    public static string[] Names =>
        [Check, CheckAsCard, .. OpenCl.Length == 0 ? [NoOpenCl] : Enumerable.Range(0, OpenCl.Length).Select(i => $"opencl {i}")];

    /// <summary>The names as theory data.</summary>
    public static TheoryData<string> All => Rows(Names);

    /// <summary>Names as theory data. Those of OpenCL have the trait by which .ci/run finds what needs a driver.</summary>
    public static TheoryData<string> Rows(params IEnumerable<string> names) =>
        [.. names.Select(name => new TheoryDataRow<string>(name)).Select(row => IsOpenCl(row.Data) ? row.WithTrait("Needs", "OpenCL") : row)];

    public static bool IsOpenCl(string name) => name.StartsWith("opencl", StringComparison.Ordinal);

    static CLDevice[] OpenCl { get; } = [.. context.Devices.OfType<CLDevice>().Where(device => Drivers.Refusal(device) is null)];

    /// <summary>Why there is no OpenCL device that could be tested.</summary>
    static string WhyNone => context.Devices.OfType<CLDevice>().FirstOrDefault() is { } refused
        ? $"ILGPU doesn't take {refused.Name}: {Drivers.Refusal(refused)}"
        : "this machine has no OpenCL device (Debian 13: apt install pocl-opencl-icd ocl-icd-libopencl1)";

    static Context Open()
    {
        OpenClLibrary.Prepare();
        return Context.Create(builder => builder.CPU(memory).OpenCL(_ => true).EnableAlgorithms());
    }

    /// <summary>A backend of its own on the device of this name.</summary>
    public static GpuBackend Backend(string name)
    {
        if (name == NoOpenCl) Assert.Skip(WhyNone);
        bool isChecked = name is Check or CheckAsCard;
        if (!open.TryGetValue(name, out var accelerator))
        {
            Device device = isChecked ? memory : OpenCl[int.Parse(name["opencl ".Length..])];
            open[name] = accelerator = device.CreateAccelerator(context);
        }
        return isChecked ? GpuBackend.Checked(accelerator, ownsAccelerator: false, asProcessor: name == Check)
            : new GpuBackend(accelerator, ownsAccelerator: false);
    }
}
