using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.FrontEnd;

/// <summary>
/// Orders blocks so that each comes before those that it dominates, and a loop's blocks stand together, before what follows the
/// loop: running the lowest block first then brings a group's work-items together again after it.
/// </summary>
static class BlockOrder
{
    /// <summary>The blocks that are reached, in no special order.</summary>
    public static BasicBlock[] Reached(BasicBlock entry) => PostOrder(entry, block => block.Targets);

    public static BasicBlock[] ReversePostOrder(BasicBlock entry)
    {
        // What is visited first comes last: so, from a block in a loop, the ways out of it before those that stay.
        var loops = LoopsOf(entry);
        var order = PostOrder(entry, block => block.Targets.Length < 2 ? block.Targets : block.Targets.OrderBy(target => loops[block].Count(loops[target].Contains)));
        Array.Reverse(order);
        return order;
    }

    /// <summary>For each block, the headers of the loops that it is in.</summary>
    static Dictionary<BasicBlock, HashSet<BasicBlock>> LoopsOf(BasicBlock entry)
    {
        var order = Reached(entry);
        Array.Reverse(order);
        var place = order.Select((block, i) => (block, i)).ToDictionary(pair => pair.block, pair => pair.i);
        var sources = order.ToDictionary(block => block, _ => new List<BasicBlock>());
        foreach (var block in order)
            foreach (var target in block.Targets) sources[target].Add(block);

        var loops = order.ToDictionary(block => block, _ => new HashSet<BasicBlock>());
        foreach (var block in order)
            foreach (var header in block.Targets)
            {
                if (place[header] > place[block]) continue;
                // Back along the arrows from the jump to the header.
                loops[header].Add(header);
                var open = new Stack<BasicBlock>([block]);
                while (open.TryPop(out var inside))
                    if (inside == header || loops[inside].Add(header))
                        if (inside != header)
                            foreach (var source in sources[inside]) open.Push(source);
            }
        return loops;
    }

    static BasicBlock[] PostOrder(BasicBlock entry, Func<BasicBlock, IEnumerable<BasicBlock>> targets)
    {
        // Inlined kernels have thousands of blocks in a row: no recursion.
        var order = new List<BasicBlock>();
        var seen = new HashSet<BasicBlock> { entry };
        var path = new Stack<(BasicBlock Block, IEnumerator<BasicBlock> Targets)>();
        path.Push((entry, targets(entry).GetEnumerator()));
        while (path.TryPeek(out var top))
        {
            if (!top.Targets.MoveNext())
            {
                order.Add(path.Pop().Block);
                continue;
            }
            var next = top.Targets.Current;
            if (seen.Add(next)) path.Push((next, targets(next).GetEnumerator()));
        }
        return [.. order];
    }
}
