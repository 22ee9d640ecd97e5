using PureLcm.Model.Pipelines;
using PureLcm.Weights;

namespace PureLcm.Model.Lora;

/// <summary>The LoRA files that a model is loaded with, open, and how strongly each was asked to act.</summary>
sealed class LoraFiles : IDisposable
{
    readonly List<(LoraFile File, float Weight)> items = [];

    public IReadOnlyList<(LoraFile File, float Weight)> Items => items;

    /// <summary>Whether one of them makes a few steps enough.</summary>
    public bool HasLcm => items.Exists(item => item.Weight != 0 && LcmRecognition.IsLcm(item.File));

    /// <summary>Opens the model's own LCM-LoRA, unless it was declined, and those that were asked for.</summary>
    /// <param name="source">The model.</param>
    /// <param name="options">What was asked for.</param>
    /// <param name="modules">The modules that a LoRA can attach to.</param>
    /// <exception cref="WeightsException">A file is missing, damaged, no LoRA, or for another model.</exception>
    public void Open(IModelSource source, LoadOptions options, IEnumerable<string> modules)
    {
        var names = modules.ToHashSet();
        if (options.Lcm && source.OwnLcmLora is { } own) items.Add((LoraFile.Open(own, names), 1));
        foreach (var choice in options.Loras) items.Add((LoraFile.Open(choice.Path, names), choice.Weight));
    }

    public void Dispose()
    {
        foreach (var (file, _) in items) file.Dispose();
        items.Clear();
    }
}
