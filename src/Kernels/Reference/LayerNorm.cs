namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>
    /// y = (x - mean) / sqrt(variance + epsilon) * scale_c + shift_c, where mean and (biased) variance are those of the row's
    /// channels. Ba, Kiros and Hinton 2016, arXiv:1607.06450.
    /// </summary>
    protected override void LayerNormCore(Tensor x, Weight scale, Weight shift, Tensor y, float epsilon)
    {
        int channels = x.Shape.C;
        for (nint row = 0; row < x.Shape.Rows; row++)
        {
            float* from = Row(x, row);
            double mean = 0, variance = 0;
            for (int c = 0; c < channels; c++) mean += (double)from[c] / channels;
            for (int c = 0; c < channels; c++) variance += (from[c] - mean) * (from[c] - mean) / channels;
            for (int c = 0; c < channels; c++)
                Put(y, row, c, (from[c] - mean) / Math.Sqrt(variance + epsilon) * Values(scale)[c] + Values(shift)[c]);
        }
    }
}
