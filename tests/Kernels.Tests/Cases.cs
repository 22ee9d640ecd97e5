using PureLcm.Kernels.Cpu;
using PureLcm.Kernels.Reference;

namespace PureLcm.Kernels.Tests;

/// <summary>
/// Draws shapes and values for the property tests. A test runs a number of draws; the seed of the one that fails is in its
/// message, and is all that is needed to see it again.
/// </summary>
sealed class Draw(int seed)
{
    readonly Random random = new(seed);

    public int Seed { get; } = seed;

    public int Int(int least, int most) => random.Next(least, most + 1);

    public T Of<T>(params ReadOnlySpan<T> choices) => choices[random.Next(choices.Length)];

    public bool Chance(double share) => random.NextDouble() < share;

    /// <summary>Values about 0, of about unit size.</summary>
    public float[] Values(long count, float scale = 1, float offset = 0)
    {
        var values = new float[count];
        for (int i = 0; i < values.Length; i++) values[i] = offset + scale * (float)(2 * random.NextDouble() - 1 + random.NextDouble() - 0.5);
        return values;
    }

    /// <summary>A weight of any of the three types, in memory.</summary>
    public WeightSource Source(ElementType type, params int[] sides)
    {
        long count = sides.Aggregate(1L, (product, side) => product * side);
        float scale = sides.Length == 1 ? 1 : 1 / MathF.Sqrt(count / sides[0]);
        var values = Values(count, scale);
        var bytes = new byte[count * (type == ElementType.Float32 ? 4 : 2)];
        for (int i = 0; i < values.Length; i++)
        {
            if (type == ElementType.Float32) BitConverter.TryWriteBytes(bytes.AsSpan(4 * i), values[i]);
            else if (type == ElementType.Float16) BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (Half)values[i]);
            else BitConverter.TryWriteBytes(bytes.AsSpan(2 * i), (ushort)(BitConverter.SingleToUInt32Bits(values[i]) >> 16));
        }
        return new($"weight {type} [{string.Join(',', sides)}]", "", type, sides, (offset, to) => bytes.AsSpan((int)offset, to.Length).CopyTo(to));
    }

    public ElementType Type() => Of(ElementType.Float32, ElementType.Float16, ElementType.BFloat16);
}

/// <summary>A backend beside the reference: the same tensors and weights on both.</summary>
sealed class Pair : IDisposable
{
    public Pair(string backend, int threads = 2)
    {
        Backend = Backends.Create(backend, threads);
        Name = backend;
    }

    public string Name { get; }

    public Backend Backend { get; }

    public ReferenceBackend Reference { get; } = new();

    /// <summary>A tensor on both; wider in memory than its channels where <paramref name="gap"/> is set.</summary>
    public Both Tensor(Shape shape, float[]? values = null, int gap = 0)
    {
        var both = new Both(Place(Backend, shape, gap), Place(Reference, shape, gap));
        values ??= new float[shape.Count];
        Backend.Upload(values, both.Ours);
        Reference.Upload(values, both.Theirs);
        return both;
    }

    /// <summary>A view into the middle of a tensor whose other channels hold what no operation may read or write.</summary>
    static Tensor Place(Backend backend, Shape shape, int gap)
    {
        if (gap == 0) return backend.Allocate(shape);
        var wide = backend.Allocate(shape.WithChannels(shape.C + 2 * gap));
        backend.Fill(wide, float.NaN);
        return wide.Channels(gap, shape.C);
    }

    public (Weight Ours, Weight Theirs) Pack(WeightKind kind, params ReadOnlySpan<WeightSource> sources) => (Backend.Pack(kind, sources), Reference.Pack(kind, sources));

    /// <summary>
    /// Sums of n products in fp32 err by about sqrt(n) roundings of 6e-8, whatever their order, and the reference sums in double:
    /// 2e-6 holds for the longest sums drawn here (n = 5000) with room to spare, and a wrong term is far outside.
    /// </summary>
    public void AssertNear(Both result, Draw draw, string what, double tolerance = 2e-6)
    {
        float[] ours = new float[result.Ours.Shape.Count], theirs = new float[ours.Length];
        Backend.Download(result.Ours, ours);
        Reference.Download(result.Theirs, theirs);
        double difference = 0, norm = 0, largest = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            double d = Math.Abs((double)ours[i] - theirs[i]);
            Assert.True(double.IsFinite(d) || ours[i].Equals(theirs[i]), $"{Name}, seed {draw.Seed}, {what}: {ours[i]} for {theirs[i]} at {i}");
            difference += d * d;
            norm += (double)theirs[i] * theirs[i];
            largest = Math.Max(largest, d);
        }
        double relative = difference == 0 ? 0 : Math.Sqrt(difference / norm);
        Assert.True(relative <= tolerance, $"{Name}, seed {draw.Seed}, {what}: relative error {relative:e2}, largest {largest:e2}");
        // No single value may hide among many: in units of a typical value.
        Assert.True(largest <= 30 * tolerance * Math.Max(Math.Sqrt(norm / ours.Length), 1e-30), $"{Name}, seed {draw.Seed}, {what}: largest error {largest:e2}");
    }

    public void Dispose()
    {
        Backend.Dispose();
        Reference.Dispose();
    }
}

/// <summary>A tensor on the backend under test and on the reference.</summary>
readonly record struct Both(Tensor Ours, Tensor Theirs);

/// <summary>All backends that are held to the reference.</summary>
static class Backends
{
    public static TheoryData<string> All => Gpu.Accelerators.Rows(["cpu 512", "cpu 256", "cpu 128", .. Gpu.Accelerators.Names]);

    public static Backend Create(string name, int threads = 2) =>
        name.StartsWith("cpu ", StringComparison.Ordinal) ? new CpuBackend(threads, int.Parse(name["cpu ".Length..])) : Gpu.Accelerators.Backend(name);

    /// <summary>
    /// The seeds of a test's draws. OpenCL drivers get a part of them where each draw may be another variant of a kernel to
    /// compile, a second or two each: the checker, whose kernels are the same, gets all.
    /// </summary>
    public static IEnumerable<int> Seeds(string name, int first, int count)
    {
        int step = name.StartsWith("opencl", StringComparison.Ordinal) ? 4 : 1;
        for (int i = 0; i < count; i += step) yield return first + i;
    }
}
