using ILGPU.Compat.Ir;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace ILGPU.Compat.OpenCL;

/// <summary>
/// Floats of a kernel that become OpenCL's vectors. A structure of floats comes apart in the front end, and no compiler that
/// was tried puts it together again: on PoCL a product in registers runs at 20 GFLOP/s a core with scalars, and at 110, the
/// processor's limit, with float16. Compilers for graphics cards take vectors apart, but load and store them at once.
/// </summary>
sealed class Vectors
{
    static readonly int[] Widths = [16, 8, 4];

    readonly Dictionary<Variable, int> widths = [];
    readonly Dictionary<Instruction, int> stores = [];
    readonly Dictionary<Variable, (Variable Vector, int Lane)> lanes = [];

    Vectors(KernelMethod kernel) => Kernel = kernel;

    /// <summary>
    /// The kernel with vectors in the place of their lanes: an instruction on a vector is as one on a float, where an operand that
    /// is none counts for all lanes, and one that loads or stores has the first lane's address.
    /// </summary>
    public KernelMethod Kernel { get; private set; }

    /// <summary>Lanes of a variable: 1 of what is no vector.</summary>
    public int Width(Variable variable) => widths.GetValueOrDefault(variable, 1);

    /// <summary>Lanes that an instruction computes or stores.</summary>
    public int Width(Instruction instruction) => instruction.Target is { } target ? Width(target) : stores.GetValueOrDefault(instruction, 1);

    /// <summary>The vector that a variable is a lane of, where one of the lanes is used alone.</summary>
    public (Variable Vector, int Lane)? LaneOf(Variable variable) => lanes.TryGetValue(variable, out var lane) ? lane : null;

    /// <summary>Finds a kernel's vectors, the widest first.</summary>
    public static Vectors Of(KernelMethod kernel)
    {
        var result = new Vectors(kernel);
        var usage = new Usage(kernel, result);
        var addresses = new AddressKeys(kernel);
        var replaced = new Dictionary<Instruction, Instruction?>();
        var variables = kernel.Variables.ToList();
        foreach (int width in Widths)
        {
            var (bundles, groups) = new VectorFinder(kernel, usage, addresses, width, [.. result.lanes.Keys], [.. replaced.Keys]).Find();
            foreach (var bundle in bundles)
            {
                var vector = new Variable(variables.Count, ValueType.Float32);
                variables.Add(vector);
                result.widths[vector] = width;
                for (int lane = 0; lane < width; lane++) result.lanes[bundle.Lanes[lane]] = (vector, lane);
            }
            foreach (var group in groups)
            {
                foreach (var member in group.Members) replaced[member] = null;
                var made = result.Replace(group);
                replaced[kernel.Blocks[group.Block.Index].Instructions[group.Place]] = made;
                if (made.Target is null) result.stores[made] = width;
            }
        }
        if (replaced.Count > 0) result.Kernel = result.Rewrite(replaced, [.. variables]);
        return result;
    }

    Instruction Replace(Alike group)
    {
        var model = group.Members[0];
        var operands = Enumerable.Range(0, model.Operands).Select(i => group.Numbers.Contains(i) ? Whole(group.Operand(i)) : Usage.Operand(model, i)).ToArray();
        return new(model.Op)
        {
            Target = model.Target is { } target ? lanes[target].Vector : null,
            A = operands.ElementAtOrDefault(0),
            B = operands.ElementAtOrDefault(1),
            C = operands.ElementAtOrDefault(2),
            Operands = model.Operands,
            Unsigned = model.Unsigned,
            Memory = model.Memory,
            Source = model.Source,
        };

        Operand Whole(Operand[] operands) => operands.Distinct().Count() == 1 ? operands[0] : lanes[operands[0].Variable!].Vector;
    }

    KernelMethod Rewrite(Dictionary<Instruction, Instruction?> replaced, Variable[] variables)
    {
        var blocks = Kernel.Blocks.Select(block => new BasicBlock { Index = block.Index, End = block.End, Condition = block.Condition, Source = block.Source }).ToArray();
        foreach (var block in Kernel.Blocks)
        {
            blocks[block.Index].Targets = [.. block.Targets.Select(target => blocks[target.Index])];
            foreach (var instruction in block.Instructions)
                if (!replaced.TryGetValue(instruction, out var vector)) blocks[block.Index].Instructions.Add(instruction);
                else if (vector is not null) blocks[block.Index].Instructions.Add(vector);
        }
        return new() { Name = Kernel.Name, Parameters = Kernel.Parameters, Blocks = blocks, Variables = variables, Shared = Kernel.Shared, Local = Kernel.Local };
    }
}
