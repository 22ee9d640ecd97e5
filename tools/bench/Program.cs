using PureLcm.Bench;
using PureLcm.Kernels.Gpu;
using PureLcm.Model.Layers;

// Benchmarks print ratios against this machine's own limits, measured in the same run: machines are shared and noisy, and
// an absolute time says little. See docs/performance.md.
int threads = Argument("--threads", Environment.ProcessorCount), width = Argument("--width", 0);
try
{
    return Run();
}
catch (GpuException e)
{
    Console.Error.WriteLine($"bench: {e.Message}");
    return 1;
}

int Run()
{
    switch (args.FirstOrDefault())
    {
        case "limits": Limits.Print(threads); return 0;
        case "ops": Operations.Print(threads, width); return 0;
        case "sd15": Sd15.Print(threads, width); return 0;
        case "memory": Sd15.PrintMemory(threads, args.ElementAtOrDefault(1) ?? ""); return 0;
        case "picturebook": Picturebook.Print(threads); return 0;
        case "kernels": KernelTimes.Print(Text("--device", "opencl"), Argument("--largest", 8)); return 0;
        default:
            Console.Error.WriteLine("""
                usage: bench limits | ops | sd15 | memory FOLDER | picturebook | kernels   [--threads N] [--width 128|256|512]
                  limits       FMA peak and memory bandwidth of this machine
                  ops          each operation at the shapes of Stable Diffusion 1.5, as a share of these
                  sd15         UNet step and VAE decode at 512x512 on weights made from their names
                  memory       the peak of a 512x512 run of four steps of a model folder (lcm synth sd15 FOLDER makes one)
                  picturebook  a picture of the embedded model: start-up, steps, decoding
                  kernels      the ILGPU kernels on a device, as shares of its limits: [--device opencl[:N]] [--largest GFLOP]
                """);
            return 2;
    }
}

string Text(string name, string missing)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length ? args[at + 1] : missing;
}

int Argument(string name, int missing)
{
    int at = Array.IndexOf(args, name);
    return at >= 0 && at + 1 < args.Length && int.TryParse(args[at + 1], out int value) ? value : missing;
}
