namespace PureLcm.Kernels;

/// <summary>A function applied to each value.</summary>
public enum Activation
{
    /// <summary>x</summary>
    None,
    /// <summary>x sigmoid(x)</summary>
    Silu,
    /// <summary>x Phi(x) = x/2 (1 + erf(x / sqrt 2)): the exact form.</summary>
    Gelu,
    /// <summary>x sigmoid(1.702 x): CLIP's approximation.</summary>
    QuickGelu,
    /// <summary>max(x, 0)</summary>
    Relu,
    /// <summary>tanh(x)</summary>
    Tanh,
}

/// <summary>
/// What a product does with its result before it is stored, in this order:
/// y = activation(product + low-rank terms + bias + per-image + residual).
/// With a <see cref="WeightKind.Gated"/> weight, y = v gelu(g) where [v, g] = product + low-rank terms + bias, and
/// activation, per-image and residual must be absent.
/// </summary>
public readonly record struct Epilogue
{
    /// <summary>
    /// The adapters that act on the weight in this product; none where null. An array that its maker no longer changes.
    /// </summary>
    public LowRankTerm[]? LowRank { get; init; }

    /// <summary>[cOut], added to every row.</summary>
    public Weight? Bias { get; init; }

    /// <summary>[N,cOut], added to every pixel of its picture: the time embedding of a resnet.</summary>
    public Tensor? PerImage { get; init; }

    /// <summary>Of y's shape, added to the product; may be y itself.</summary>
    public Tensor? Residual { get; init; }

    /// <summary>Applied last.</summary>
    public Activation Activation { get; init; }

    /// <summary>
    /// Receives product + low-rank terms + bias, from the same arithmetic: the output of the module that the weight
    /// belongs to, where the epilogue has fused more. Of y's shape; of twice its channels for a gated weight
    /// (values first). Must not overlap y.
    /// </summary>
    public Tensor? Tap { get; init; }
}

/// <summary>Geometry of a convolution; the kernel's size is the weight's and the output's size is y's.</summary>
/// <param name="Stride">Distance of neighbouring windows.</param>
/// <param name="Top">Rows of zeros above the picture. What is missing below follows from y's height.</param>
/// <param name="Left">Columns of zeros left of the picture. What is missing on the right follows from y's width.</param>
/// <param name="Upsample">
/// The input is first enlarged by nearest neighbours, x[i/2, j/2], to y's height and width (stride 1 then), without being stored.
/// </param>
public readonly record struct Convolution(int Stride = 1, int Top = 0, int Left = 0, bool Upsample = false);

/// <summary>One term of <see cref="Backend.Combine"/>: factor times tensor.</summary>
public readonly record struct Term(float Factor, Tensor Tensor);
