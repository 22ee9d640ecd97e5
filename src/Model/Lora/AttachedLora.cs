using PureLcm.Kernels;
using PureLcm.Model.Layers;
using PureLcm.Weights;

namespace PureLcm.Model.Lora;

/// <summary>
/// A low-rank adaptation beside a model's weights: y += weight * alpha/rank * B(A x) in each of its modules. The base weights
/// stay as they are, and whether it acts, and how strongly, is each run's own choice (<see cref="ActiveLoras"/>).
/// Hu et al. 2021, arXiv:2106.09685; with latent consistency: Luo et al. 2023, arXiv:2311.05556.
/// </summary>
public sealed class AttachedLora : IDisposable
{
    readonly List<(Weight Base, Adapter Adapter, float FileScale)> adapters = [];

    AttachedLora(LoraFile file, float weight) => (File, Weight) = (file, weight);

    /// <summary>The file that it came from.</summary>
    public LoraFile File { get; }

    /// <summary>How strongly it acts in runs that don't say otherwise.</summary>
    public float Weight { get; }

    /// <summary>Whether it is an LCM-LoRA, which makes a few steps enough.</summary>
    public bool IsLcm => LcmRecognition.IsLcm(File);

    /// <summary>Its terms: the base weight, the factors, and alpha/rank.</summary>
    internal IReadOnlyList<(Weight Base, Adapter Adapter, float FileScale)> Adapters => adapters;

    /// <summary>Bytes that the packed factors take.</summary>
    public long Bytes => adapters.Sum(item => item.Adapter.Down.Bytes + item.Adapter.Up.Bytes);

    /// <summary>Packs the file's factors for the modules that they name.</summary>
    /// <exception cref="ModelException">An adapter's shape doesn't fit its module: the file is for another model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; what was packed is freed.</exception>
    internal static AttachedLora Attach(LoraFile file, float weight, ModuleTable modules, Backend backend, CancellationToken cancellationToken = default)
    {
        foreach (var entry in file.Entries) CheckShape(file, entry, modules.Targets[entry.ModulePath]);
        var lora = new AttachedLora(file, weight);
        try
        {
            foreach (var entry in file.Entries)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var target = modules.Targets[entry.ModulePath];
                var down = backend.Pack(target.Weight.Kind == WeightKind.Convolution ? WeightKind.Convolution : WeightKind.Matrix,
                    FileParameters.Source(entry.Down, entry.Down.Sides)); // A: [r,in(,kh,kw)]
                var up = backend.Pack(WeightKind.Matrix,
                    FileParameters.Source(entry.Up, entry.Up.Sides)); // B: [out,r]
                lora.adapters.Add((target.Weight, new Adapter(down, up, target.FirstRow), (float)entry.Scale));
            }
            return lora;
        }
        catch
        {
            lora.Dispose();
            throw;
        }
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

    /// <summary>Frees the factors; no run may use them any more.</summary>
    public void Dispose()
    {
        foreach (var (_, adapter, _) in adapters)
        {
            adapter.Down.Dispose();
            adapter.Up.Dispose();
        }
        adapters.Clear();
    }
}
