using System.Globalization;
using System.Text;
using ILGPU.Compat.Ir;
using ValueType = ILGPU.Compat.Ir.ValueType;

namespace ILGPU.Compat.OpenCL;

/// <summary>What of a device changes the text of a kernel.</summary>
/// <param name="Fma32">A fused multiply-add of floats costs no more than a multiplication.</param>
/// <param name="Fma64">The same of doubles.</param>
sealed record Target(bool Fma32, bool Fma64)
{
    public bool Fuses(ValueType type) => type switch { ValueType.Float32 => Fma32, ValueType.Float64 => Fma64, _ => false };

    /// <summary>For the names of files in the cache.</summary>
    public string Key => $"{(Fma32 ? 1 : 0)}{(Fma64 ? 1 : 0)}";
}

/// <summary>
/// From basic blocks to OpenCL C 1.2: a block is a label, its end a goto; variables that live in one block are declared in it,
/// all others at the top.
/// </summary>
sealed class KernelWriter
{
    readonly KernelMethod kernel;
    readonly StringBuilder text = new();

    KernelWriter(KernelMethod kernel, Target target)
    {
        (this.kernel, Target) = (kernel, target);
        Usage = new(kernel);
        Invariants = new(kernel, Usage);
        Indices = new(kernel, Usage);
        Pointers = new(kernel, Usage);
        Signature = new(kernel);
    }

    public Target Target { get; }

    public Usage Usage { get; }

    public Invariants Invariants { get; }

    public IndexArithmetic Indices { get; }

    public PointerTypes Pointers { get; }

    public Signature Signature { get; }

    public Atomics Atomics { get; } = new();

    /// <summary>A kernel's text, with what the launcher needs to know of it.</summary>
    public static Translation Write(KernelMethod kernel, Target target)
    {
        var writer = new KernelWriter(kernel, target);
        return new(kernel.Name, writer.EntryPoint, [.. kernel.Parameters.Where(p => p.Kind != ParameterKind.Specialized).Select(p => (p.Kind == ParameterKind.View, p.Size))], kernel.Shared.Sum(shared => shared.Bytes), writer.Write());
    }

    /// <summary>A variable's type in C.</summary>
    public string TypeOf(Variable variable) => variable.Type.IsPointer() ? PointerTypes.CName(variable.Type, Pointers.Of(variable)) : Names.Of(variable.Type);

    // Long names of generic methods are cut: some tools and drivers don't take any length.
    string EntryPoint => Names.Clean(kernel.Name.Length > 60 ? kernel.Name[..60] : kernel.Name) + "kernel";

    string Write()
    {
        // The body first: it finds out what must stand above it.
        var bodies = WriteBlocks();
        text.Append($"// {kernel.Name.ReplaceLineEndings(" ")}\n\n");
        if (UsesDoubles()) text.Append("#pragma OPENCL EXTENSION cl_khr_fp64 : enable\n");
        if (Atomics.UsesLong) text.Append("#pragma OPENCL EXTENSION cl_khr_int64_base_atomics : enable\n#pragma OPENCL EXTENSION cl_khr_int64_extended_atomics : enable\n");
        WriteAnyTypes(bodies);
        Signature.WriteStructures(text);
        Atomics.WriteFunctions(text);
        text.Append(CultureInfo.InvariantCulture, $"__kernel void {EntryPoint}(\n    {Signature.Parameters()})\n{{\n");
        WriteDeclarations();
        text.Append(bodies).Append("}\n");
        return text.ToString();
    }

    string WriteBlocks()
    {
        var body = new StringBuilder();
        var wanted = Jumps().ToHashSet();
        foreach (var block in kernel.Blocks)
        {
            if (wanted.Contains(block)) body.Append($"L{block.Index}:;\n");
            var writer = new BlockWriter(this, block);
            var lines = writer.Write();
            WriteEnd(block, writer, lines);
            string indent = writer.Declares ? "        " : "    ";
            if (writer.Declares) body.Append("    {\n");
            foreach (string line in lines) body.Append(indent).Append(line).Append('\n');
            if (writer.Declares) body.Append("    }\n");
        }
        return body.ToString();
    }

    /// <summary>The targets that control doesn't just fall into.</summary>
    IEnumerable<BasicBlock> Jumps()
    {
        foreach (var block in kernel.Blocks)
            for (int i = 0; i < block.Targets.Length; i++)
                if (block.End is End.Switch || !IsNext(block, block.Targets[i]) || (block.End == End.Branch && i == 1 && block.Targets[0] == block.Targets[1])) yield return block.Targets[i];
    }

    static bool IsNext(BasicBlock block, BasicBlock target) => target.Index == block.Index + 1;

    void WriteEnd(BasicBlock block, BlockWriter writer, List<string> lines)
    {
        var targets = block.Targets;
        switch (block.End)
        {
            case End.Return:
                if (block != kernel.Blocks[^1]) lines.Add("return;");
                break;
            case End.Jump:
                Go(targets[0]);
                break;
            case End.Barrier:
                lines.Add("barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);");
                Go(targets[0]);
                break;
            case End.Branch:
                var condition = writer.Condition();
                if (IsNext(block, targets[0])) lines.Add($"if ({Operations.Opposite(condition).Text}) goto L{targets[1].Index};");
                else
                {
                    lines.Add($"if ({condition.Text}) goto L{targets[0].Index};");
                    Go(targets[1]);
                }
                break;
            case End.Switch:
                lines.Add($"switch ({writer.Condition().Unsigned.Text})");
                lines.Add("{");
                for (int i = 0; i < targets.Length - 1; i++) lines.Add($"    case {i}: goto L{targets[i].Index};");
                lines.Add($"    default: goto L{targets[^1].Index};");
                lines.Add("}");
                break;
        }

        void Go(BasicBlock target)
        {
            if (!IsNext(block, target)) lines.Add($"goto L{target.Index};");
        }
    }

    void WriteDeclarations()
    {
        for (int i = 0; i < kernel.Parameters.Length; i++)
        {
            if (kernel.Parameters[i].Kind != ParameterKind.View) continue;
            string pointer = PointerTypes.CName(ValueType.Global, Pointers.OfParameter(i)), name = Signature.Name(i);
            text.Append($"    {pointer} const {name} = ({pointer})({name}buffer + {name}start);\n");
        }
        foreach (var (space, list) in new[] { (ValueType.Shared, kernel.Shared), (ValueType.Local, kernel.Local) })
        {
            for (int i = 0; i < list.Length; i++)
            {
                var type = Pointers.OfAllocation(i, space);
                int size = type?.Size() ?? 1;
                text.Append($"    {Names.Space(space)} {(type is { } scalar ? Names.Of(scalar) : "char")} {Signature.Allocation(i, space)}[{(list[i].Bytes + size - 1) / size}] __attribute__((aligned(16)));\n");
            }
        }
        var variables = kernel.Variables.Where(v => Usage.Exists(v) && Usage.Home(v) is null && !Invariants.Contains(v));
        foreach (var group in variables.GroupBy(TypeOf))
            text.Append($"    {group.Key} {string.Join(group.First().Type.IsPointer() ? ", *" : ", ", group.Select(Names.Of))};\n");
    }

    /// <summary>Types for memory that is seen as several: C lets compilers assume that a float is never read as an int.</summary>
    void WriteAnyTypes(string bodies)
    {
        foreach (var type in Enum.GetValues<MemoryType>())
            if (bodies.Contains($" any_{Names.Of(type)}*", StringComparison.Ordinal)) text.Append($"typedef {Names.Of(type)} __attribute__((may_alias)) any_{Names.Of(type)};\n");
        text.Append('\n');
    }

    bool UsesDoubles() => kernel.Variables.Any(v => v.Type == ValueType.Float64) ||
        kernel.Parameters.Any(p => p.Fields.Any(field => field.Type == MemoryType.Float64)) ||
        kernel.Blocks.Any(block => block.Instructions.Any(instruction => instruction.Memory == MemoryType.Float64));
}
