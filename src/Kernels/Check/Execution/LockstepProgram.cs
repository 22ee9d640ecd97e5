using System.Collections.Concurrent;
using PureLcm.Kernels.Check.FrontEnd;
using PureLcm.Kernels.Check.Ir;

namespace PureLcm.Kernels.Check.Execution;

/// <summary>Runs a block for the work-items whose frames are listed, and puts each on the list of the block where it goes on.</summary>
unsafe delegate void BlockCode(LockstepGroup group, nint* frames, int count);

/// <summary>A kernel in the form that is run: code for each block, made when the block is first reached.</summary>
sealed class LockstepProgram
{
    static readonly ConcurrentDictionary<KernelSource, Lazy<LockstepProgram>> programs = new();

    readonly BlockCode?[] code;
    readonly Lock guard = new();

    public LockstepProgram(KernelMethod method)
    {
        Method = method;
        Layout = new(method);
        Origins = new(method);
        code = new BlockCode?[method.Blocks.Length];
        ParkingLists = new int[method.Blocks.Length];
        ListCount = method.Blocks.Length;
        foreach (var block in method.Blocks)
            if (block.End == End.Barrier) ParkingLists[block.Index] = ListCount++;
    }

    public KernelMethod Method { get; }

    public FrameLayout Layout { get; }

    public Origins Origins { get; }

    /// <summary>Lists of work-items: one a block, of those who are to run it, then one a barrier, of those who wait there.</summary>
    public int ListCount { get; }

    /// <summary>The list of who waits at a block's end, for blocks that end with a barrier.</summary>
    public int[] ParkingLists { get; }

    /// <summary>The program for a kernel. Made once in a process.</summary>
    public static LockstepProgram For(KernelSource source) => programs.GetOrAdd(source, static source => new(() => new(source.Translate()))).Value;

    /// <summary>Puts another program in a kernel's place: for tests, which take its barriers out.</summary>
    public static void Replace(KernelSource source, LockstepProgram program) => programs[source] = new(program);

    public BlockCode Code(int block)
    {
        if (Volatile.Read(ref code[block]) is { } done) return done;
        lock (guard) return code[block] ??= BlockCompiler.Compile(this, Method.Blocks[block]);
    }

    /// <summary>An instruction as a number in generated code.</summary>
    public static int NumberOf(BasicBlock block, int instruction) => block.Index << 16 | instruction;

    public Instruction Instruction(int number) => Method.Blocks[number >> 16].Instructions[number & 0xffff];
}
