using System.Reflection;
using PureLcm.Kernels.Check;
using PureLcm.Kernels.Check.Execution;
using PureLcm.Kernels.Check.FrontEnd;
using PureLcm.Kernels.Check.Ir;
using PureLcm.Kernels.Gpu;

namespace PureLcm.Kernels.Tests.Gpu;

/// <summary>
/// Each barrier of each kernel that has some is taken out in turn, and the checker must miss it: so no kernel waits in vain,
/// and none is right by luck. Known are those that order no memory here: one in the product is for the compilers of processors;
/// with their tile, a work-item ends the very sums that it made, unless there are gates; and after their last sum of a group, layer
/// norm and attention's probabilities need the shared memory no more.
/// </summary>
public class BarrierTests
{
    /// <summary>The kernel, its specialised values, an operation that runs it, and how many of its barriers order no memory.</summary>
    static readonly Dictionary<string, (Type Kernel, long[] Values, Action<GpuBackend> Run, int Harmless)> kernels = new()
    {
        ["product"] = (typeof(ProductKernel<Float32, Float32, Float32, Tile4x4>), [0, 0], Product, 1),
        ["product for processors"] = (typeof(ProductKernel<Float32, Float32, Float32, Tile16x1>), [0, 0], Product, 2),
        ["product with low-rank terms"] = (typeof(ProductKernel<Float32, Float32, Float32, Tile4x4>), [0, 1], LowRankProduct, 1),
        ["product with low-rank terms for processors"] = (typeof(ProductKernel<Float32, Float32, Float32, Tile16x1>), [0, 1], LowRankProduct, 2),
        ["attention"] = (typeof(AttentionKernel<Float32, Tile4x4>), [], Attention, 0),
        ["attention's probabilities"] = (typeof(ProbabilitiesKernel<Float32>), [], Probabilities, 1),
        ["layer norm"] = (typeof(LayerNormKernel<Float32>), [], LayerNorm, 1),
        ["group norm"] = (typeof(GroupFactorsKernel), [], GroupNorm, 0),
    };

    public static TheoryData<string> All => [.. kernels.Keys];

    [Theory]
    [MemberData(nameof(All))]
    public void EachBarrierIsMissed(string name)
    {
        var (kernel, values, run, harmless) = kernels[name];
        var source = new KernelSource(kernel.GetMethod("Kernel", BindingFlags.NonPublic | BindingFlags.Static)!, values);
        int barriers = source.Translate().Blocks.Count(block => block.End == End.Barrier);
        Assert.True(barriers > harmless);

        var whole = LockstepProgram.For(source);
        var missed = new List<int>();
        try
        {
            for (int without = 0; without < barriers; without++)
            {
                var method = source.Translate();
                method.Blocks.Where(block => block.End == End.Barrier).ElementAt(without).End = End.Jump;
                LockstepProgram.Replace(source, new(method));
                using var gpu = Accelerators.Backend(kernel.GetGenericArguments().Contains(typeof(Tile16x1)) ? Accelerators.Check : Accelerators.CheckAsCard);
                try
                {
                    run(gpu);
                }
                catch (KernelFaultException e)
                {
                    Assert.Contains("race", e.Message);
                    missed.Add(without);
                }
            }
        }
        finally
        {
            LockstepProgram.Replace(source, whole);
        }
        Assert.True(missed.Count == barriers - harmless, $"{name}: of {barriers} barriers, {string.Join(',', missed)} were missed");
    }

    static void Product(GpuBackend gpu)
    {
        var draw = new Draw(1);
        using Tensor x = Values(gpu, draw, 70, 40), y = gpu.Allocate(Shape.Tokens(1, 70, 80));
        using var weight = gpu.Pack(WeightKind.Matrix, draw.Source(ElementType.Float32, 80, 40));
        gpu.Linear(x, weight, y);
    }

    static void LowRankProduct(GpuBackend gpu)
    {
        var draw = new Draw(1);
        using Tensor x = Values(gpu, draw, 70, 40), y = gpu.Allocate(Shape.Tokens(1, 70, 80));
        using Weight weight = gpu.Pack(WeightKind.Matrix, draw.Source(ElementType.Float32, 80, 40)),
            down = gpu.Pack(WeightKind.Matrix, draw.Source(ElementType.Float32, 40, 40)), up = gpu.Pack(WeightKind.Matrix, draw.Source(ElementType.Float32, 80, 40));
        gpu.Linear(x, weight, y, new() { LowRank = [new(new(down, up), 1)] });
    }

    static void Probabilities(GpuBackend gpu)
    {
        var draw = new Draw(1);
        using Tensor x = Values(gpu, draw, 70, 40), p = gpu.Allocate(Shape.Tokens(1, 70, 70));
        gpu.AttentionProbabilities(x, x, p, 1);
    }

    static void Attention(GpuBackend gpu)
    {
        var draw = new Draw(1);
        using Tensor x = Values(gpu, draw, 150, 40), y = gpu.Allocate(x.Shape);
        gpu.Attention(x, x, x, y, 1);
    }

    static void LayerNorm(GpuBackend gpu)
    {
        var draw = new Draw(1);
        using var x = Values(gpu, draw, 3, 100);
        var scale = gpu.Pack(WeightKind.Vector, draw.Source(ElementType.Float32, 100));
        gpu.LayerNorm(x, scale, scale, x, 1e-5f);
    }

    static void GroupNorm(GpuBackend gpu)
    {
        var draw = new Draw(1);
        using var x = Values(gpu, draw, 300, 48);
        var scale = gpu.Pack(WeightKind.Vector, draw.Source(ElementType.Float32, 48));
        gpu.GroupNorm(x, scale, scale, x, 2, 1e-5f);
    }

    static Tensor Values(GpuBackend gpu, Draw draw, int tokens, int channels)
    {
        var x = gpu.Allocate(Shape.Tokens(1, tokens, channels));
        gpu.Upload(draw.Values(x.Shape.Count), x);
        return x;
    }
}
