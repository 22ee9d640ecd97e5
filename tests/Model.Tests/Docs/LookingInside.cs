using PureLcm.Kernels;
using PureLcm.Model.Inspect;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;

namespace PureLcm.Model.Tests.Docs;

/// <summary>The programs of docs/looking-inside.md.</summary>
static class LookingInside
{
    public static void ListModules(TextToImage pipeline, TextWriter output)
    {
        var observer = Observer.Of((module, values) => output.WriteLine($"{module} {values.Shape}"));
        pipeline.Generate("a red house", new() { Steps = 1, Observer = observer });
    }

    public static Recorded Record(TextToImage pipeline)
    {
        var seen = new Dictionary<string, Recorded>();
        var observer = Observer.Recording(seen, module => module == "unet.mid_block");
        pipeline.Generate("a red house", new() { Steps = 1, Observer = observer });
        Recorded middle = seen["unet.mid_block"]; // Values in torch's order, Sides [1,192,4,4]
        return middle;
    }

    /// <summary>Multiplies a module's output by a factor.</summary>
    sealed class Scaling(string scaled, float factor) : Observer, IDisposable
    {
        Tensor? other;

        // Nothing else is of interest.
        public override bool Wants(string module) => false;

        public override bool Changes(string module) => module == scaled;

        public override Tensor? See(string module, Tensor output)
        {
            if (other?.Shape != output.Shape)
            {
                other?.Dispose();
                other = output.Backend.Allocate(output.Shape, output.Type);
            }
            output.Backend.Combine(other, new Term(factor, output));
            return other; // the run copies it
        }

        public void Dispose() => other?.Dispose();
    }

    public static Picture Change(TextToImage pipeline)
    {
        using var louder = new Scaling("unet.down_blocks.1.attentions.0", 1.5f);
        Picture changed = pipeline.Generate("a red house", new() { Seed = 7, Observer = louder });
        return changed;
    }

    /// <summary>How much a picture looks at each token of its prompt: the mean over steps, heads and pixels.</summary>
    sealed class Attending(string attention) : Observer
    {
        readonly List<float> sums = [];
        int rows;

        public IEnumerable<float> Shares => sums.Select(sum => sum / rows);

        public override bool Wants(string module) => false;

        public override bool WantsAttention(string module) => module == attention;

        public override Tensor? See(string module, Tensor output) => null;

        public override Tensor? SeeAttention(string module, Tensor probabilities, int heads)
        {
            int tokens = probabilities.Shape.C; // [N, heads queries, tokens]: each row sums to 1
            var values = new float[probabilities.Shape.Count];
            probabilities.Backend.Download(probabilities, values);
            if (sums.Count == 0) sums.AddRange(new float[tokens]);
            for (int i = 0; i < values.Length; i++) sums[i % tokens] += values[i];
            rows += values.Length / tokens;
            return null; // nothing is changed
        }
    }

    public static IReadOnlyList<float> Attend(TextToImage pipeline)
    {
        var words = new Attending("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2");
        pipeline.Generate("a red house", new() { Seed = 7, Observer = words });
        float[] shares = [.. words.Shares]; // one a token: start, a, red, house, end, then padding
        return shares;
    }

    public static void Watch(TextToImage pipeline, TextWriter output) =>
        pipeline.Generate("a red house", new()
        {
            Seed = 7,
            OnStep = step => output.WriteLine($"step {step.Step} at {step.Timestep}: {step.Values.Max()}"), // [1,4,16,16], torch's order
        });
}
