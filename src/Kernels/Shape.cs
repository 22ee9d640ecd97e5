namespace PureLcm.Kernels;

/// <summary>
/// The shape of a tensor: a picture-like one is N,H,W,C (channels last), a token sequence N,T,C, a set of vectors N,C.
/// All three are rows of C channels, which is what most operations see; a picture of H by W pixels and a sequence of
/// T = H W tokens are the same rows, so going from one to the other is free.
/// </summary>
public readonly record struct Shape
{
    Shape(int rank, int n, int h, int w, int c)
    {
        if (n < 0 || h < 0 || w < 0 || c < 0)
            throw new ArgumentOutOfRangeException(nameof(n), $"a shape has no negative sides: {n}, {h}, {w}, {c}");
        (Rank, N, H, W, C) = (rank, n, h, w, c);
    }

    /// <summary>Pictures, [N,H,W,C].</summary>
    public static Shape Image(int n, int h, int w, int c) => new(4, n, h, w, c);

    /// <summary>Token sequences, [N,T,C].</summary>
    public static Shape Tokens(int n, int t, int c) => new(3, n, 1, t, c);

    /// <summary>One vector a picture, [N,C].</summary>
    public static Shape Vectors(int n, int c) => new(2, n, 1, 1, c);

    /// <summary>4 for pictures, 3 for sequences, 2 for vectors: how many sides the shape has in torch's order.</summary>
    public int Rank { get; }

    /// <summary>How many pictures or sequences.</summary>
    public int N { get; }

    /// <summary>Height; 1 unless a picture.</summary>
    public int H { get; }

    /// <summary>Width, or the number of tokens of a sequence.</summary>
    public int W { get; }

    /// <summary>Channels.</summary>
    public int C { get; }

    /// <summary>Pixels of one picture, tokens of one sequence.</summary>
    public int T => checked(H * W);

    /// <summary>Pixels or tokens altogether, N H W: the rows of the matrix that the tensor is to a linear layer.</summary>
    public nint Rows => (nint)N * H * W;

    /// <summary>Values altogether.</summary>
    public nint Count => Rows * C;

    /// <summary>The same rows with another number of channels.</summary>
    public Shape WithChannels(int c) => new(Rank, N, H, W, c);

    /// <summary>The same pictures in another number.</summary>
    public Shape WithBatch(int n) => new(Rank, n, H, W, C);

    /// <summary>The rows of pictures as sequences: [N,H,W,C] -> [N,HW,C].</summary>
    public Shape AsTokens() => Tokens(N, T, C);

    /// <summary>The sides in torch's order: [N,C,H,W], [N,T,C] or [N,C].</summary>
    public int[] TorchSides() => Rank switch { 4 => [N, C, H, W], 3 => [N, W, C], _ => [N, C] };

    /// <inheritdoc/>
    public override string ToString() => Rank switch { 4 => $"[{N},{H},{W},{C}]", 3 => $"[{N},{W},{C}]", _ => $"[{N},{C}]" };
}
