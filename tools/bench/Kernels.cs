using System.Diagnostics;
using System.Globalization;
using PureLcm.Kernels;
using PureLcm.Kernels.Gpu;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;

namespace PureLcm.Bench;

/// <summary>
/// The ILGPU kernels on a device: each operation as a share of the device's own limit, what a launch costs by itself, what
/// low-rank terms cost beside their share of the arithmetic, and a picture.
/// </summary>
static class KernelTimes
{
    public static void Print(string device, double largest)
    {
        using var opened = Devices.Open(device, 0, out _);
        if (opened is not GpuBackend { IsChecked: false } backend)
            throw new GpuException($"--device {device} is {opened.Name}, and no device of kernels; name opencl or cuda, or run bench ops");
        var limits = new DeviceLimits(backend);
        // A processor under OpenCL can't do more than the processor can; what a kernel alone reaches is printed beside it.
        double peak = backend.IsProcessor ? Limits.FmaPeak(Environment.ProcessorCount) : limits.FmaPeak();
        double bandwidth = backend.IsProcessor ? Limits.Bandwidth(Environment.ProcessorCount) : limits.Bandwidth();
        Console.WriteLine(Line($"{backend.Name}; a kernel of multiply-adds alone {limits.FmaPeak() / 1e9:0.0} GFLOP/s, of copies alone {limits.Bandwidth() / 1e9:0.0} GB/s"));
        Console.WriteLine(Line($"a launch by itself: {LaunchSeconds(backend, 1) * 1e6:0.0} us and waiting for it, {LaunchSeconds(backend, 1000) * 1e6:0.0} us in a row of 1000"));
        Gemm(backend, peak);
        Console.WriteLine();
        Operations.Print(backend, () => peak, bandwidth, largest);
        Console.WriteLine();
        LowRank(backend, largest);
        Console.WriteLine();
        Picture(backend);
    }

    static void Gemm(Backend backend, double peak)
    {
        const int n = 1024;
        using Tensor x = Operations.Random(backend, Shape.Tokens(1, n, n)), y = backend.Allocate(x.Shape, backend.DefaultPrecision);
        using var weight = backend.Pack(WeightKind.Matrix, Operations.Made(n, n));
        double seconds = Operations.Seconds(() => backend.Linear(x, weight, y), backend), flops = 2.0 * n * n * n;
        Console.WriteLine(Line($"product 1024^3: {seconds * 1e3:0.0} ms, {flops / seconds / 1e9:0.0} GFLOP/s, {flops / seconds / peak:0.000} of the peak"));
    }

    /// <summary>The smallest operation there is, so many times, then one wait.</summary>
    static double LaunchSeconds(Backend backend, int times)
    {
        using Tensor x = Operations.Random(backend, Shape.Vectors(1, 4)), y = backend.Allocate(x.Shape, backend.DefaultPrecision);
        return Operations.Seconds(() =>
        {
            for (int i = 0; i < times; i++) backend.Copy(x, y);
        }, backend) / times;
    }

    /// <summary>Each product layer of SD 1.5 at 512x512 that LCM-LoRA attaches to, with a rank of 64 beside it and without.</summary>
    static void LowRank(Backend backend, double largest)
    {
        const int rank = 64;
        Console.WriteLine($"{"layer with a low-rank term of 64",-40} {"ms",9} {"without",9} {"costs",7} {"share of arithmetic",20} {"ratio",6}");
        foreach (var (size, channels) in new[] { (64, 320), (32, 640), (16, 1280), (8, 1280) })
        {
            int rows = size * size;
            Matrix($"linear {rows} x {channels} -> {channels}", rows, channels, channels, gated: false);
            Matrix($"linear {rows} x {channels} -> {8 * channels} GEGLU", rows, channels, 8 * channels, gated: true);
            Matrix($"linear {rows} x {4 * channels} -> {channels}", rows, 4 * channels, channels, gated: false);
            Window($"conv 3x3 {size}x{size} {channels} -> {channels}", size, channels);
        }

        void Matrix(string name, int rows, int cIn, int cOut, bool gated)
        {
            if (2e-9 * rows * cIn * cOut > largest) return;
            using Tensor x = Operations.Random(backend, Shape.Tokens(1, rows, cIn)), y = backend.Allocate(Shape.Tokens(1, rows, gated ? cOut / 2 : cOut), backend.DefaultPrecision);
            using Weight weight = backend.Pack(gated ? WeightKind.Gated : WeightKind.Matrix, Operations.Made(cOut, cIn)),
                down = backend.Pack(WeightKind.Matrix, Operations.Made(rank, cIn)), up = backend.Pack(WeightKind.Matrix, Operations.Made(cOut, rank));
            Measure(name, new(down, up), (double)rank * (cIn + cOut) / ((double)cIn * cOut), epilogue => backend.Linear(x, weight, y, epilogue));
        }

        void Window(string name, int size, int channels)
        {
            if (2e-9 * size * size * channels * channels * 9 > largest) return;
            using Tensor x = Operations.Random(backend, Shape.Image(1, size, size, channels)), y = backend.Allocate(x.Shape, backend.DefaultPrecision);
            using Weight weight = backend.Pack(WeightKind.Convolution, Operations.Made(channels, channels, 3, 3)),
                down = backend.Pack(WeightKind.Convolution, Operations.Made(rank, channels, 3, 3)), up = backend.Pack(WeightKind.Matrix, Operations.Made(channels, rank));
            Measure(name, new(down, up), rank * (9.0 * channels + channels) / (9.0 * channels * channels), epilogue => backend.Conv2d(x, weight, y, new(1, 1, 1), epilogue));
        }

        void Measure(string name, Adapter adapter, double share, Action<Epilogue> run)
        {
            // By turns: what else runs on the machine slows both.
            double with = double.PositiveInfinity, without = double.PositiveInfinity;
            for (int i = 0; i < 3; i++)
            {
                without = Math.Min(without, Operations.Seconds(() => run(default), backend));
                with = Math.Min(with, Operations.Seconds(() => run(new() { LowRank = [new(adapter, 1)] }), backend));
            }
            double cost = with / without - 1;
            Console.WriteLine(Line($"{name,-40} {with * 1e3,9:0.00} {without * 1e3,9:0.00} {cost,7:0.0%} {share,20:0.0%} {cost / share,6:0.00}"));
            backend.Trim();
        }
    }

    static void Picture(Backend backend)
    {
        var clock = Stopwatch.StartNew();
        using var pipeline = TextToImage.Load(Path.Combine(Picturebook.Root, "models", "picturebook"), null, backend);
        pipeline.Generate("a red house in the snow at night");
        double first = clock.Elapsed.TotalSeconds, next = Operations.Seconds(() => pipeline.Generate("a red house in the snow at night"));
        Console.WriteLine(Line($"picture book, 128x128, 4 steps: loading and the first picture {first:0.0} s, each after it {next:0.00} s"));
    }

    static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
