namespace PureLcm.Kernels.Cpu;

public sealed unsafe partial class CpuBackend
{
    /// <summary>
    /// Runs each operation once on a few values: the runtime compiles a method when it is first called, which takes a tenth of a
    /// second for all of them, and may as well happen while a model's files are read. What is computed here shares nothing with
    /// anybody but the pool of memory, which is guarded.
    /// </summary>
    public override void Prepare()
    {
        const int c = 2;
        Tensor x = Allocate(Shape.Image(1, 2, 2, c)), y = Allocate(x.Shape), rows = Allocate(Shape.Vectors(1, c)), large = Allocate(Shape.Image(1, 4, 4, c));
        Weight vector = Zeros(WeightKind.Vector, c), matrix = Zeros(WeightKind.Matrix, c, c), gated = Zeros(WeightKind.Gated, 2 * c, c);
        Weight window = Zeros(WeightKind.Convolution, c, c, 3, 3), table = Zeros(WeightKind.Table, c, c);
        foreach (var tensor in (Tensor[])[x, rows, large]) Fill(tensor, 0);
        var tokens = x.As(x.Shape.AsTokens());
        Linear(x, matrix, y, new() { LowRank = [new(new(matrix, matrix), 1)], Bias = vector, Residual = x, Activation = Activation.Silu });
        Linear(x, gated, y, default);
        Conv2d(x, window, y, new(1, 1, 1), new() { Bias = vector, PerImage = rows });
        GroupNorm(x, vector, vector, y, 1, 1e-5f, Activation.Silu);
        LayerNorm(x, vector, vector, y, 1e-5f);
        Attention(tokens, tokens, tokens, y.As(tokens.Shape), 1);
        Activate(x, y, Activation.QuickGelu);
        Combine(y, new(2, x), new(-1, x), new(1, x));
        Copy(x, y);
        Upsample(x, large);
        Embed(table, [0], rows);
        TimestepEmbedding([1], rows, cosFirst: true, 0);
        AllFinite(x);
        foreach (var tensor in (Tensor[])[x, y, rows, large]) tensor.Dispose();
        foreach (var weight in (Weight[])[vector, matrix, gated, window, table]) weight.Dispose();

        // In fp16, as most files are: another way of reading a panel.
        Weight Zeros(WeightKind kind, params int[] sides) =>
            Pack(kind, new WeightSource("zeros", "", ElementType.Float16, sides, (_, bytes) => bytes.Clear()));
    }
}
