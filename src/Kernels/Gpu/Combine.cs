using ILGPU;
using ILGPU.Runtime;

namespace PureLcm.Kernels.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    protected override void CombineCore(Tensor y, ReadOnlySpan<Term> terms)
    {
        var type = terms[0].Tensor.Type;
        foreach (var term in terms)
            if (term.Tensor.Type != type) type = ElementType.Float32;
        var sum = new Sum(y, terms.Length, terms[0], terms[1 % terms.Length], terms[2 % terms.Length], terms[3 % terms.Length]);
        // The kernel has terms of one type: where they differ, the narrow ones are widened first, which rounds nothing.
        List<Tensor>? wide = null;
        if (type == ElementType.Float32)
            sum = sum with { A = Widened(sum.A, ref wide), B = Widened(sum.B, ref wide), C = Widened(sum.C, ref wide), D = Widened(sum.D, ref wide) };
        Run(typeof(CombineKernel<,>), sum, Stored(type), Stored(y));
        if (wide is not null)
            foreach (var tensor in wide) tensor.Dispose();
    }

    Term Widened(Term term, ref List<Tensor>? wide)
    {
        if (term.Tensor.Type == ElementType.Float32) return term;
        var copy = Allocate(term.Tensor.Shape);
        (wide ??= []).Add(copy);
        Copy(term.Tensor, copy);
        return term with { Tensor = copy };
    }
}

/// <summary>A combination's output and terms; those beyond the count repeat others.</summary>
readonly record struct Sum(Tensor Y, int Count, Term A, Term B, Term C, Term D)
{
    public bool IsDense => Y.IsDense && A.Tensor.IsDense && B.Tensor.IsDense && C.Tensor.IsDense && D.Tensor.IsDense;
}

/// <summary>y = a x_a + b x_b + …, in this order, in fp32. A work-item a value, so y may be one of the terms.</summary>
sealed class CombineKernel<TX, TY>(GpuBackend gpu) : GpuKernel<Sum> where TX : unmanaged, IStored<TX> where TY : unmanaged, IStored<TY>
{
    /// <summary>How many terms there are, their factors and pitches.</summary>
    internal struct Terms
    {
        public int Count, Pitch, PitchA, PitchB, PitchC, PitchD;
        public float A, B, C, D;
    }

    readonly Action<KernelConfig, ArrayView<TY>, ArrayView<TX>, ArrayView<TX>, ArrayView<TX>, ArrayView<TX>, Rows, Terms> kernel =
        gpu.LoadStreamKernel<ArrayView<TY>, ArrayView<TX>, ArrayView<TX>, ArrayView<TX>, ArrayView<TX>, Rows, Terms>(Kernel);

    public override void Launch(in Sum sum)
    {
        var (rows, config) = Rows.Flat(gpu, sum.Y.Shape, sum.IsDense);
        Tensor a = sum.A.Tensor, b = sum.B.Tensor, c = sum.C.Tensor, d = sum.D.Tensor;
        kernel(config, gpu.View<TY>(sum.Y), gpu.View<TX>(a), gpu.View<TX>(b), gpu.View<TX>(c), gpu.View<TX>(d), rows, new Terms
        {
            Count = sum.Count, Pitch = sum.Y.Pitch, PitchA = a.Pitch, PitchB = b.Pitch, PitchC = c.Pitch, PitchD = d.Pitch,
            A = sum.A.Factor, B = sum.B.Factor, C = sum.C.Factor, D = sum.D.Factor,
        });
    }

    static void Kernel(ArrayView<TY> y, ArrayView<TX> a, ArrayView<TX> b, ArrayView<TX> c, ArrayView<TX> d, Rows rows, Terms terms)
    {
        int row = Rows.Row(rows), channel = Rows.Channel(rows);
        if (channel >= rows.Channels) return;
        float sum = terms.A * TX.Load(a[row * terms.PitchA + channel]);
        if (terms.Count > 1) sum += terms.B * TX.Load(b[row * terms.PitchB + channel]);
        if (terms.Count > 2) sum += terms.C * TX.Load(c[row * terms.PitchC + channel]);
        if (terms.Count > 3) sum += terms.D * TX.Load(d[row * terms.PitchD + channel]);
        y[row * terms.Pitch + channel] = TY.Store(sum);
    }
}
