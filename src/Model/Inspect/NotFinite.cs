using PureLcm.Kernels;
using PureLcm.Model.Layers;

namespace PureLcm.Model.Inspect;

/// <summary>Finds where values first went out of range, by computing once more and watching.</summary>
static class NotFinite
{
    /// <summary>The error that names the first module whose output is not finite.</summary>
    /// <param name="run">The run in which it happened, which the watcher joins.</param>
    /// <param name="again">Computes the same once more.</param>
    public static ModelException Find(Run run, Action again)
    {
        string? first = null;
        try
        {
            run.WatchedBy(Observer.Of((module, output) =>
            {
                if (run.Backend.AllFinite(output)) return;
                first = module;
                throw new Found(); // the rest would tell nothing new
            }), again);
        }
        catch (Found) { }
        return new($"the model's output is not finite; the first module with such values is {first ?? "its last"}. The weights or a LoRA's weight are at fault: try a smaller LoRA weight, or fetch the model again");
    }

    sealed class Found : Exception;
}
