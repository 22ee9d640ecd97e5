using PureLcm.Kernels;
using PureLcm.Model.Layers;
using PureLcm.Weights;

namespace PureLcm.Model.Lora;

/// <summary>
/// A low-rank adaptation beside a model's weights: y += weight * alpha/rank * B(A x) in each of its modules. The base weights
/// stay as they are, so it can be switched, re-weighted and combined with others between two steps.
/// Hu et al. 2021, arXiv:2106.09685; with latent consistency: Luo et al. 2023, arXiv:2311.05556.
/// </summary>
public sealed class Lora : IDisposable
{
    readonly List<(Weight Base, Adapter Adapter, float FileScale)> adapters = [];
    float weight;

    Lora(LoraFile file) => File = file;

    /// <summary>The file that it came from.</summary>
    public LoraFile File { get; }

    /// <summary>How strongly it acts; 0 switches it off. May be changed between steps.</summary>
    public float Weight
    {
        get => weight;
        set
        {
            weight = value;
            foreach (var (_, adapter, fileScale) in adapters) adapter.Scale = weight * fileScale;
        }
    }

    /// <summary>Attaches the file's adapters to the modules they name.</summary>
    /// <exception cref="ModelException">An adapter's shape doesn't fit its module: the file is for another model.</exception>
    public static Lora Attach(LoraFile file, ModuleTable modules, Backend backend, float weight)
    {
        foreach (var entry in file.Entries) CheckShape(file, entry, modules.Targets[entry.ModulePath]);
        var lora = new Lora(file);
        foreach (var entry in file.Entries)
        {
            var target = modules.Targets[entry.ModulePath];
            var down = backend.Pack(target.Weight.Kind == WeightKind.Convolution ? WeightKind.Convolution : WeightKind.Matrix,
                FileParameters.Source(entry.Down, entry.Down.Sides)); // A: [r,in(,kh,kw)]
            var up = backend.Pack(WeightKind.Matrix,
                FileParameters.Source(entry.Up, entry.Up.Sides)); // B: [out,r]
            var adapter = new Adapter(down, up, target.FirstRow);
            target.Weight.Adapters.Add(adapter);
            lora.adapters.Add((target.Weight, adapter, (float)entry.Scale));
        }
        lora.Weight = weight;
        return lora;
    }

    /// <summary>A and B must be [r,in(,kh,kw)] and [out,r(,1,1)] of a base weight [out,in(,kh,kw)]; linear layers and 1x1 convolutions are the same.</summary>
    internal static void CheckShape(LoraFile file, LoraEntry entry, LoraTarget target)
    {
        int[] down = entry.Down.Sides, up = entry.Up.Sides, own = target.Sides;
        bool fits = down.Length >= 2 && up.Length >= 2 && up[0] == own[0] && down[1] == own[1]
            && Kernel(down).SequenceEqual(Kernel(own)) && Kernel(up).SequenceEqual([1, 1]) && up[1] == down[0];
        if (!fits)
            throw new ModelException($"{file.Path}: the LoRA's {entry.ModulePath} is [{string.Join(',', up)}] times [{string.Join(',', down)}], which doesn't fit this model's [{string.Join(',', own)}]; the LoRA was made for another model");

        static int[] Kernel(int[] sides) => sides.Length == 4 ? sides[2..] : [1, 1];
    }

    /// <summary>Bytes that the packed adapters take.</summary>
    public long Bytes => adapters.Sum(item => item.Adapter.Down.Bytes + item.Adapter.Up.Bytes);

    /// <summary>Takes the adapters off the model and frees them.</summary>
    public void Dispose()
    {
        foreach (var (weight, adapter, _) in adapters)
        {
            weight.Adapters.Remove(adapter);
            adapter.Down.Dispose();
            adapter.Up.Dispose();
        }
        adapters.Clear();
        File.Dispose();
    }
}
