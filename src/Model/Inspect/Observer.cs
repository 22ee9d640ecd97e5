using PureLcm.Kernels;

namespace PureLcm.Model.Inspect;

/// <summary>
/// Watches a run: sees the output of every module by its diffusers name, with the component in front
/// (<c>unet.down_blocks.0.resnets.1.conv1</c>), and may put another in its place. A run that is only watched computes the same
/// bits as an unwatched one: where an operation has fused several modules, it stores the one in the middle from the same
/// arithmetic. Only what is changed, and attention's probabilities, are computed by operations of their own.
/// </summary>
public abstract class Observer
{
    /// <summary>Whether to show a module's output.</summary>
    public virtual bool Wants(string module) => true;

    /// <summary>
    /// Whether <see cref="See"/> may give another output for a module. It is asked before the module is computed, since a fused
    /// operation would not come back to what it has in the middle.
    /// </summary>
    public virtual bool Changes(string module) => false;

    /// <summary>Whether to show the probabilities of an attention (<c>unet.mid_block.attentions.0.transformer_blocks.0.attn2</c>).</summary>
    public virtual bool WantsAttention(string module) => false;

    /// <summary>A module's output, in the order of computation.</summary>
    /// <param name="module">Its name.</param>
    /// <param name="output">The run's: read it, don't keep it.</param>
    /// <returns>Null, or what takes its place, of the same shape; it is copied, and stays the observer's.</returns>
    public abstract Tensor? See(string module, Tensor output);

    /// <summary>The probabilities of an attention: how much each query takes of each key.</summary>
    /// <param name="module">The attention's name.</param>
    /// <param name="probabilities">[N, heads Tq, Tk], head after head, each row summing to 1. The run's: read it, don't keep it.</param>
    /// <param name="heads">How many heads.</param>
    /// <returns>Null, or what takes their place, of the same shape; it is copied, and stays the observer's.</returns>
    public virtual Tensor? SeeAttention(string module, Tensor probabilities, int heads) => null;

    /// <summary>An observer that only looks.</summary>
    /// <param name="see">Called with a module's name and output, in the order of computation.</param>
    /// <param name="wants">Which modules to show; all when null.</param>
    public static Observer Of(Action<string, Tensor> see, Func<string, bool>? wants = null) => new Looking(see, wants);

    /// <summary>An observer that keeps every wanted output on the host, in torch's order.</summary>
    public static Observer Recording(IDictionary<string, Recorded> into, Func<string, bool>? wants = null) =>
        Of((module, output) => into[module] = new(output.Shape.TorchSides(), output.Backend.DownloadTorch(output)), wants);

    sealed class Looking(Action<string, Tensor> see, Func<string, bool>? wants) : Observer
    {
        public override bool Wants(string module) => wants is null || wants(module);

        public override Tensor? See(string module, Tensor output)
        {
            see(module, output);
            return null;
        }
    }
}

/// <summary>A module's output on the host.</summary>
/// <param name="Sides">Its shape in torch's order.</param>
/// <param name="Values">Row-major.</param>
public sealed record Recorded(int[] Sides, float[] Values);
