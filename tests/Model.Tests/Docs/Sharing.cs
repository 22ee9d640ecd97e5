using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Model.Layers;
using PureLcm.Model.Lora;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Random;
using PureLcm.Model.Schedulers;

namespace PureLcm.Model.Tests.Docs;

/// <summary>The programs of docs/sharing.md, run in a folder that has models/picturebook.</summary>
static class Sharing
{
    public static async Task<Picture[]> ManyCallers(CancellationToken cancellationToken)
    {
        using var pipeline = TextToImage.Load("models/picturebook");
        string[] prompts = ["a red house", "a blue boat on the sea", "a purple castle in a meadow"];
        Picture[] pictures = await Task.WhenAll(prompts.Select((prompt, i) =>
            pipeline.GenerateAsync(prompt, new() { Seed = i }, cancellationToken)));
        return pictures;
    }

    public static List<Picture> LoraWeights()
    {
        const string style = "models/picturebook/loras/cyanotype.safetensors";
        using var pipeline = TextToImage.Load("models/picturebook", new() { Loras = [new(style)] });
        var pictures = new List<Picture>();
        foreach (float weight in (float[])[0, 0.5f, 1])
        {
            LoraWeight[] loras = [.. pipeline.Model.LoraWeights.Select(item => item.Lora.IsLcm ? item : item with { Weight = weight })];
            pictures.Add(pipeline.Generate("a red house", new() { Seed = 7, Loras = loras }));
        }
        return pictures;
    }

    public static List<Picture> Parts()
    {
        using var backend = new CpuBackend();
        using var model = LoadedModel.Load(FolderSource.Open("models/picturebook"), backend);
        var loras = new ActiveLoras(model.LoraWeights);
        var scheduler = Scheduler.Create(SchedulerKind.Lcm, model.SchedulerConfig, steps: 4);

        // The words once; many runs may use what they become.
        Conditioning words;
        using (var run = new Run(backend, loras: loras)) words = Conditioner.Encode(run, model, ["a red house"], guidance: 1);

        var pictures = new List<Picture>();
        for (int seed = 0; seed < 3; seed++)
        {
            // A run holds the device's turn until it is disposed of, and then gives back all that was allocated in it.
            using var run = new Run(backend, loras: loras);
            var generator = new TorchRandom(seed);
            var latent = new Sampler(model.Unet).Sample(run, scheduler, Noise(), words, _ => Noise());
            pictures.Add(Picture.FromModel(backend, PictureDecoder.Decode(run, model.Vae, latent))[0]);

            Tensor Noise()
            {
                var noise = run.Allocate(Shape.Image(1, 16, 16, 4));
                var values = new float[noise.Shape.Count];
                generator.Normal(values);
                backend.UploadTorch(values, noise); // [1,4,h,w] -> [1,h,w,4]
                return noise;
            }
        }
        words.Dispose();
        return pictures;
    }
}
