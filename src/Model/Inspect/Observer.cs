using PureLcm.Kernels;

namespace PureLcm.Model;

/// <summary>
/// Watches a run: sees the output of every module by its diffusers name, with the component in front
/// (<c>unet.down_blocks.0.resnets.1.conv1</c>). A watched run computes the same bits as an unwatched one: where an operation
/// has fused several modules, it stores the one in the middle from the same arithmetic.
/// </summary>
/// <param name="see">Called with a module's name and output, in the order of computation. The tensor is the run's: read it, don't keep it.</param>
/// <param name="wants">Which modules to show; all when null.</param>
public sealed class Observer(Action<string, Tensor> see, Func<string, bool>? wants = null)
{
    internal bool Wants(string module) => wants is null || wants(module);

    internal void See(string module, Tensor output) => see(module, output);

    /// <summary>An observer that keeps every wanted output on the host, in torch's order.</summary>
    public static Observer Recording(IDictionary<string, Recorded> into, Func<string, bool>? wants = null) =>
        new((module, output) => into[module] = new(output.Shape.TorchSides(), output.Backend.DownloadTorch(output)), wants);
}

/// <summary>A module's output on the host.</summary>
/// <param name="Sides">Its shape in torch's order.</param>
/// <param name="Values">Row-major.</param>
public sealed record Recorded(int[] Sides, float[] Values);
