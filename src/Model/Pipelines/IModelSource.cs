using PureLcm.Model.Clip;
using PureLcm.Weights;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// Where a model comes from: its components' configurations and tensors by diffusers' names, and its tokenizer. Whoever loads a
/// model from it need not know whether it is a folder, a single file or a snapshot of a hub. It keeps files open that weights
/// may be packed from again. Its members may be called from several threads.
/// </summary>
public interface IModelSource : IDisposable
{
    /// <summary>Where it is, as errors say it.</summary>
    string Path { get; }

    /// <summary>The model's name.</summary>
    string Name { get; }

    /// <summary>The LCM-LoRA that comes with the model; null where none does.</summary>
    string? OwnLcmLora { get; }

    /// <summary>What it has or says that is not followed and may have been meant to be, a sentence each.</summary>
    IReadOnlyList<string> Notices { get; }

    /// <summary>The class of a component: <c>unet</c> is a <c>UNet2DConditionModel</c>.</summary>
    /// <exception cref="WeightsException">The model has no such component.</exception>
    string ClassOf(string component);

    /// <summary>A component's configuration.</summary>
    /// <exception cref="WeightsException">The model has no such component, or its configuration is no JSON.</exception>
    Config ConfigOf(string component);

    /// <summary>A component's tensors by diffusers' names; opened once, and closed with the source.</summary>
    /// <exception cref="WeightsException">The model has no such component, or its files are damaged.</exception>
    WeightFiles WeightsOf(string component);

    /// <summary>A tokenizer; read once.</summary>
    /// <exception cref="WeightsException">The model has none, or its files are broken.</exception>
    Tokenizer TokenizerOf(string component);
}
