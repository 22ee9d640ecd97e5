using PureLcm.Kernels;
using PureLcm.Model.Layers;
using PureLcm.Model.Vae;

namespace PureLcm.Model.Pipelines;

/// <summary>From a clean latent to a picture.</summary>
public static class PictureDecoder
{
    /// <summary>[N,h,w,4] as samplers make it -> [N,H,W,3] in about [-1,1], a new tensor.</summary>
    public static Tensor Decode(Run run, IAutoencoder vae, Tensor latent)
    {
        using var frame = run.Enter("decoder");
        var unscaled = run.Allocate(latent.Shape);
        run.Backend.Combine(unscaled, new Term(1 / vae.ScalingFactor, latent));
        return frame.Keep(vae.Decode(run, unscaled)); // [N,h,w,4] -> [N,H,W,3]
    }
}
