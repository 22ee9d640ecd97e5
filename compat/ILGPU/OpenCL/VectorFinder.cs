using ILGPU.Compat.Ir;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace ILGPU.Compat.OpenCL;

/// <summary>Floats that always go together: loaded from neighbouring places, or computed alike from such.</summary>
sealed class Bundle(Variable[] lanes)
{
    public Variable[] Lanes { get; } = lanes;

    /// <summary>The groups that assign it, one for each assignment of a lane.</summary>
    public List<Alike> Definitions { get; } = [];
}

/// <summary>As many instructions of a block as a vector has lanes, which do the same; the last one's place is where the vector's is.</summary>
sealed class Alike(BasicBlock block, Instruction[] members, int place)
{
    public BasicBlock Block { get; } = block;

    public Instruction[] Members { get; } = members;

    public int Place { get; } = place;

    /// <summary>An operand, as each member has it.</summary>
    public Operand[] Operand(int i) => [.. Members.Select(member => Usage.Operand(member, i))];

    /// <summary>The operands that are numbers: of a load none, of a store the second.</summary>
    public IEnumerable<int> Numbers => Members[0].Op switch
    {
        Op.Load => [],
        Op.Store => [1],
        _ => Enumerable.Range(0, Members[0].Operands),
    };
}

/// <summary>
/// Finds what can be vectors of a given number of floats. It begins with loads from, and stores to, neighbouring places, and goes
/// from there to what is computed alike from the lanes, or what the lanes are computed from. A bundle stands if all its
/// assignments are groups whose operands are bundles that stand, or the same in each lane.
/// </summary>
sealed class VectorFinder
{
    readonly KernelMethod kernel;
    readonly Usage usage;
    readonly AddressKeys addresses;
    readonly int width;
    readonly Dictionary<Variable, Bundle> bundles = [];
    readonly Dictionary<Instruction, Alike> groups = [];
    readonly Dictionary<Variable, List<(BasicBlock Block, int Place, Instruction Instruction)>> definitions = [], uses = [];
    readonly HashSet<Variable> taken;
    readonly HashSet<Instruction> done;
    readonly Queue<Bundle> news = [];

    public VectorFinder(KernelMethod kernel, Usage usage, AddressKeys addresses, int width, HashSet<Variable> taken, HashSet<Instruction> done)
    {
        (this.kernel, this.usage, this.addresses, this.width, this.taken, this.done) = (kernel, usage, addresses, width, taken, done);
        foreach (var block in kernel.Blocks)
        {
            for (int i = 0; i < block.Instructions.Count; i++)
            {
                var instruction = block.Instructions[i];
                if (usage.Dead.Contains(instruction)) continue;
                if (instruction.Target is { Type: ValueType.Float32 } target) Note(definitions, target, block, i);
                for (int k = 0; k < Usage.Operands(instruction); k++)
                    if (Usage.Operand(instruction, k).Variable is { Type: ValueType.Float32 } variable) Note(uses, variable, block, i);
            }
        }

        static void Note(Dictionary<Variable, List<(BasicBlock, int, Instruction)>> table, Variable variable, BasicBlock block, int place)
        {
            if (!table.TryGetValue(variable, out var list)) table[variable] = list = [];
            list.Add((block, place, block.Instructions[place]));
        }
    }

    /// <summary>The bundles that stand, and all groups: those that assign them, and stores of them.</summary>
    public (List<Bundle> Bundles, List<Alike> Groups) Find()
    {
        foreach (var block in kernel.Blocks) Seed(block);
        while (news.TryDequeue(out var bundle)) Follow(bundle);
        // What falls may take others with it, until all that is left stands.
        while (DropUnsupported() || DropMisplaced() || DropUseless()) { }
        return ([.. bundles.Values.Distinct()], [.. groups.Values.Distinct()]);
    }

    void Seed(BasicBlock block)
    {
        foreach (var op in new[] { Op.Load, Op.Store })
        {
            var list = new List<(string Unknown, long Bytes, int Place)>();
            for (int place = 0; place < block.Instructions.Count; place++)
            {
                var instruction = block.Instructions[place];
                if (instruction.Op == op && !done.Contains(instruction) && instruction.Memory == MemoryType.Float32 && !usage.Dead.Contains(instruction) && addresses.Of(instruction.A) is { } key)
                    list.Add((key.Unknown, key.Bytes, place));
            }
            foreach (var run in list.GroupBy(entry => entry.Unknown))
            {
                // The first one at each place: a second load of it is another variable.
                var ordered = run.GroupBy(entry => entry.Bytes).Select(same => same.First()).OrderBy(entry => entry.Bytes).ToArray();
                for (int start = 0; start + width <= ordered.Length;)
                {
                    var lanes = ordered.AsSpan(start, width);
                    bool neighbours = true;
                    for (int lane = 1; lane < width; lane++) neighbours &= lanes[lane].Bytes == lanes[0].Bytes + 4 * lane;
                    if (neighbours)
                    {
                        var members = new (BasicBlock, int, Instruction)[width];
                        for (int lane = 0; lane < width; lane++) members[lane] = (block, lanes[lane].Place, block.Instructions[lanes[lane].Place]);
                        if (op == Op.Load) Propose([.. members.Select(member => member.Item3.Target!)]);
                        else if (MakeGroup(members) is { } group) Ask(group);
                    }
                    start += neighbours ? width : 1;
                }
            }
        }
    }

    /// <summary>Makes a bundle of variables if their assignments are alike.</summary>
    void Propose(Variable[] lanes)
    {
        if (lanes.Distinct().Count() != width || lanes.Any(lane => lane.Type != ValueType.Float32 || bundles.ContainsKey(lane) || taken.Contains(lane) || !definitions.ContainsKey(lane))) return;
        int count = definitions[lanes[0]].Count;
        if (lanes.Any(lane => definitions[lane].Count != count)) return;
        var bundle = new Bundle(lanes);
        var made = new List<Alike>();
        for (int i = 0; i < count; i++)
        {
            if (MakeGroup([.. lanes.Select(lane => definitions[lane][i])]) is not { } group)
            {
                foreach (var other in made) Remove(other);
                return;
            }
            made.Add(group);
        }
        bundle.Definitions.AddRange(made);
        foreach (var lane in lanes) bundles[lane] = bundle;
        news.Enqueue(bundle);
        foreach (var group in made) Ask(group);
    }

    /// <summary>Proposes what a group's operands would be.</summary>
    void Ask(Alike group)
    {
        foreach (int i in group.Numbers)
        {
            var operands = group.Operand(i);
            if (operands.Distinct().Count() > 1 && operands.All(operand => operand.Variable is not null)) Propose([.. operands.Select(operand => operand.Variable!)]);
        }
    }

    /// <summary>Proposes what is computed from a bundle.</summary>
    void Follow(Bundle bundle)
    {
        if (!uses.TryGetValue(bundle.Lanes[0], out var first)) return;
        foreach (var (block, _, instruction) in first)
        {
            if (groups.ContainsKey(instruction) || !IsLanewise(instruction.Op)) continue;
            // The lane's first, second… use of this kind here belongs to the other lanes' first, second…
            bool IsAlike((BasicBlock Block, int, Instruction Instruction) use, Variable lane) =>
                use.Block == block && use.Instruction.Op == instruction.Op && (use.Instruction.A.Variable == lane) == (instruction.A.Variable == bundle.Lanes[0]);
            int rank = first.Where(use => IsAlike(use, bundle.Lanes[0])).TakeWhile(use => use.Instruction != instruction).Count();
            var members = new List<(BasicBlock Block, int Place, Instruction Instruction)>();
            foreach (var lane in bundle.Lanes)
                if (uses.TryGetValue(lane, out var list)) members.AddRange(list.Where(use => IsAlike(use, lane)).Skip(rank).Take(1));
            if (members.Count == width) Propose([.. members.Select(member => member.Instruction.Target!)]);
        }
    }

    /// <summary>A group, if the instructions do the same in one block.</summary>
    Alike? MakeGroup((BasicBlock Block, int Place, Instruction Instruction)[] members)
    {
        var (block, _, model) = members[0];
        if (!IsLanewise(model.Op) && model.Op is not (Op.Load or Op.Store)) return null;
        foreach (var (other, _, instruction) in members)
            if (other != block || instruction.Op != model.Op || instruction.Memory != model.Memory || instruction.Unsigned != model.Unsigned || groups.ContainsKey(instruction) || done.Contains(instruction)) return null;
        if (members.Select(member => member.Instruction).Distinct().Count() != width) return null;
        if (model.Op is Op.Load or Op.Store)
        {
            if (model.Memory != MemoryType.Float32 || addresses.Of(model.A) is not { } first) return null;
            for (int lane = 1; lane < width; lane++)
                if (addresses.Of(members[lane].Instruction.A) is not { } key || key.Unknown != first.Unknown || key.Bytes != first.Bytes + 4 * lane) return null;
        }
        var group = new Alike(block, [.. members.Select(member => member.Instruction)], members.Max(member => member.Place));
        foreach (var member in group.Members) groups[member] = group;
        return group;
    }

    void Remove(Alike group)
    {
        foreach (var member in group.Members) groups.Remove(member);
    }

    void Remove(Bundle bundle)
    {
        foreach (var lane in bundle.Lanes) bundles.Remove(lane);
        foreach (var group in bundle.Definitions) Remove(group);
    }

    void Drop(Alike group)
    {
        if (group.Members[0].Target is { } target) Remove(bundles[target]);
        else Remove(group);
    }

    /// <summary>Drops a group, with its bundle, whose operands are neither a bundle nor all the same.</summary>
    bool DropUnsupported()
    {
        foreach (var group in groups.Values.Distinct())
        {
            foreach (int i in group.Numbers)
            {
                var operands = group.Operand(i);
                if (operands.Distinct().Count() == 1) continue;
                if (operands.All(operand => operand.Variable is not null) && bundles.TryGetValue(operands[0].Variable!, out var bundle) &&
                    bundle.Lanes.AsSpan().SequenceEqual(operands.Select(operand => operand.Variable!).ToArray())) continue;
                Drop(group);
                return true;
            }
        }
        return false;
    }

    /// <summary>Drops a bundle that no group uses: its lanes go separate ways.</summary>
    bool DropUseless()
    {
        var used = groups.Values.Distinct().SelectMany(group => group.Numbers.Select(i => group.Operand(i)))
            .Where(operands => operands.Distinct().Count() > 1).Select(operands => operands[0].Variable!).ToHashSet();
        foreach (var bundle in bundles.Values.Distinct())
        {
            if (used.Contains(bundle.Lanes[0])) continue;
            Remove(bundle);
            return true;
        }
        return false;
    }

    /// <summary>
    /// Drops a group if, with all its members at the last one's place, something would read another value than before: checked by
    /// going through each block in both orders, with the last assignment of each variable and the number of stores so far.
    /// </summary>
    bool DropMisplaced()
    {
        foreach (var block in kernel.Blocks)
        {
            var writers = new Dictionary<(Instruction, int), Instruction?>();
            var stores = new Dictionary<Instruction, int>();
            Alike? blamed = null;
            Walk(Steps(block, grouped: false), (instruction, i, writer) => writers[(instruction, i)] = writer, (instruction, count) => stores[instruction] = count);
            Walk(Steps(block, grouped: true),
                (instruction, i, writer) =>
                {
                    var before = writers[(instruction, i)];
                    if (before != writer) blamed ??= GroupOf(before) ?? GroupOf(writer) ?? GroupOf(instruction);
                },
                (instruction, count) =>
                {
                    // Where this one stays, a store that it meets no more, or too early, has moved.
                    if (stores[instruction] != count) blamed ??= GroupOf(instruction) ?? groups.Values.First(group => group.Block == block && group.Members[0].Op == Op.Store);
                });
            if (blamed is null) continue;
            Drop(blamed);
            return true;
        }
        return false;

        Alike? GroupOf(Instruction? instruction) => instruction is null ? null : groups.GetValueOrDefault(instruction);
    }

    /// <summary>A block's instructions in their order; grouped: a group's together where its place is.</summary>
    IEnumerable<Instruction[]> Steps(BasicBlock block, bool grouped)
    {
        for (int place = 0; place < block.Instructions.Count; place++)
        {
            var instruction = block.Instructions[place];
            if (usage.Dead.Contains(instruction)) continue;
            if (!grouped || !groups.TryGetValue(instruction, out var group)) yield return [instruction];
            else if (group.Place == place) yield return [.. group.Members.OrderBy(block.Instructions.IndexOf)];
        }
    }

    /// <summary>Tells of each operand who wrote it in this block, and of each access to memory how many stores were before it.</summary>
    static void Walk(IEnumerable<Instruction[]> steps, Action<Instruction, int, Instruction?> read, Action<Instruction, int> access)
    {
        var writers = new Dictionary<Variable, Instruction>();
        int stores = 0;
        foreach (var step in steps)
        {
            foreach (var instruction in step)
            {
                for (int i = 0; i < Usage.Operands(instruction); i++)
                    if (Usage.Operand(instruction, i).Variable is { } variable) read(instruction, i, writers.GetValueOrDefault(variable));
                if (instruction.Op == Op.Load || Usage.HasEffect(instruction.Op)) access(instruction, stores);
                if (Usage.HasEffect(instruction.Op)) stores++;
            }
            foreach (var instruction in step)
                if (instruction.Target is { } target) writers[target] = instruction;
        }
    }

    /// <summary>Operations that OpenCL C has for vectors as it has them for floats.</summary>
    static bool IsLanewise(Op op) => op is Op.Move or Op.Add or Op.Subtract or Op.Multiply or Op.Divide or Op.Remainder or Op.Negate or (>= Op.Abs and <= Op.Round);
}
