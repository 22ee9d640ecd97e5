using PureLcm.Model;

namespace PureLcm.Verification;

/// <summary>What came of one reference case.</summary>
public enum Verdict
{
    /// <summary>Every output is within its tolerance.</summary>
    Passed,
    /// <summary>An output is not.</summary>
    Failed,
    /// <summary>This program doesn't run the case's kind yet.</summary>
    Unsupported,
    /// <summary>Left out because it takes long: ask for it.</summary>
    Skipped,
}

/// <summary>One output of a case against its reference.</summary>
/// <param name="Name">The tensor's name in the case.</param>
/// <param name="RelativeError">Relative L2 error: |ours - theirs| / |theirs|.</param>
/// <param name="LargestError">The largest absolute difference of two values.</param>
/// <param name="Passed">Whether it is within its tolerance.</param>
public sealed record Comparison(string Name, double RelativeError, double LargestError, bool Passed)
{
    /// <summary>
    /// Where activations are stored in 16 bits: the relative error that this alone costs, on plain loops that are exact otherwise.
    /// </summary>
    public double? RoundingError { get; init; }

    /// <summary>
    /// Judges a comparison of a device that stores in 16 bits: it may be twice as far off as rounding alone is, since its own sums
    /// are fp32 and only what it stores is rounded.
    /// </summary>
    internal Comparison Allowing(double roundingError) =>
        this with { RoundingError = roundingError, Passed = Passed || RelativeError <= 2 * roundingError };

    /// <summary>The relative L2 error that a network may have in fp32, where sums are merely made in another order than torch makes them.</summary>
    public const double NetworkTolerance = 1e-4;

    /// <summary>The share of a picture's values that must be within 1 of 255: what rounding to bytes can make of such errors.</summary>
    public const double PictureShare = 0.999;

    /// <summary>Compares the values of a network's output.</summary>
    public static Comparison OfValues(string name, ReadOnlySpan<float> ours, ReadOnlySpan<float> theirs, double tolerance = NetworkTolerance)
    {
        if (ours.Length != theirs.Length) return new(name, double.PositiveInfinity, double.PositiveInfinity, false);
        double difference = 0, norm = 0, largest = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            double d = Math.Abs((double)ours[i] - theirs[i]);
            // A comparison with what is not a number must fail, not be skipped.
            if (!double.IsFinite(d)) return new(name, double.PositiveInfinity, double.PositiveInfinity, false);
            difference += d * d;
            norm += (double)theirs[i] * theirs[i];
            largest = Math.Max(largest, d);
        }
        double relative = difference == 0 ? 0 : Math.Sqrt(difference / norm);
        return new(name, relative, largest, relative <= tolerance);
    }

    /// <summary>Compares the bytes of pictures.</summary>
    public static Comparison OfPictures(string name, ReadOnlySpan<byte> ours, ReadOnlySpan<byte> theirs)
    {
        if (ours.Length != theirs.Length) return new(name, double.PositiveInfinity, double.PositiveInfinity, false);
        double difference = 0, norm = 0;
        int largest = 0, near = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            int d = Math.Abs(ours[i] - theirs[i]);
            difference += d * d;
            norm += theirs[i] * theirs[i];
            largest = Math.Max(largest, d);
            if (d <= 1) near++;
        }
        return new(name, difference == 0 ? 0 : Math.Sqrt(difference / norm), largest, near >= PictureShare * ours.Length);
    }

    /// <summary>Compares whole numbers, which must be equal: token ids, timesteps.</summary>
    public static Comparison OfNumbers(string name, ReadOnlySpan<int> ours, ReadOnlySpan<int> theirs)
    {
        bool equal = ours.SequenceEqual(theirs);
        return new(name, equal ? 0 : double.PositiveInfinity, equal ? 0 : double.PositiveInfinity, equal);
    }
}

/// <summary>A case and what came of it.</summary>
/// <param name="Name">Folder and file: <c>sd15/unet</c>.</param>
/// <param name="Kind">What was run.</param>
/// <param name="Verdict">Whether it holds.</param>
/// <param name="Comparisons">Each output.</param>
/// <param name="Remark">Why it was not run, or what went wrong.</param>
public sealed record CaseResult(string Name, string Kind, Verdict Verdict, IReadOnlyList<Comparison> Comparisons, string Remark = "")
{
    /// <summary>The largest relative L2 error of its outputs.</summary>
    public double RelativeError => Comparisons.Count == 0 ? 0 : Comparisons.Max(comparison => comparison.RelativeError);

    /// <summary>The largest error that rounding alone would cost, where activations were stored in 16 bits.</summary>
    public double? RoundingError => Comparisons.Max(comparison => comparison.RoundingError);

    /// <summary>The largest difference of two values in its outputs.</summary>
    public double LargestError => Comparisons.Count == 0 ? 0 : Comparisons.Max(comparison => comparison.LargestError);
}
