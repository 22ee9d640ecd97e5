namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <inheritdoc/>
    public override bool AllFinite(Tensor x)
    {
        for (nint row = 0; row < x.Shape.Rows; row++)
            if (!AllFinite(Pointer(x) + row * x.Pitch, x.Shape.C)) return false;
        return true;
    }

    /// <summary>x - x is 0 for a finite x, and not a number for all others; so is any sum that one of them is in.</summary>
    static bool AllFinite(float* x, int count)
    {
        int i = 0;
        var sum = V256.Zero;
        for (; i <= count - V256.Count; i += V256.Count) sum += V256.Load(x + i) - V256.Load(x + i);
        float rest = V256.Sum(sum);
        for (; i < count; i++) rest += x[i] - x[i];
        return rest == 0;
    }
}
