namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>
    /// y = activation((x - mean) / sqrt(variance + epsilon) * scale_c + shift_c), where mean and (biased) variance are those of
    /// all pixels of one picture's group of channels. The tap is the value before the activation.
    /// Wu and He 2018, arXiv:1803.08494.
    /// </summary>
    protected override void GroupNormCore(Tensor x, Weight scale, Weight shift, Tensor y, int groups, float epsilon, Activation activation, Tensor? tap)
    {
        int pixels = x.Shape.T, perGroup = x.Shape.C / groups;
        double count = (double)pixels * perGroup;
        for (int n = 0; n < x.Shape.N; n++)
            for (int g = 0; g < groups; g++)
            {
                nint firstRow = (nint)n * pixels, endRow = firstRow + pixels;
                int first = g * perGroup, end = first + perGroup;

                double mean = 0, variance = 0;
                for (nint row = firstRow; row < endRow; row++)
                    for (int c = first; c < end; c++) mean += Row(x, row)[c] / count;
                for (nint row = firstRow; row < endRow; row++)
                    for (int c = first; c < end; c++) variance += (Row(x, row)[c] - mean) * (Row(x, row)[c] - mean) / count;

                // y may be x: this group is read to its end before any of it is written.
                for (nint row = firstRow; row < endRow; row++)
                    for (int c = first; c < end; c++)
                    {
                        double value = (Row(x, row)[c] - mean) / Math.Sqrt(variance + epsilon) * Values(scale)[c] + Values(shift)[c];
                        if (tap is not null) Put(tap, row, c, value);
                        Put(y, row, c, Apply(activation, value));
                    }
            }
    }
}
