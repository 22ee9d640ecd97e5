using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void GroupNormCore(Tensor x, Weight scale, Weight shift, Tensor y, int groups, float epsilon, Activation activation, Tensor? tap)
    {
        int blocks = Groups(x.Shape.T, ChannelMoments.Pixels);
        using Tensor moments = Allocate(Shape.Tokens(x.Shape.N, blocks * 3, x.Shape.C)), factors = Allocate(Shape.Tokens(x.Shape.N, 2, x.Shape.C));
        Run(typeof(ChannelMomentsKernel<>), (x, moments), Stored(x));
        Run(typeof(GroupFactorsKernel), (moments, factors, (GpuWeight)scale, groups, x.Shape.T, epsilon));
        Run(typeof(NormaliseKernel<>), new Normalisation(x, factors, (GpuWeight)shift, y, activation, tap), Stored(x));
    }
}

/// <summary>The first pass over a picture: what each block of pixels says of each channel.</summary>
static class ChannelMoments
{
    /// <summary>Pixels of a block.</summary>
    public const int Pixels = 64;
}

/// <summary>
/// The sum and the sum of squares of a channel over a block of pixels, relative to the channel's first value there, so that a
/// large mean costs no digits. [N][block][pivot, sum, squares][C]. A work-item a channel of a block.
/// </summary>
sealed class ChannelMomentsKernel<T>(GpuBackend gpu) : GpuKernel<(Tensor X, Tensor Moments)> where T : unmanaged, IStored<T>
{
    readonly Action<KernelConfig, ArrayView<T>, int, ArrayView<float>, int, Rows> kernel =
        gpu.LoadStreamKernel<ArrayView<T>, int, ArrayView<float>, int, Rows>(Kernel);

    public override void Launch(in (Tensor X, Tensor Moments) arguments)
    {
        var (x, moments) = arguments;
        var (rows, config) = Rows.Of(gpu, moments.Shape.Rows / 3, x.Shape.C);
        kernel(config, gpu.View<T>(x), x.Pitch, gpu.View<float>(moments), x.Shape.T, rows);
    }

    static void Kernel(ArrayView<T> x, int pitch, ArrayView<float> moments, int pixels, Rows rows)
    {
        int row = Rows.Row(rows), channel = Rows.Channel(rows);
        if (channel >= rows.Channels) return;
        int blocks = (pixels + ChannelMoments.Pixels - 1) / ChannelMoments.Pixels, n = row / blocks, first = (row - n * blocks) * ChannelMoments.Pixels;
        int count = XMath.Min(ChannelMoments.Pixels, pixels - first), from = (n * pixels + first) * pitch + channel;
        float pivot = T.Load(x[from]), sum = 0, squares = 0;
        for (int i = 1; i < count; i++)
        {
            float difference = T.Load(x[from + i * pitch]) - pivot;
            sum += difference;
            squares += difference * difference;
        }
        int to = row * 3 * rows.Channels + channel;
        moments[to] = pivot;
        moments[to + rows.Channels] = sum;
        moments[to + 2 * rows.Channels] = squares;
    }
}

/// <summary>How many values there were, their mean, and the sum of their squared deviations from it.</summary>
struct Moments
{
    public float Count, Mean, Squares;

    /// <summary>Of both sets together: Chan, Golub and LeVeque 1979.</summary>
    public static Moments Join(Moments a, Moments b)
    {
        float count = a.Count + b.Count, share = count > 0 ? b.Count / count : 0, difference = b.Mean - a.Mean;
        return new() { Count = count, Mean = a.Mean + difference * share, Squares = a.Squares + b.Squares + difference * difference * a.Count * share };
    }
}

/// <summary>
/// From the blocks' moments to each channel's mean and factor, 1 / sqrt(variance + epsilon) * scale: [N][mean, factor][C].
/// A group joins the moments of one picture's group of channels: each work-item some, then pairs of work-items.
/// </summary>
sealed class GroupFactorsKernel(GpuBackend gpu) : GpuKernel<(Tensor Moments, Tensor Factors, GpuWeight Scale, int Groups, int Pixels, float Epsilon)>
{
    /// <summary>Sizes of a picture.</summary>
    internal struct Sizes
    {
        public int Channels, PerGroup, Pixels, Blocks;
    }

    readonly Action<KernelConfig, ArrayView<float>, ArrayView<float>, ArrayView<float>, Sizes, float> kernel =
        gpu.LoadStreamKernel<ArrayView<float>, ArrayView<float>, ArrayView<float>, Sizes, float>(Kernel);

    public override void Launch(in (Tensor Moments, Tensor Factors, GpuWeight Scale, int Groups, int Pixels, float Epsilon) arguments)
    {
        var (moments, factors, scale, groups, pixels, epsilon) = arguments;
        int channels = factors.Shape.C;
        var sizes = new Sizes { Channels = channels, PerGroup = channels / groups, Pixels = pixels, Blocks = moments.Shape.T / 3 };
        kernel(new KernelConfig(factors.Shape.N * groups, GroupSum.Items), gpu.View<float>(moments), gpu.View<float>(factors), scale.Plain<float>(), sizes, epsilon);
    }

    static void Kernel(ArrayView<float> moments, ArrayView<float> factors, ArrayView<float> scale, Sizes sizes, float epsilon)
    {
        ArrayView<float> counts = GroupSum.Memory(), means = GroupSum.Memory(), squares = GroupSum.Memory();
        int item = Group.IdxX, groups = sizes.Channels / sizes.PerGroup, n = Grid.IdxX / groups, first = (Grid.IdxX - n * groups) * sizes.PerGroup;

        Moments all = default;
        for (int i = item; i < sizes.Blocks * sizes.PerGroup; i += GroupSum.Items)
        {
            int block = i / sizes.PerGroup, at = (n * sizes.Blocks + block) * 3 * sizes.Channels + first + i - block * sizes.PerGroup;
            float count = XMath.Min(ChannelMoments.Pixels, sizes.Pixels - block * ChannelMoments.Pixels);
            // Relative to the pivot p: mean = p + s/k, squared deviations = q - s s/k.
            float sum = moments[at + sizes.Channels], mean = sum / count;
            all = Moments.Join(all, new() { Count = count, Mean = moments[at] + mean, Squares = moments[at + 2 * sizes.Channels] - sum * mean });
        }
        counts[item] = all.Count;
        means[item] = all.Mean;
        squares[item] = all.Squares;
        Group.Barrier();
        for (int half = GroupSum.Items / 2; half > 0; half /= 2)
        {
            if (item < half)
            {
                int other = item + half;
                all = Moments.Join(all, new() { Count = counts[other], Mean = means[other], Squares = squares[other] });
                counts[item] = all.Count;
                means[item] = all.Mean;
                squares[item] = all.Squares;
            }
            Group.Barrier();
        }

        float factor = 1 / XMath.Sqrt(XMath.Max(squares[0], 0f) / counts[0] + epsilon);
        for (int c = first + item; c < first + sizes.PerGroup; c += GroupSum.Items)
        {
            factors[n * 2 * sizes.Channels + c] = means[0];
            factors[(n * 2 + 1) * sizes.Channels + c] = factor * scale[c];
        }
    }
}

/// <summary>The second pass's arguments.</summary>
readonly record struct Normalisation(Tensor X, Tensor Factors, GpuWeight Shift, Tensor Y, Activation Activation, Tensor? Tap);

/// <summary>
/// The second pass: y = activation((x - mean) * factor + shift), the mean first, so that it costs no digits. A work-item a value,
/// so y may be x.
/// </summary>
sealed class NormaliseKernel<T>(GpuBackend gpu) : GpuKernel<Normalisation> where T : unmanaged, IStored<T>
{
    /// <summary>Elements from row to row; 0 for a tap that isn't there.</summary>
    internal struct Pitches
    {
        public int Pixels, X, Y, Tap;
    }

    readonly Action<KernelConfig, ArrayView<T>, ArrayView<float>, ArrayView<float>, ArrayView<T>, ArrayView<T>, Pitches, Rows, SpecializedValue<int>> kernel =
        gpu.LoadStreamKernel<ArrayView<T>, ArrayView<float>, ArrayView<float>, ArrayView<T>, ArrayView<T>, Pitches, Rows, SpecializedValue<int>>(Kernel);

    public override void Launch(in Normalisation arguments)
    {
        var (x, factors, shift, y, activation, tap) = arguments;
        var (rows, config) = Rows.Of(gpu, x.Shape.Rows, x.Shape.C);
        kernel(config, gpu.View<T>(x), gpu.View<float>(factors), shift.Plain<float>(), gpu.View<T>(tap), gpu.View<T>(y),
            new Pitches { Pixels = x.Shape.T, X = x.Pitch, Y = y.Pitch, Tap = tap?.Pitch ?? 0 }, rows, SpecializedValue.New((int)activation));
    }

    static void Kernel(ArrayView<T> x, ArrayView<float> factors, ArrayView<float> shift, ArrayView<T> tap, ArrayView<T> y, Pitches pitches, Rows rows, SpecializedValue<int> activation)
    {
        int row = Rows.Row(rows), channel = Rows.Channel(rows);
        if (channel >= rows.Channels) return;
        int at = row / pitches.Pixels * 2 * rows.Channels + channel;
        float value = (T.Load(x[row * pitches.X + channel]) - factors[at]) * factors[at + rows.Channels] + shift[channel];
        if (pitches.Tap > 0) tap[row * pitches.Tap + channel] = T.Store(value);
        y[row * pitches.Y + channel] = T.Store(Functions.Apply(activation, value));
    }
}
