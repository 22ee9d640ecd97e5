using PureLcm.Kernels;

namespace PureLcm.Model.Lora;

/// <summary>An attached LoRA and how strongly it acts in a run.</summary>
/// <param name="Lora">The LoRA.</param>
/// <param name="Weight">1 for what it was trained to do; 0 switches it off.</param>
public readonly record struct LoraWeight(AttachedLora Lora, float Weight);

/// <summary>
/// Which LoRAs act in a run, and how strongly. An argument of the run: two runs on one model may use different LoRAs at the
/// same time, and another weight costs a look into a table. Immutable.
/// </summary>
public sealed class ActiveLoras
{
    readonly Dictionary<Weight, LowRankTerm[]> terms = [];

    /// <summary>The table of a run: for each weight of the model, the terms that its products add, in the order given.</summary>
    public ActiveLoras(IEnumerable<LoraWeight> loras)
    {
        foreach (var (lora, weight) in loras)
            foreach (var (target, adapter, fileScale) in lora.Adapters)
            {
                // A list that was switched off stays in its place, so that a device keeps what it has stacked for it.
                var term = new LowRankTerm(adapter, weight * fileScale);
                terms[target] = terms.TryGetValue(target, out var before) ? [.. before, term] : [term];
            }
    }

    /// <summary>The terms of a weight; null where there are none.</summary>
    internal LowRankTerm[]? Of(Weight weight) => terms.GetValueOrDefault(weight);
}
