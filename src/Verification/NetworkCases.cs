using PureLcm.Kernels;
using PureLcm.Model;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Inspect;
using PureLcm.Model.Layers;
using PureLcm.Model.Vae;
using PureLcm.Weights;

namespace PureLcm.Verification;

/// <summary>Single networks: text encoder, UNet with its inner activations, autoencoders.</summary>
static class NetworkCases
{
    public static IReadOnlyList<Comparison> Text(Case reference, CancellationToken cancellation)
    {
        using var pipeline = reference.Load();
        using var run = new Run(reference.Backend, loras: new(pipeline.Model.LoraWeights), cancellationToken: cancellation);
        int[] ids = reference.Ints("ids"), sides = reference.Sides("ids"); // [N,T]
        var comparisons = new List<Comparison>();
        if (reference.Json.TryGetProperty("prompts", out var prompts))
            comparisons.Add(Comparison.OfNumbers("ids", [.. prompts.EnumerateArray().SelectMany(prompt => pipeline.Tokenizer.Encode(prompt.GetString()!))], ids));
        var encoder = pipeline.Model.TextEncoder;
        var states = encoder.Forward(run, ids, sides[0]);
        comparisons.Add(reference.Compare("last", states.Last));
        comparisons.Add(reference.Compare("penultimate", states.Penultimate));
        if (reference.Has("pooled"))
        {
            int tokens = sides[1], c = states.Last.Shape.C;
            float[] last = reference.Backend.DownloadTorch(states.Last);
            float[] pooled = [.. Enumerable.Range(0, sides[0]).SelectMany(n =>
                last.AsSpan((n * tokens + encoder.PooledToken(ids.AsSpan(n * tokens, tokens))) * c, c).ToArray())];
            comparisons.Add(Comparison.OfValues("pooled", pooled, reference.Floats("pooled")));
        }
        return comparisons;
    }

    public static IReadOnlyList<Comparison> Unet(Case reference, CancellationToken cancellation)
    {
        using var pipeline = reference.Load();
        const string prefix = "act.";
        string component = pipeline.Model.Unet.Name;
        var wanted = reference.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).ToHashSet();
        var seen = new Dictionary<string, Recorded>();
        var observer = Observer.Recording(seen, module => module.StartsWith(component + ".", StringComparison.Ordinal) && wanted.Contains(prefix + module[(component.Length + 1)..]));
        using var run = new Run(reference.Backend, wanted.Count > 0 ? observer : null, new(pipeline.Model.LoraWeights), cancellation);
        using Tensor x = reference.Upload("sample"), context = reference.Upload("encoder_hidden_states");
        using var condition = reference.Has("timestep_cond") ? reference.Upload("timestep_cond") : null;
        // One timestep for all pictures, or one each.
        float[] given = reference.Floats("timestep");
        float[] timesteps = [.. Enumerable.Range(0, x.Shape.N).Select(i => given[given.Length == 1 ? 0 : i])];
        var output = pipeline.Model.Unet.Forward(run, x, timesteps, context, condition);
        var comparisons = new List<Comparison> { reference.Compare("out", output) };
        foreach (string name in wanted.Order(StringComparer.Ordinal))
            comparisons.Add(seen.TryGetValue(component + "." + name[prefix.Length..], out var recorded)
                ? Comparison.OfValues(name, recorded.Values, reference.Floats(name))
                : new(name, double.PositiveInfinity, double.PositiveInfinity, false));
        return comparisons;
    }

    public static IReadOnlyList<Comparison> Vae(Case reference, CancellationToken cancellation)
    {
        using var modules = new ModuleTable();
        var vae = Autoencoder(reference, modules);
        using var run = new Run(reference.Backend, cancellationToken: cancellation);
        using var z = reference.Upload("z");
        var decoded = vae.Decode(run, z);
        var comparisons = new List<Comparison> { reference.Compare("decoded", decoded) };
        if (reference.Has("image"))
        {
            int[] sides = reference.Sides("image"); // [H,W,3] bytes
            using var picture = run.Allocate(Shape.Image(1, sides[0], sides[1], sides[2]));
            run.Backend.Upload([.. reference.Bytes("image").Select(value => value / 127.5f - 1)], picture);
            var (mean, logVariance) = vae.Encode(run, picture);
            comparisons.Add(reference.Compare("mean", mean));
            comparisons.Add(reference.Compare("logvar", logVariance!));
        }
        return comparisons;
    }

    public static IReadOnlyList<Comparison> Taesd(Case reference, CancellationToken cancellation)
    {
        using var modules = new ModuleTable();
        var vae = Autoencoder(reference, modules);
        using var run = new Run(reference.Backend, cancellationToken: cancellation);
        using Tensor z = reference.Upload("z"), image = reference.Upload("image");
        var decoded = vae.Decode(run, z);
        var (latents, _) = vae.Encode(run, image);
        return [reference.Compare("decoded", decoded), reference.Compare("latents", latents)];
    }

    /// <summary>The autoencoder of a folder that may hold nothing else.</summary>
    static IAutoencoder Autoencoder(Case reference, ModuleTable modules) =>
        Networks.LoadVae(Path.Combine(reference.ModelPath, "vae"), reference.Backend, modules, reference.Precision);
}
