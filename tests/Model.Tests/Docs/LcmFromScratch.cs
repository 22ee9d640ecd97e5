using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.Clip;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Random;

namespace PureLcm.Model.Tests.Docs;

/// <summary>A latent consistency sampler from scratch, on the library's networks alone.</summary>
static class LcmFromScratch
{
    public static Picture Generate(string folder, string prompt, int steps, long seed)
    {
        // ---- The networks: Stable Diffusion, with the LCM-LoRA beside its weights. --------------------------------
        using var backend = new CpuBackend();
        using var model = LoadedModel.Load(FolderSource.Open(folder), backend);
        using var run = new Run(backend, loras: new(model.LoraWeights));

        // ---- Words. Byte-pair encoding makes numbers of them, the text encoder makes states of the numbers. -------
        int[] ids = Tokenizer.Load(Path.Combine(folder, "tokenizer")).Encode(prompt);
        var words = model.TextEncoder.Forward(run, ids, texts: 1); // [T] -> [1,T,C]

        // ---- The noise schedule of the training: alpha-bar falls from almost 1 (a clean latent) to almost 0 (noise).
        // A noisy latent is x_t = sqrt(ab_t) x_0 + sqrt(1 - ab_t) e, with e of unit variance.
        const int trained = 1000;
        var alphaBar = new double[trained];
        double product = 1;
        for (int t = 0; t < trained; t++)
        {
            // beta goes from 0.00085 to 0.012, evenly in its square root ("scaled linear").
            double root = Math.Sqrt(0.00085) + (Math.Sqrt(0.012) - Math.Sqrt(0.00085)) * t / (trained - 1);
            product *= 1 - root * root;
            alphaBar[t] = product;
        }

        // ---- The timesteps. The distillation only ever saw 50 of the 1000: 19, 39, …, 999. Take `steps` of these,
        // evenly, from the noisiest down: for four steps 999, 759, 499, 259.
        const int known = 50, stride = trained / known;
        int[] timesteps = [.. Enumerable.Range(0, steps).Select(i => (known - known * i / steps) * stride - 1)];

        // ---- Noise. One latent pixel stands for 8x8 pixels of the picture; there are four channels. ----------------
        const int size = 16;
        var generator = new TorchRandom(seed);
        var shape = Shape.Image(1, size, size, 4);
        float[] x = new float[shape.Count], denoised = x;
        generator.Normal(x); // in torch's order, [1,4,h,w], so that a seed means the same picture as elsewhere
        var draws = new float[steps - 1][];
        for (int i = 0; i < draws.Length; i++) generator.Normal(draws[i] = new float[shape.Count]);

        using var latent = backend.Allocate(shape);
        for (int i = 0; i < steps; i++)
        {
            int t = timesteps[i];

            // The UNet says which noise it sees in x at time t, knowing the words.
            backend.UploadTorch(x, latent);
            var predicted = model.Unet.Forward(run, latent, [t], words.Last);
            float[] e = backend.DownloadTorch(predicted);

            // Boundary conditions: f(x, t) = c_skip x + c_out x_0 must be x itself at t = 0. At the timesteps in use
            // c_skip is almost 0 and c_out almost 1.
            double s = 10.0 * t, sigma = 0.5;
            double skip = sigma * sigma / (s * s + sigma * sigma), scale = s / Math.Sqrt(s * s + sigma * sigma);

            // The consistency function: straight to the end of the path, x_0 = (x - sqrt(1 - ab) e) / sqrt(ab).
            double a = Math.Sqrt(alphaBar[t]), b = Math.Sqrt(1 - alphaBar[t]);
            denoised = new float[x.Length];
            for (int j = 0; j < x.Length; j++) denoised[j] = (float)(scale * (x[j] - b * e[j]) / a + skip * x[j]);

            // That estimate is blurred where the model could not yet know better. Back to less noise than before, with
            // new noise, and once more from there. After the last step the estimate is the result.
            if (i == steps - 1) break;
            double next = alphaBar[timesteps[i + 1]];
            for (int j = 0; j < x.Length; j++) x[j] = (float)(Math.Sqrt(next) * denoised[j] + Math.Sqrt(1 - next) * draws[i][j]);
        }

        // ---- From the latent to a picture: the VAE's decoder, eight times the width and height. ---------------------
        for (int j = 0; j < denoised.Length; j++) denoised[j] /= model.Vae.ScalingFactor;
        backend.UploadTorch(denoised, latent);
        var decoded = model.Vae.Decode(run, latent); // [1,16,16,4] -> [1,128,128,3]
        return Picture.FromModel(backend, decoded)[0];
    }
}
