using System.CommandLine;
using System.Globalization;
using PureLcm.Kernels.Gpu;
using PureLcm.Model.Layers;

namespace PureLcm.Tools.Commands;

/// <summary><c>lcm devices</c>: what <c>--device</c> can name.</summary>
static class ListDevices
{
    public static Command Command()
    {
        var check = new Option<bool>("--check")
        {
            Description = "Run each kind of operation once on every device, and compare with plain loops.",
        };
        const string what = "Lists what can compute: graphics cards, OpenCL devices, the CPU's SIMD backend, the kernels' checker.";
        var command = new Command("devices", what) { check };
        command.SetAction(result => Exit.Guard(_ => Run(result.GetValue(check))));
        return command;
    }

    static int Run(bool check)
    {
        int code = Exit.Ok;
        var devices = Devices.List();
        int width = devices.Max(device => device.Name.Length);
        Console.WriteLine($"{"device",-10}  {"name".PadRight(width)}  {"memory",9}  {"processors",10}  {"group",5}  {"shared",7}");
        foreach (var device in devices)
        {
            if (device.Refusal is not null)
            {
                Console.WriteLine($"{device.Id,-10}  {device.Name}");
                Console.WriteLine($"            not taken: {device.Refusal}");
                continue;
            }
            bool kernels = device.MaxGroup > 0;
            string group = kernels ? $"{device.MaxGroup}" : "-", shared = kernels ? $"{device.SharedMemory / 1024} KB" : "-";
            string name = device.Name.PadRight(width);
            Console.WriteLine($"{device.Id,-10}  {name}  {Gigabytes(device.Memory),9}  {device.Processors,10}  {group,5}  {shared,7}");
            if (!check) continue;
            string? wrong = Devices.Check(device.Id);
            Console.WriteLine(wrong is null ? "            computes what it should" : $"            {wrong}");
            if (wrong is not null) code = Exit.Failed;
        }
        using (var best = Devices.Open("auto", 0, out string? notice))
            Console.WriteLine($"--device auto takes {best.Name}{(notice is null ? "" : $" ({notice})")}");
        Console.WriteLine($"ILGPU {Devices.IlgpuVersion}");
        return code;
    }

    static string Gigabytes(long bytes) => (bytes / 1e9).ToString("0.0", CultureInfo.InvariantCulture) + " GB";
}
