using PureLcm.Kernels;
using PureLcm.Model.Layers;

namespace PureLcm.Model.Pipelines;

/// <summary>
/// What the UNet is told beside the latent: the words' states, and the guidance. It belongs to its device and to nobody's run,
/// so that many runs can use it; whoever made it disposes of it.
/// </summary>
public sealed class Conditioning : IDisposable
{
    internal Conditioning(Tensor context, Tensor? guidanceEmbedding, double guidance) =>
        (Context, GuidanceEmbedding, Guidance) = (context, guidanceEmbedding, guidance);

    /// <summary>The texts' states, [texts,T,C]: of the prompt alone, or of the negative prompt and the prompt.</summary>
    public Tensor Context { get; }

    /// <summary>The guidance as a UNet takes it that has it as an input, [1,channels]; null for others.</summary>
    public Tensor? GuidanceEmbedding { get; }

    /// <summary>How much the prompt counts against the negative one, where there are two.</summary>
    public double Guidance { get; }

    /// <summary>Passes of the UNet that a step takes: one for each text.</summary>
    public int Passes => Context.Shape.N;

    /// <inheritdoc/>
    public void Dispose()
    {
        Context.Dispose();
        GuidanceEmbedding?.Dispose();
    }
}

/// <summary>From prompts to <see cref="Conditioning"/>.</summary>
public static class Conditioner
{
    /// <summary>Encodes texts.</summary>
    /// <param name="run">Computes it, with the run's LoRAs.</param>
    /// <param name="model">Whose tokenizer and text encoder read them.</param>
    /// <param name="texts">The prompt; or the negative prompt and the prompt, which takes two passes a step.</param>
    /// <param name="guidance">How much the prompt counts.</param>
    public static Conditioning Encode(Run run, LoadedModel model, IReadOnlyList<string> texts, double guidance)
    {
        using var frame = run.Enter("conditioning");
        int[] ids = [.. texts.SelectMany(text => model.Tokenizer.Encode(text))]; // N texts -> [N T]
        var states = model.TextEncoder.Forward(run, ids, texts.Count); // [N T] -> [N,T,C]
        var embedding = GuidanceEmbedding(run, model.Unet.Config.TimeConditionChannels, guidance);
        return new(run.Detach(states.Last), embedding is null ? null : run.Detach(embedding), guidance);
    }

    /// <summary>
    /// The guidance of a UNet that has it as an input: sinusoids of 1000 (guidance - 1), [1,channels]; null for others.
    /// Luo et al. 2023, arXiv:2310.04378, section 4.2.
    /// </summary>
    static Tensor? GuidanceEmbedding(Run run, int channels, double guidance)
    {
        if (channels == 0) return null;
        var embedding = run.Allocate(Shape.Vectors(1, channels));
        run.Backend.TimestepEmbedding([1000 * (float)(guidance - 1)], embedding, cosFirst: false, shift: 1);
        return embedding;
    }
}
