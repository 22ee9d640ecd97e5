namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    protected override void EmbedCore(Weight table, ReadOnlySpan<int> ids, Tensor y)
    {
        var packed = Packed(table);
        int channels = table.Columns;
        for (int i = 0; i < ids.Length; i++)
        {
            float* to = Pointer(y) + (nint)i * y.Pitch;
            byte* from = packed.At(0, 0) + (nint)ids[i] * channels * packed.ElementSize;
            switch (packed.Type)
            {
                case ElementType.Float32: new Span<float>(from, channels).CopyTo(new Span<float>(to, channels)); break;
                case ElementType.Float16: for (int c = 0; c < channels; c++) to[c] = (float)((Half*)from)[c]; break;
                default: for (int c = 0; c < channels; c++) to[c] = BitConverter.UInt32BitsToSingle((uint)((ushort*)from)[c] << 16); break;
            }
        }
    }
}
