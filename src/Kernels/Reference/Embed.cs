namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>y[i] = table[ids[i]]: a token's number becomes its vector.</summary>
    protected override void EmbedCore(Weight table, ReadOnlySpan<int> ids, Tensor y)
    {
        for (int i = 0; i < ids.Length; i++)
            for (int c = 0; c < table.Columns; c++)
                Put(y, i, c, Values(table)[ids[i] * table.Columns + c]);
    }
}
