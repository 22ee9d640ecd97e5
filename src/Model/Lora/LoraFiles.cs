using PureLcm.Model.Pipelines;
using PureLcm.Weights;

namespace PureLcm.Model.Lora;

/// <summary>The LoRA files that a model is loaded with, open, and how strongly each was asked to act.</summary>
sealed class LoraFiles : IDisposable
{
    readonly List<(LoraFile File, float Weight)> items = [];

    public IReadOnlyList<(LoraFile File, float Weight)> Items => items;

    /// <summary>Whether one of them makes a few steps enough.</summary>
    public bool HasLcm => items.Exists(item => item.Weight != 0 && LcmRecognition.Of(item.File).IsLcm);

    /// <summary>What was decided in the user's place, or had to be guessed at: a sentence each.</summary>
    public IReadOnlyList<string> Notices { get; private set; } = [];

    /// <summary>Opens the model's own LCM-LoRA, unless it was declined, and those that were asked for.</summary>
    /// <param name="source">The model.</param>
    /// <param name="options">What was asked for.</param>
    /// <param name="modules">The modules that a LoRA can attach to.</param>
    /// <exception cref="WeightsException">A file is missing, damaged, no LoRA, or for another model.</exception>
    public void Open(IModelSource source, LoadOptions options, IEnumerable<string> modules)
    {
        var names = modules.ToHashSet();
        string? twice = null;
        LoraChoice? own = options.Lcm && source.OwnLcmLora is { } path ? new(path) : null;
        var choices = own is null ? options.Loras : LcmRecognition.WithOwn(own, options.Loras, out twice);
        foreach (var choice in choices) items.Add((LoraFile.Open(choice.Path, names), choice.Weight));

        // That the model's own LCM-LoRA is one is no news.
        var verdicts = items.Skip(own is null ? 0 : 1).Where(item => item.Weight != 0).Select(item => LcmRecognition.Of(item.File))
            .Where(verdict => verdict.IsLcm || verdict.IsNamed);
        Notices =
        [
            .. items.Select(item => item.File.Notice).Append(twice).OfType<string>(),
            .. verdicts.Select(verdict => $"{verdict.Reason}; --scheduler, --steps and --guidance change what follows from it"),
        ];
    }

    public void Dispose()
    {
        foreach (var (file, _) in items) file.Dispose();
        items.Clear();
    }
}
