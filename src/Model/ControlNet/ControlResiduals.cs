using PureLcm.Kernels;
using PureLcm.Model.Layers;

namespace PureLcm.Model.ControlNet;

/// <summary>What a ControlNet adds to a UNet in one step.</summary>
/// <param name="Down">
/// One for each skip, in the order in which the way down makes them: [N,H,W,C] as the skip; [N,C] where it is the same at each pixel.
/// </param>
/// <param name="Middle">For the middle's output.</param>
public sealed record ControlResiduals(Tensor[] Down, Tensor Middle)
{
    /// <summary>How strongly they act.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>
    /// x += scale * residual. Of fewer pictures than x has, the residual is for the last of them: the prompt's pass comes after
    /// the negative prompt's.
    /// </summary>
    internal void AddTo(Run run, Tensor x, Tensor residual)
    {
        residual = run.Converted(residual);
        if (residual.Shape == x.Shape)
        {
            run.Backend.Combine(x, new(1, x), new(Scale, residual));
            return;
        }
        int first = x.Shape.N - residual.Shape.N;
        for (int n = 0; n < residual.Shape.N; n++)
        {
            Tensor own = x.Batch(first + n), added = residual.Batch(n);
            run.Backend.Combine(own, new(1, own), new(Scale, added.Shape.Rows == own.Shape.Rows ? added : added.Spread(own.Shape)));
        }
    }
}
