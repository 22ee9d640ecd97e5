using PureLcm.Kernels;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;

namespace PureLcm.Tools;

/// <summary>A model, loaded after a look at the memory, that makes pictures with the text in them that says how.</summary>
sealed class PictureMaker : IDisposable
{
    static readonly HashSet<string> said = [];

    readonly string? model;
    readonly LoadOptions options;
    readonly ControlRequests controls;
    readonly Lazy<(string Model, UsedLora[] Loras, UsedControl[] Controls)> files; // as pictures name them: where they lie is nobody else's business

    PictureMaker(string? model, LoadOptions options, ControlRequests controls, TextToImage pipeline)
    {
        (this.model, this.options, this.controls, Pipeline) = (model, options, controls, pipeline);
        files = new(() => (FileHashes.Model(model ?? Embedded.Model),
            [.. options.Loras.Select(lora => new UsedLora(Path.GetFileName(lora.Path), lora.Weight, FileHashes.Lora(lora.Path)))],
            controls.Used()));
    }

    public TextToImage Pipeline { get; }

    public static PictureMaker Load(string? model, LoadOptions options, GenerateOptions plan, Backend backend, CancellationToken stop, ControlRequests? controls = null)
    {
        string folder = model ?? Embedded.Model;
        controls ??= ControlRequests.None;
        var pipeline = TextToImage.Load(folder, options with { Controls = controls.Networks }, backend, plan with { Controls = controls.Choices() }, stop);
        foreach (string notice in pipeline.Notices) Say(notice);
        return new(model, options, controls, pipeline);
    }

    /// <summary>Makes pictures, each when it is asked for, with progress on the terminal. What of the prompts has no effect is said first.</summary>
    public IEnumerable<Picture> Make(string prompt, GenerateOptions plan, string what, CancellationToken stop)
    {
        var chosen = Pipeline.Resolve(plan);
        // At the result's size, so that strokes are as thick as the ControlNet knows them.
        chosen = chosen with { Controls = controls.Choices(chosen.Width!.Value, chosen.Height!.Value) };
        SayWhatHasNoEffect(prompt, chosen);
        if (chosen.Image is { } image && (image.Width, image.Height) != (chosen.Width, chosen.Height))
            Say($"The picture to begin with has {image.Width}x{image.Height} pixels and is resized to {chosen.Width}x{chosen.Height}");
        var progress = new Progress.Relay();
        using var pictures = Pipeline.GenerateEach(prompt, chosen with { Progress = progress }, stop).GetEnumerator();
        for (int i = chosen.Index ?? 0; i < (chosen.Index + 1 ?? chosen.Count); i++)
        {
            Progress.Show(what, progress, pictures.MoveNext);
            var made = pictures.Current;
            yield return new(made.Width, made.Height, made.Rgb)
            {
                Texts = new Dictionary<string, string> { [GenerationParameters.Keyword] = Parameters(prompt, chosen, i).ToText() },
            };
        }
    }

    void SayWhatHasNoEffect(string prompt, GenerateOptions chosen)
    {
        SayCut("prompt", prompt);
        foreach (string name in controls.Idle(chosen.Steps!.Value))
            Say($"The ControlNet {name} has no effect: none of the {chosen.Steps} steps lies between its --control-start and --control-end");
        if (chosen.NegativePrompt.Length == 0) return;
        if (Pipeline.Model.HasEmbeddedGuidance) Say("The negative prompt has no effect: this model takes the guidance as an input, and no second pass that could steer away from something");
        else if (chosen.Guidance <= 1) Say("The negative prompt has no effect at a guidance of 1 or less; give --guidance 1.5, say, which takes two passes a step");
        else SayCut("negative prompt", chosen.NegativePrompt);
    }

    void SayCut(string which, string text)
    {
        Pipeline.Tokenizer.Encode(text, out string cutOff);
        if (cutOff.Length > 0) Say($"The {which} is longer than the model reads ({Pipeline.Tokenizer.MaxLength - 2} tokens); this was left out: {(cutOff.Length <= 240 ? cutOff : $"{cutOff[..140]} … {cutOff[^80..]}")}");
    }

    /// <summary>A line on standard error, once however many models the command loads.</summary>
    static void Say(string line)
    {
        if (said.Add(line)) Console.Error.WriteLine(Printable.Of(line));
    }

    GenerationParameters Parameters(string prompt, GenerateOptions chosen, int index) => GenerationParameters.Of(prompt, chosen, index) with
    {
        Model = model is null ? "picturebook" : Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model))),
        ModelFingerprint = files.Value.Model,
        Lcm = options.Lcm,
        Loras = files.Value.Loras,
        Fuse = options.Fuse,
        Controls = files.Value.Controls,
    };

    public void Dispose() => Pipeline.Dispose();
}
