using System.Diagnostics;
using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Kernels.Dry;
using PureLcm.Model;
using PureLcm.Model.Layers;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Unet;
using PureLcm.Model.Vae;
using PureLcm.Verification.Synthetic;

namespace PureLcm.Bench;

/// <summary>
/// Stable Diffusion 1.5 at 512x512 on weights made from their names: direct-convolution FLOPs / time / FMA peak, and the rate
/// of a large product beside it. The work is counted by the model's own text on a backend that only counts.
/// </summary>
static class Sd15
{
    public static void Print(int threads, int width)
    {
        using var backend = new CpuBackend(threads, width);
        Console.WriteLine(backend.Name);
        double gemm = Gemm(backend, threads);
        Unet(backend, threads, gemm);
        Vae(backend, threads);
        Tiny(backend, threads);
    }

    static double Gemm(CpuBackend backend, int threads)
    {
        const int n = 2048;
        using Tensor x = backend.Allocate(Shape.Tokens(1, n, n)), y = backend.Allocate(x.Shape);
        backend.Fill(x, 0.5f);
        using var weight = backend.Pack(WeightKind.Matrix, NamedWeights.Source("bench.weight", [n, n]));
        double seconds = Operations.Seconds(() => backend.Linear(x, weight, y));
        return Report("GEMM 2048^3", 2.0 * n * n * n, seconds, threads);
    }

    static void Unet(CpuBackend backend, int threads, double gemm)
    {
        var config = UnetConfig.Parse(SyntheticSd15.Config("unet"));
        double flops = Count(dry => new UNet(SyntheticSd15.Scope("unet", dry, new()), config), Step);
        using var modules = new ModuleTable();
        var unet = new UNet(SyntheticSd15.Scope("unet", backend, modules), config);
        backend.ResetPeak();
        double seconds = Operations.Seconds(() => Step(unet, backend));
        double rate = Report("UNet step, latent 64x64", flops, seconds, threads);
        Console.WriteLine($"{"",28} UNet rate / GEMM rate {rate / gemm:0.00}, weights {modules.Bytes / 1e9:0.00} GB, tensors at peak {backend.PeakBytes / 1e6:0} MB");
        backend.Trim();

        static void Step(UNet unet, Backend backend)
        {
            using var run = new Run(backend);
            using Tensor x = run.Allocate(Shape.Image(1, 64, 64, 4)), context = run.Allocate(Shape.Tokens(1, 77, 768));
            backend.Fill(x, 0.5f);
            backend.Fill(context, 0.1f);
            unet.Forward(run, x, [499], context).Dispose();
        }
    }

    static void Vae(CpuBackend backend, int threads)
    {
        var config = VaeConfig.Parse(SyntheticSd15.Config("vae"));
        double flops = Count(dry => new AutoencoderKL(SyntheticSd15.Scope("vae", dry, new()), config), Decode);
        using var modules = new ModuleTable();
        var vae = new AutoencoderKL(SyntheticSd15.Scope("vae", backend, modules), config);
        Report("VAE decode to 512x512", flops, Operations.Seconds(() => Decode(vae, backend)), threads);
        backend.Trim();
    }

    static void Tiny(CpuBackend backend, int threads)
    {
        var config = TinyConfig.Parse(SyntheticSd15.Config("taesd"));
        double flops = Count(dry => new AutoencoderTiny(SyntheticSd15.Scope("taesd", dry, new()), config), Decode);
        using var modules = new ModuleTable();
        var vae = new AutoencoderTiny(SyntheticSd15.Scope("taesd", backend, modules), config);
        Report("TAESD decode to 512x512", flops, Operations.Seconds(() => Decode(vae, backend)), threads);
    }

    static void Decode(IAutoencoder vae, Backend backend)
    {
        using var run = new Run(backend);
        using var latent = run.Allocate(Shape.Image(1, 64, 64, 4));
        backend.Fill(latent, 0.5f);
        vae.Decode(run, latent).Dispose();
    }

    static double Count<T>(Func<DryBackend, T> build, Action<T, Backend> run)
    {
        using var dry = new DryBackend();
        run(build(dry), dry);
        return 2.0 * dry.MultiplyAdds;
    }

    static double Report(string name, double flops, double seconds, int threads)
    {
        double peak = Limits.FmaPeak(threads), rate = flops / seconds;
        Console.WriteLine($"{name,-28} {seconds,8:0.000} s   {flops / 1e9,7:0.0} GFLOP   {rate / 1e9,7:0.0} GFLOP/s   {rate / peak:0.00} of the FMA peak ({peak / 1e9:0.0})");
        return rate;
    }

    /// <summary>A whole run of four steps at 512x512, in a process that does nothing else: the system's own peak of it.</summary>
    public static void PrintMemory(int threads, string folder)
    {
        using var backend = new CpuBackend(threads);
        var clock = Stopwatch.StartNew();
        using var pipeline = TextToImage.Load(folder, null, backend);
        double loaded = clock.Elapsed.TotalSeconds;
        pipeline.Generate("a red house in the snow at night", new() { Steps = 4, Guidance = 1, Width = 512, Height = 512 });
        using var source = FolderSource.Open(folder);
        long estimate = MemoryPlan.Of(source, null, new() { Steps = 4, Guidance = 1, Width = 512, Height = 512 }).Bytes;
        Console.WriteLine($"loaded in {loaded:0.0} s, picture in {clock.Elapsed.TotalSeconds - loaded:0.0} s; estimated {estimate / 1e9:0.00} GB, peak of tensors {backend.PeakBytes / 1e9:0.00} GB, "
            + $"peak of the process {Process.GetCurrentProcess().PeakWorkingSet64 / 1e9:0.00} GB");
    }
}
