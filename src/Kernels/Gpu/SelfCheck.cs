using System.Security.Cryptography;
using System.Text;
using ILGPU.Runtime;
using PureLcm.Kernels.Reference;

namespace PureLcm.Kernels.Gpu;

/// <summary>
/// A second's look at a driver before <c>auto</c> trusts it with pictures: each kind of kernel once, on small odd shapes,
/// against the plain loops. The verdict is kept on disk for the device, its driver and this build.
/// </summary>
static class SelfCheck
{
    /// <summary>Whether the device computes what it should; if not, what went wrong.</summary>
    public static bool Passes(GpuBackend backend, Device device, out string reason)
    {
        string file = Path.Combine(Folder(), Key(device));
        try
        {
            reason = File.ReadAllText(file);
            return reason.Length == 0;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not checked yet.
        }
        reason = Check(backend) ?? "";
        try
        {
            Directory.CreateDirectory(Folder());
            string beside = file + "." + Environment.ProcessId;
            File.WriteAllText(beside, reason);
            File.Move(beside, file, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It is checked again next time.
        }
        return reason.Length == 0;
    }

    /// <summary>What went wrong; null if nothing did.</summary>
    internal static string? Check(Backend backend)
    {
        try
        {
            foreach (var type in new[] { ElementType.Float32, backend.DefaultPrecision }.Distinct())
            {
                using var plain = new ReferenceBackend();
                double tolerance = type switch { ElementType.Float32 => 1e-5, ElementType.Float16 => 5e-3, _ => 4e-2 };
                var theirs = Compute(plain, ElementType.Float32);
                foreach (var (name, values) in Compute(backend, type))
                {
                    double error = RelativeError(values, theirs[name]);
                    if (!(error <= tolerance)) return FormattableString.Invariant($"its {name} in {type} is wrong (relative error {error:0.0e+0})");
                }
            }
            return null;
        }
        catch (Exception e) when (e is GpuException or OutOfMemoryException)
        {
            return e.Message;
        }
    }

    static Dictionary<string, float[]> Compute(Backend backend, ElementType type)
    {
        var results = new Dictionary<string, float[]>();
        using Tensor x = Upload(Shape.Image(1, 9, 7, 24), 1), y = backend.Allocate(x.Shape, type);
        using Weight matrix = Pack(WeightKind.Matrix, 24, 24), gated = Pack(WeightKind.Gated, 48, 24), window = Pack(WeightKind.Convolution, 24, 24, 3, 3),
            vector = Pack(WeightKind.Vector, 24), down = Pack(WeightKind.Matrix, 4, 24), up = Pack(WeightKind.Matrix, 24, 4);
        backend.Linear(x, matrix, y, new() { Bias = vector, Residual = x, Activation = Activation.Silu });
        Keep("linear layer");
        backend.Linear(x, matrix, y, new() { LowRank = [new(new(down, up), 1)] });
        Keep("low-rank product");
        backend.Linear(x, gated, y);
        Keep("gated linear layer");
        backend.Conv2d(x, window, y, new(1, 1, 1), new() { Bias = vector });
        Keep("convolution");
        backend.GroupNorm(x, vector, vector, y, 4, 1e-5f, Activation.Silu);
        Keep("group norm");
        backend.LayerNorm(x, vector, vector, y, 1e-5f);
        Keep("layer norm");
        backend.Attention(x, x, x, y, 3);
        Keep("attention");
        backend.Combine(y, new(2, x), new(-0.5f, x));
        Keep("combination");
        return results;

        void Keep(string name)
        {
            var values = new float[y.Shape.Count];
            backend.Download(y, values);
            results[name] = values;
        }

        Tensor Upload(Shape shape, int seed)
        {
            var tensor = backend.Allocate(shape, type);
            backend.Upload(Values((int)shape.Count, seed, 1), tensor);
            return tensor;
        }

        Weight Pack(WeightKind kind, params int[] sides)
        {
            int count = sides.Aggregate(1, (product, side) => product * side);
            byte[] bytes = new byte[count * sizeof(float)];
            Buffer.BlockCopy(Values(count, count, MathF.Sqrt((float)sides[0] / count)), 0, bytes, 0, bytes.Length);
            return backend.Pack(kind, new WeightSource("self-check", "", ElementType.Float32, sides, (offset, to) => bytes.AsSpan((int)offset, to.Length).CopyTo(to)));
        }

        static float[] Values(int count, int seed, float scale)
        {
            var random = new Random(seed);
            var values = new float[count];
            for (int i = 0; i < count; i++) values[i] = scale * (2 * random.NextSingle() - 1);
            return values;
        }
    }

    static double RelativeError(float[] ours, float[] theirs)
    {
        double difference = 0, norm = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            difference += Math.Pow((double)ours[i] - theirs[i], 2);
            norm += Math.Pow(theirs[i], 2);
        }
        return Math.Sqrt(difference / norm);
    }

    static string Folder()
    {
        string? own = Environment.GetEnvironmentVariable("PURELCM_CACHE"), shared = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (!string.IsNullOrEmpty(own)) return Path.Combine(own, "checks");
        string cache = !string.IsNullOrEmpty(shared) ? shared
            : OperatingSystem.IsLinux() ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache")
            : Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData);
        return Path.Combine(cache, "purelcm", "checks");
    }

    /// <summary>Another driver or another build is looked at again.</summary>
    static string Key(Device device)
    {
        const string nvidia = "/proc/driver/nvidia/version";
        string driver = File.Exists(nvidia) ? File.ReadAllText(nvidia) : "";
        string text = $"{device.Name}|{device.AcceleratorType}|{device.MemorySize}|{driver}|{typeof(SelfCheck).Module.ModuleVersionId}|{typeof(Device).Module.ModuleVersionId}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];
    }
}
