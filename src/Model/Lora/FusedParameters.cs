using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using PureLcm.Kernels;
using PureLcm.Model.Layers;
using PureLcm.Weights;

namespace PureLcm.Model.Lora;

/// <summary>
/// A component's parameters with LoRAs merged in while they are read: W' = W + sum of weight * alpha/rank * B A, rounded to
/// the file's type. Costs nothing at run time; to undo it, the weights are packed again from the file.
/// </summary>
/// <param name="inner">The base weights.</param>
/// <param name="component">The component's name, the first part of module names.</param>
/// <param name="loras">What to merge, with the weight of each.</param>
public sealed class FusedParameters(IParameters inner, string component, IReadOnlyList<(LoraFile File, float Weight)> loras) : IParameters
{
    readonly ILookup<string, (LoraFile File, LoraEntry Entry, float Scale)> entries = (
        from lora in loras
        from entry in lora.File.Entries
        select (lora.File, Entry: entry, Scale: (float)entry.Scale * lora.Weight)).ToLookup(item => item.Entry.ModulePath);

    /// <inheritdoc/>
    public WeightSource Get(string name, int[] sides)
    {
        var source = inner.Get(name, sides);
        const string suffix = ".weight";
        if (!name.EndsWith(suffix, StringComparison.Ordinal)) return source;
        string module = $"{component}.{name[..^suffix.Length]}";
        var merges = entries[module].Where(item => item.Scale != 0).ToArray();
        if (merges.Length == 0) return source;
        foreach (var (file, entry, _) in merges) AttachedLora.CheckShape(file, entry, new(module, null!, 0, sides));
        return source with { Read = new Merge(source, merges).Read };
    }

    /// <summary>Reads ranges of the merged weight, a row at a time; A and B stay in memory until its end has been read.</summary>
    sealed class Merge(WeightSource source, (LoraFile File, LoraEntry Entry, float Scale)[] merges)
    {
        readonly Lock guard = new();
        readonly int columns = checked((int)(source.Count / source.Sides[0]));
        (float[] Down, float[] Up, int Rank, float Scale)[]? factors;
        float[] row = [];
        long rowIndex = -1;

        public void Read(long offset, Span<byte> bytes)
        {
            int size = source.ElementSize;
            lock (guard)
            {
                factors ??= [.. merges.Select(merge => (merge.Entry.Down.ReadFloats(), merge.Entry.Up.ReadFloats(),
                    merge.Entry.Rank, merge.Scale))];
                for (int done = 0; done < bytes.Length;)
                {
                    long element = (offset + done) / size;
                    ReadRow(element / columns);
                    int column = (int)(element % columns), count = Math.Min(columns - column, (bytes.Length - done) / size);
                    Narrow(row.AsSpan(column, count), bytes.Slice(done, count * size));
                    done += count * size;
                }
                if (offset + bytes.Length == source.Count * size) (factors, row, rowIndex) = (null, [], -1);
            }
        }

        void ReadRow(long index)
        {
            if (index == rowIndex) return;
            if (row.Length == 0) row = new float[columns];
            source.ReadFloats(index * columns, row);
            foreach (var (down, up, rank, scale) in factors!)
                for (int r = 0; r < rank; r++)
                    TensorPrimitives.MultiplyAdd(down.AsSpan(r * columns, columns), scale * up[index * rank + r], row, row);
            rowIndex = index;
        }

        void Narrow(ReadOnlySpan<float> values, Span<byte> bytes)
        {
            switch (source.Type)
            {
                case ElementType.Float32:
                    MemoryMarshal.AsBytes(values).CopyTo(bytes);
                    break;
                case ElementType.Float16:
                    TensorPrimitives.ConvertToHalf(values, MemoryMarshal.Cast<byte, Half>(bytes));
                    break;
                default:
                    var upper = MemoryMarshal.Cast<byte, ushort>(bytes);
                    for (int i = 0; i < values.Length; i++) upper[i] = Rounding.ToBFloat16(values[i]);
                    break;
            }
        }
    }
}
