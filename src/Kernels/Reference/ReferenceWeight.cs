namespace PureLcm.Kernels.Reference;

/// <summary>A weight as its file has it, widened to fp32: row-major in torch's order, stacked sources one after the other.</summary>
sealed class ReferenceWeight : Weight
{
    public ReferenceWeight(WeightKind kind, ReadOnlySpan<WeightSource> sources) : base(kind, sources)
    {
        Values = new float[checked((int)Sources.Sum(source => source.Count))];
        int start = 0;
        foreach (var source in Sources)
        {
            source.ReadFloats(0, Values.AsSpan(start, (int)source.Count));
            start += (int)source.Count;
        }
    }

    /// <summary>[rows] of a vector, [rows][columns] of a matrix or table, [rows][columns][kernel height][kernel width].</summary>
    public float[] Values { get; private set; }

    public override long Bytes => (long)Values.Length * sizeof(float);

    public override void Dispose() => Values = [];
}
