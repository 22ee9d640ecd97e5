using PureLcm.Kernels;
using PureLcm.Model.ControlNet;
using PureLcm.Model.Inspect;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Model.Schedulers;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// Text to picture with every choice made: words to conditioning, noise (and a picture to begin with) to a latent, a latent to a
/// picture. Rombach et al. 2021, arXiv:2112.10752, figure 3. Pictures are asked for in their order.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="prompt">What the pictures show.</param>
/// <param name="chosen">Resolved options.</param>
sealed class Recipe(LoadedModel model, string prompt, GenerateOptions chosen) : IDisposable
{
    readonly string prompt = prompt ?? throw new ArgumentNullException(nameof(prompt));
    readonly Scheduler scheduler = chosen.CreateScheduler(model);
    Conditioning? conditioning;
    SourcePicture? source;
    ActiveControls? controls;
    Noise? noise;

    /// <summary>Makes picture i.</summary>
    /// <exception cref="ModelException">The model gives values that are not finite.</exception>
    public Picture Make(Run run, int i)
    {
        model.RequireAlive();
        if (conditioning is null) Report(GenerationStage.Text, i, 0, 1);
        var decoded = Compute(run, i, out bool finite);
        if (!finite)
        {
            Forget(); // so that what is computed once for all steps is watched too
            throw NotFinite.Find(run, () => Compute(run, i, out _));
        }
        var picture = Picture.FromModel(run.Backend, decoded)[0];
        Report(GenerationStage.Decode, i, 1, 1);
        return picture;
    }

    /// <summary>
    /// From noise to a decoded picture, [1,H,W,3], which stays on the device; whether the numbers in between were finite is
    /// looked at once, at the end, so that the device never waits for the host.
    /// </summary>
    Tensor Compute(Run run, int i, out bool finite)
    {
        using var frame = run.Enter("picture");
        MakeRoom(run.Backend);
        conditioning ??= Conditioner.Encode(run, model, chosen.Texts(model, prompt), chosen.Guidance!.Value);
        if (chosen.Image is not null && source is null)
        {
            Report(GenerationStage.Encode, i, 0, 1);
            source = SourcePicture.Encode(run, model, chosen);
            MakeRoom(run.Backend);
        }
        controls ??= chosen.EmbedControls(run, model, conditioning.Passes);
        noise ??= new Noise(chosen.Seed, chosen.Count, chosen.LatentShape(model), scheduler.Draws, first: i,
            picture: source is { Draws: true, Picture: not null }, masked: source is { Draws: true, Mask: not null });
        var all = noise.Upload(run, i); // [1 + steps that draw,h,w,4]
        var begin = SourceLatent.Allocate(run, model, chosen);
        begin?.Fill(run.Backend, source!, noise, model.Vae.Reduction);

        int steps = scheduler.Timesteps.Count;
        Report(GenerationStage.Denoise, i, 0, steps);
        var latent = new Sampler(model.Unet, controls).Sample(run, scheduler, all.Batch(0), conditioning, step => noise.OfStep(all, step), (step, x) =>
        {
            chosen.OnStep?.Invoke(new(i, step, scheduler.Timesteps[step], x.Shape.TorchSides(), run.Backend.DownloadTorch(x)));
            if (chosen.Progress is not null) run.Backend.Synchronize(); // what is reported is done, not queued
            Report(GenerationStage.Denoise, i, step + 1, steps);
        }, step => chosen.Previews?.IsDue(step, steps) == true ? estimate => Preview(run, i, step, estimate) : null, begin);

        Report(GenerationStage.Decode, i, 0, 1);
        MakeRoom(run.Backend);
        var decoded = PictureDecoder.Decode(run, model.Vae, latent);
        finite = run.Backend.AllFinite(latent) && run.Backend.AllFinite(decoded);
        return frame.Keep(decoded);
    }

    /// <summary>Decodes an estimate in the middle of the sampling. One that is not finite is the run's to tell, at its end.</summary>
    void Preview(Run run, int i, int step, Tensor estimate)
    {
        using var frame = run.Enter("preview");
        MakeRoom(run.Backend);
        var decoded = PictureDecoder.Decode(run, model.Vae, estimate);
        if (run.Backend.AllFinite(decoded)) chosen.Previews!.Show(new(i, step, Picture.FromModel(run.Backend, decoded)[0]));
        MakeRoom(run.Backend);
    }

    /// <summary>
    /// The UNet has little use for tensors of the VAE's sizes, and the VAE for the UNet's. A device of its own keeps both until they
    /// are a quarter of its memory; of the host's, no more is kept than nobody misses.
    /// </summary>
    internal static void MakeRoom(Backend backend)
    {
        const long little = 64 << 20;
        if (backend.PooledBytes > (backend.MemoryBytes / 4 ?? little)) backend.Trim();
    }

    void Report(GenerationStage stage, int picture, int step, int steps) => chosen.Progress?.Report(new(stage, picture, chosen.Count, step, steps));

    /// <summary>Frees the conditioning, and the ControlNets' pictures.</summary>
    public void Dispose() => Forget();

    void Forget()
    {
        conditioning?.Dispose();
        controls?.Dispose();
        (conditioning, controls) = (null, null);
    }
}
