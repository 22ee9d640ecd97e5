using System.Diagnostics;
using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;

namespace PureLcm.Bench;

/// <summary>Each operation at the shapes of Stable Diffusion 1.5 at 512x512, as a share of the machine's limit.</summary>
static class Operations
{
    public static void Print(int threads, int width)
    {
        using var backend = new CpuBackend(threads, width);
        Print(backend, () => Limits.FmaPeak(threads), Limits.Bandwidth(threads));
    }

    /// <summary>On any backend, against a peak that is measured anew beside each operation: what else runs on a machine slows both.</summary>
    /// <param name="backend">What computes.</param>
    /// <param name="fmaPeak">Its limit in floating-point operations a second.</param>
    /// <param name="bandwidth">Its limit in bytes a second.</param>
    /// <param name="largest">Operations of more GFLOP than this are left out.</param>
    public static void Print(Backend backend, Func<double> fmaPeak, double bandwidth, double largest = double.PositiveInfinity)
    {
        Console.WriteLine($"{backend.Name}; FMA peak {fmaPeak() / 1e9:0.0} GFLOP/s, bandwidth {bandwidth / 1e9:0.0} GB/s");
        Console.WriteLine($"{"operation",-46} {"ms",9} {"GFLOP/s",9} {"of peak",8} {"GB/s",8} {"of bandwidth",13}");

        foreach (var (size, cIn, cOut) in new[] { (64, 4, 320), (64, 320, 320), (64, 640, 320), (64, 960, 320), (64, 320, 4), (32, 320, 640), (32, 640, 640), (32, 1280, 640), (32, 1920, 640),
            (16, 640, 1280), (16, 1280, 1280), (16, 2560, 1280), (8, 1280, 1280), (8, 2560, 1280), (64, 512, 512), (128, 512, 512), (256, 512, 256), (256, 256, 256), (512, 256, 128), (512, 128, 128), (512, 128, 3) })
            Convolution(size, cIn, cOut);
        foreach (var (rows, cIn, cOut, gated) in new[] { (4096, 320, 320, false), (4096, 320, 960, false), (4096, 320, 2560, true), (4096, 1280, 320, false), (1024, 640, 640, false), (1024, 640, 5120, true), (1024, 2560, 640, false),
            (256, 1280, 1280, false), (256, 1280, 10240, true), (256, 5120, 1280, false), (64, 1280, 1280, false), (77, 768, 640, false), (1, 1280, 1280, false) })
            Linear(rows, cIn, cOut, gated);
        foreach (int rows in new[] { 4096, 1024 }) LowRank(rows, rows == 4096 ? 320 : 640, 64);
        foreach (var (tokens, keys, channels, heads) in new[] { (4096, 4096, 320, 8), (4096, 77, 320, 8), (1024, 1024, 640, 8), (1024, 77, 640, 8), (256, 256, 1280, 8), (64, 64, 1280, 8), (4096, 4096, 512, 1) })
            Attention(tokens, keys, channels, heads);
        foreach (var (size, channels) in new[] { (64, 320), (32, 640), (16, 1280), (256, 256), (512, 128) }) GroupNorm(size, channels);
        LayerNorm(4096, 320);
        LayerNorm(1024, 640);
        Concatenate(64, 320);
        Elementwise(64, 320);

        void Convolution(int size, int cIn, int cOut)
        {
            using Tensor x = Random(Shape.Image(1, size, size, cIn)), y = backend.Allocate(Shape.Image(1, size, size, cOut), backend.DefaultPrecision);
            using var weight = backend.Pack(WeightKind.Convolution, Made(cOut, cIn, 3, 3));
            Measure($"conv 3x3 {size}x{size} {cIn} -> {cOut}", 2.0 * size * size * cIn * cOut * 9, 0, () => backend.Conv2d(x, weight, y, new(1, 1, 1)));
        }

        void Linear(int rows, int cIn, int cOut, bool gated)
        {
            using Tensor x = Random(Shape.Tokens(1, rows, cIn)), y = backend.Allocate(Shape.Tokens(1, rows, gated ? cOut / 2 : cOut), backend.DefaultPrecision);
            using var weight = backend.Pack(gated ? WeightKind.Gated : WeightKind.Matrix, Made(cOut, cIn));
            Measure($"linear {rows} x {cIn} -> {cOut}{(gated ? " GEGLU" : "")}", 2.0 * rows * cIn * cOut, 2.0 * cIn * cOut, () => backend.Linear(x, weight, y));
        }

        void LowRank(int rows, int channels, int rank)
        {
            using Tensor x = Random(Shape.Tokens(1, rows, channels)), y = backend.Allocate(Shape.Tokens(1, rows, channels), backend.DefaultPrecision);
            using var weight = backend.Pack(WeightKind.Matrix, Made(channels, channels));
            using Weight down = backend.Pack(WeightKind.Matrix, Made(rank, channels)), up = backend.Pack(WeightKind.Matrix, Made(channels, rank));
            var epilogue = new Epilogue { LowRank = [new(new(down, up), 1)] };
            Measure($"linear {rows} x {channels} -> {channels} + rank {rank}", 2.0 * rows * (channels * channels + 2 * rank * channels), 0, () => backend.Linear(x, weight, y, epilogue));
        }

        void Attention(int tokens, int keys, int channels, int heads)
        {
            using Tensor q = Random(Shape.Tokens(1, tokens, channels)), k = Random(Shape.Tokens(1, keys, channels)), y = backend.Allocate(q.Shape, backend.DefaultPrecision);
            Measure($"attention {tokens} to {keys}, {heads} x {channels / heads}", 4.0 * tokens * keys * channels, 0, () => backend.Attention(q, k, k, y, heads));
        }

        void GroupNorm(int size, int channels)
        {
            using Tensor x = Random(Shape.Image(1, size, size, channels)), y = backend.Allocate(x.Shape, backend.DefaultPrecision);
            using var weight = backend.Pack(WeightKind.Vector, Made(channels));
            Measure($"group norm + silu {size}x{size} x {channels}", 0, 3.0 * 4 * size * size * channels, () => backend.GroupNorm(x, weight, weight, y, 32, 1e-5f, Activation.Silu));
        }

        void LayerNorm(int rows, int channels)
        {
            using Tensor x = Random(Shape.Tokens(1, rows, channels)), y = backend.Allocate(x.Shape, backend.DefaultPrecision);
            using var weight = backend.Pack(WeightKind.Vector, Made(channels));
            Measure($"layer norm {rows} x {channels}", 0, 2.0 * 4 * rows * channels, () => backend.LayerNorm(x, weight, weight, y, 1e-5f));
        }

        void Concatenate(int size, int channels)
        {
            using Tensor x = Random(Shape.Image(1, size, size, channels)), y = backend.Allocate(Shape.Image(1, size, size, 2 * channels), backend.DefaultPrecision);
            Measure($"copy into channels {size}x{size} x {channels}", 0, 2.0 * 4 * size * size * channels, () => backend.Copy(x, y.Channels(0, channels)));
        }

        // What moves bytes and computes next to nothing: each reads and writes its tensors once.
        void Elementwise(int size, int channels)
        {
            using Tensor x = Random(Shape.Image(1, size, size, channels)), y = backend.Allocate(x.Shape, backend.DefaultPrecision);
            using Tensor wide = backend.Allocate(Shape.Image(1, 2 * size, 2 * size, channels), backend.DefaultPrecision), words = backend.Allocate(Shape.Tokens(1, 77, 768), backend.DefaultPrecision);
            using Tensor waves = backend.Allocate(Shape.Vectors(2, channels), backend.DefaultPrecision);
            using var table = backend.Pack(WeightKind.Table, Made(49408, 768));
            int[] ids = [.. Enumerable.Range(0, 77).Select(i => 600 * i)];
            string shape = $"{size}x{size} x {channels}";
            double bytes = (double)x.Shape.Count * (x.Type == ElementType.Float32 ? 4 : 2), wordBytes = (double)words.Shape.Count * (words.Type == ElementType.Float32 ? 4 : 2);
            foreach (var activation in (Activation[])[Activation.Silu, Activation.Gelu, Activation.QuickGelu, Activation.Tanh])
                Measure($"{activation.ToString().ToLowerInvariant()} {shape}", 0, 2 * bytes, () => backend.Activate(x, y, activation));
            Measure($"three terms {shape} (a sampler's step)", 0, 4 * bytes, () => backend.Combine(y, new(1, x), new(-0.5f, y), new(0.5f, x)));
            Measure($"enlarge {shape}", 0, 5 * bytes, () => backend.Upsample(x, wide));
            Measure($"all finite? {shape}", 0, bytes, () => backend.AllFinite(x));
            Measure("embed 77 of 49408 x 768", 0, wordBytes + 2.0 * words.Shape.Count, () => backend.Embed(table, ids, words));
            Measure($"sinusoids 2 x {channels}", 0, 4.0 * waves.Shape.Count, () => backend.TimestepEmbedding([999, 1], waves, cosFirst: true, shift: 0));
        }

        Tensor Random(Shape shape) => Operations.Random(backend, shape);

        void Measure(string name, double flops, double bytes, Action run)
        {
            if (flops > largest * 1e9) return;
            double seconds = Seconds(run, backend), peak = fmaPeak();
            string compute = flops > 0 ? $"{flops / seconds / 1e9,9:0.0} {flops / seconds / peak,8:0.00}" : $"{"",18}";
            string memory = bytes > 0 ? $"{bytes / seconds / 1e9,8:0.0} {bytes / seconds / bandwidth,13:0.00}" : "";
            Console.WriteLine($"{name,-46} {seconds * 1e3,9:0.000} {compute} {memory}".TrimEnd());
            backend.Trim();
        }
    }

    /// <summary>The best of several runs that take at least a quarter of a second together, each waited for.</summary>
    public static double Seconds(Action run, Backend? backend = null)
    {
        run();
        backend?.Synchronize();
        double best = double.PositiveInfinity, total = 0;
        for (int i = 0; i < 3 || total < 0.25; i++)
        {
            var clock = Stopwatch.StartNew();
            run();
            backend?.Synchronize();
            double seconds = clock.Elapsed.TotalSeconds;
            best = Math.Min(best, seconds);
            total += seconds;
        }
        return best;
    }

    /// <summary>A tensor of values about 0, stored as the backend likes it.</summary>
    public static Tensor Random(Backend backend, Shape shape)
    {
        var tensor = backend.Allocate(shape, backend.DefaultPrecision);
        var generator = new Random(1);
        var values = new float[shape.Count];
        for (int i = 0; i < values.Length; i++) values[i] = generator.NextSingle() - 0.5f;
        backend.Upload(values, tensor);
        return tensor;
    }

    /// <summary>fp16 weights in memory, small and not zero.</summary>
    public static WeightSource Made(params int[] sides) => new("weight", "", ElementType.Float16, sides, (_, bytes) =>
    {
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)(i % 2 == 0 ? i : 0x20);
    });
}
