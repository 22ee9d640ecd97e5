using System.Diagnostics;
using System.Globalization;
using PureLcm.Kernels;
using PureLcm.Model;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;

namespace PureLcm.Tools;

/// <summary>A model, loaded after a look at the memory, and what its pictures are made with.</summary>
sealed class Picturing : IDisposable
{
    readonly string? model;
    readonly LoadOptions options;
    readonly Lazy<(string Model, UsedLora[] Loras)> files; // as pictures name them: where they lie is nobody else's business

    Picturing(string? model, LoadOptions options, TextToImage pipeline)
    {
        (this.model, this.options, Pipeline) = (model, options, pipeline);
        files = new(() => (FileHashes.Model(model ?? Embedded.Model),
            [.. options.Loras.Select(lora => new UsedLora(Path.GetFileName(lora.Path), lora.Weight, FileHashes.Lora(lora.Path)))]));
    }

    public TextToImage Pipeline { get; }

    public static Picturing Load(string? model, LoadOptions options, GenerateOptions plan, Backend backend)
    {
        string folder = model ?? Embedded.Model;
        return new(model, options, TextToImage.Load(folder, options, backend, plan));
    }

    /// <summary>Makes pictures with progress on the terminal, and gives each the text that says how.</summary>
    public IReadOnlyList<Picture> Generate(string prompt, GenerateOptions plan, string what, CancellationToken cancellation)
    {
        var chosen = Pipeline.Resolve(plan);
        if (Pipeline.Tokenizer.Encode(prompt, out string cutOff) is not null && cutOff.Length > 0)
            Console.Error.WriteLine($"The prompt is longer than the model reads ({Pipeline.Tokenizer.MaxLength - 2} tokens); this was left out: {cutOff}");
        if (chosen.NegativePrompt.Length > 0 && chosen.Guidance <= 1)
            Console.Error.WriteLine("The negative prompt has no effect at a guidance of 1 or less; give --guidance 1.5, say, which takes two passes a step");
        var pictures = Progress.Show(what, progress => Pipeline.GenerateAll(prompt, chosen with { Progress = progress }, cancellation));
        return [.. pictures.Select((picture, i) => new Picture(picture.Width, picture.Height, picture.Rgb)
        {
            Texts = new Dictionary<string, string> { [GenerationParameters.Keyword] = Parameters(prompt, chosen, i).ToText() },
        })];
    }

    GenerationParameters Parameters(string prompt, GenerateOptions chosen, int index) => new()
    {
        Prompt = prompt,
        NegativePrompt = chosen.NegativePrompt,
        Steps = chosen.Steps!.Value,
        Sampler = chosen.Scheduler!.Value,
        Guidance = chosen.Guidance!.Value,
        Seed = chosen.Seed,
        Width = chosen.Width,
        Height = chosen.Height,
        Model = model is null ? "picturebook" : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model))),
        ModelFingerprint = files.Value.Model,
        Lcm = options.Lcm,
        Loras = files.Value.Loras,
        Fuse = options.Fuse,
        Count = chosen.Count,
        Index = index,
    };

    public void Dispose() => Pipeline.Dispose();
}
