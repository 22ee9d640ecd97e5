namespace PureLcm.Kernels.Reference;

public sealed unsafe partial class ReferenceBackend
{
    /// <summary>y = f(x), value by value; f is one of <see cref="Activation"/>.</summary>
    protected override void ActivateCore(Tensor x, Tensor y, Activation activation)
    {
        for (nint row = 0; row < x.Shape.Rows; row++)
            for (int c = 0; c < x.Shape.C; c++) Put(y, row, c, Apply(activation, Row(x, row)[c]));
    }

    /// <summary>The formulas of <see cref="Activation"/>; sigmoid(x) = 1 / (1 + exp(-x)).</summary>
    static double Apply(Activation activation, double x) => activation switch
    {
        Activation.None => x,
        Activation.Silu => x / (1 + Math.Exp(-x)),
        // Phi(x) = erfc(-x / sqrt 2) / 2: the form that keeps its digits where Phi is near 0.
        Activation.Gelu => x / 2 * Erf.Complement(-x / Math.Sqrt(2)),
        Activation.QuickGelu => x / (1 + Math.Exp(-1.702 * x)),
        Activation.Relu => Math.Max(x, 0),
        Activation.Tanh => Math.Tanh(x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), $"no activation has the number {(int)activation}"),
    };
}
