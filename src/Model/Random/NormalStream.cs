namespace PureLcm.Model.Random;

/// <summary>One draw of torch.randn(count), read piece by piece: the values are those of the whole draw, and none is stored.</summary>
/// <param name="generator">Stands where the draw begins; the stream's own from here on.</param>
/// <param name="count">Values of the whole draw.</param>
sealed class NormalStream(TorchRandom generator, long count)
{
    const int Block = TorchRandom.Block;

    readonly float[] block = new float[Block];
    long at;               // the next value to be read
    long blockAt = -1;     // the first value of the block

    /// <summary>The next values.</summary>
    public void Read(Span<float> values)
    {
        if (values.Length > count - at) throw new ArgumentOutOfRangeException(nameof(values), $"{values.Length} values of a draw of {count} that stands at {at}");
        while (values.Length > 0)
        {
            Load();
            int inside = (int)(at - blockAt), n = Math.Min(values.Length, Within() - inside);
            block.AsSpan(inside, n).CopyTo(values);
            values = values[n..];
            at += n;
        }
    }

    /// <summary>Passes over values.</summary>
    public void Skip(long values)
    {
        // Whole blocks that nobody reads are not computed.
        long target = at + values;
        if (count >= Block && target - Block > at)
        {
            long from = blockAt < 0 ? 0 : blockAt + Block, to = Math.Min(target, Tail) / Block * Block;
            if (to > from)
            {
                generator.SkipUniform(to - from);
                (blockAt, at) = (to - Block, to);
            }
        }
        Span<float> unread = stackalloc float[Block];
        while (at < target) Read(unread[..(int)Math.Min(Block, target - at)]);
    }

    /// <summary>Where the draw's last 16 values begin, which are drawn again if the count is no multiple of 16.</summary>
    long Tail => count % Block == 0 ? count : count - Block;

    /// <summary>Values of the present block that count: those of the last whole block end where the tail begins.</summary>
    int Within() => (int)Math.Min(Block, (count < Block || blockAt == Tail ? count : Tail) - blockAt);

    void Load()
    {
        if (blockAt >= 0 && at < blockAt + Within()) return;
        if (count < Block)
        {
            generator.Normal(block.AsSpan(0, (int)count));
            blockAt = 0;
        }
        else if (at < Tail || count % Block == 0)
        {
            generator.NextBlock(block);
            blockAt = blockAt < 0 ? 0 : blockAt + Block;
        }
        else
        {
            // The uniform numbers up to the draw's end come before those of the tail.
            long drawn = blockAt < 0 ? 0 : blockAt + Block;
            generator.SkipUniform(count - drawn);
            generator.NextBlock(block);
            blockAt = Tail;
        }
    }
}
