using PureLcm.Kernels;
using PureLcm.Model;
using PureLcm.Model.Clip;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Model.Random;
using PureLcm.Model.Schedulers;
using PureLcm.Model.Unet;
using PureLcm.Model.Vae;
using PureLcm.Verification.Synthetic;

namespace PureLcm.Verification;

/// <summary>
/// Stable Diffusion 1.5 at its real size on weights made from their names: each network by itself, and a run of four steps.
/// One network is in memory at a time.
/// </summary>
static class FullSd15Case
{
    public static IReadOnlyList<Comparison> Run(Case reference, CancellationToken cancellation)
    {
        var comparisons = new List<Comparison>();
        using var run = new Run(reference.Backend, cancellationToken: cancellation);
        using var context = Text(reference, run, comparisons);
        using var latent = Unet(reference, run, context, comparisons);
        Vae(reference, run, latent, comparisons);
        Taesd(reference, run, comparisons);
        return comparisons;
    }

    static Tensor Text(Case reference, Run run, List<Comparison> comparisons)
    {
        using var modules = new ModuleTable();
        var encoder = new TextEncoder(SyntheticSd15.Scope("text_encoder", run.Backend, modules, reference.Precision), TextConfig.Parse(SyntheticSd15.Config("text_encoder")));
        var states = encoder.Forward(run, reference.Ints("ids"), 1);
        states.Penultimate.Dispose();
        comparisons.Add(reference.Compare("text", states.Last));
        return states.Last;
    }

    static Tensor Unet(Case reference, Run run, Tensor context, List<Comparison> comparisons)
    {
        using var modules = new ModuleTable();
        var unet = new UNet(SyntheticSd15.Scope("unet", run.Backend, modules, reference.Precision), UnetConfig.Parse(SyntheticSd15.Config("unet")));
        foreach (string name in (string[])["unet_a", "unet_b"])
        {
            using var x = reference.Upload(name + "_x");
            using var y = unet.Forward(run, x, reference.Floats(name + "_t"), context);
            comparisons.Add(reference.Compare(name + "_out", y));
        }

        // Four LCM steps; the first draw of the generator is the latent, the next ones are the steps' noise.
        var latent = reference.Upload("lcm_noise");
        var generator = new TorchRandom((ulong)reference.Ints("lcm_seed")[0]);
        float[] values = new float[latent.Shape.Count];
        generator.Normal(values);
        comparisons.Add(Comparison.OfValues("lcm_noise", values, reference.Floats("lcm_noise"), 1e-6));
        var scheduler = Scheduler.Create(SchedulerKind.Lcm, SyntheticSd15.Config("scheduler"), steps: 4);
        for (int i = 0; i < scheduler.Timesteps.Count; i++)
        {
            using var epsilon = unet.Forward(run, latent, [scheduler.Timesteps[i]], context);
            using var noise = scheduler.Draws[i] ? run.Allocate(latent.Shape) : null;
            if (noise is not null)
            {
                generator.Normal(values);
                run.Backend.UploadTorch(values, noise);
            }
            scheduler.Step(run.Backend, i, latent, epsilon, noise, latent);
        }
        comparisons.Add(reference.Compare("lcm_latents", latent));
        return latent;
    }

    static void Vae(Case reference, Run run, Tensor latent, List<Comparison> comparisons)
    {
        using var modules = new ModuleTable();
        var vae = new AutoencoderKL(SyntheticSd15.Scope("vae", run.Backend, modules, reference.Precision), VaeConfig.Parse(SyntheticSd15.Config("vae")));
        using (var unscaled = run.Allocate(latent.Shape))
        {
            run.Backend.Combine(unscaled, new Term(1 / vae.ScalingFactor, latent));
            var decoded = vae.Decode(run, unscaled);
            byte[] theirs = reference.Bytes("image"); // [1,3,H,W]
            var ours = Picture.FromModel(run.Backend, decoded)[0];
            int pixels = ours.Width * ours.Height;
            var planes = new byte[theirs.Length];
            for (int i = 0; i < pixels; i++)
                for (int c = 0; c < 3; c++) planes[c * pixels + i] = ours.Rgb[3 * i + c];
            comparisons.Add(Comparison.OfPictures("image", planes, theirs));
        }
        using (var z = reference.Upload("vae_z"))
        using (var decoded = vae.Decode(run, z))
            comparisons.Add(CompareRounded(reference, "vae_decoded", decoded));
        using var picture = reference.Upload("vae_image");
        var (mean, logVariance) = vae.Encode(run, picture);
                comparisons.Add(reference.Compare("vae_mean", mean));
    }

    static void Taesd(Case reference, Run run, List<Comparison> comparisons)
    {
        using var modules = new ModuleTable();
        var vae = new AutoencoderTiny(SyntheticSd15.Scope("taesd", run.Backend, modules, reference.Precision), TinyConfig.Parse(SyntheticSd15.Config("taesd")));
        using var z = reference.Upload("vae_z");
        var decoded = vae.Decode(run, z);
        comparisons.Add(CompareRounded(reference, "taesd_decoded", decoded));
    }

    /// <summary>The reference is stored in fp16: ours is rounded likewise, so that its rounding isn't counted as our error.</summary>
    static Comparison CompareRounded(Case reference, string name, Tensor ours)
    {
        float[] rounded = [.. reference.Backend.DownloadTorch(ours).Select(value => (float)(Half)value)];
        return Comparison.OfValues(name, rounded, reference.Floats(name));
    }
}
