using System.Runtime.InteropServices;
using PureLcm.Kernels;
using PureLcm.Kernels.Dry;
using PureLcm.Model;
using PureLcm.Model.Clip;
using PureLcm.Model.Layers;
using PureLcm.Model.Unet;
using PureLcm.Model.Vae;
using PureLcm.Weights;

namespace PureLcm.Verification.Synthetic;

/// <summary>
/// Stable Diffusion 1.5 at its real size, as its published configurations describe it, on weights made from their names:
/// for tests and benchmarks where no weights can be had. TAESD comes with it as a component of its own.
/// </summary>
public static class SyntheticSd15
{
    const int Chunk = 1 << 20; // values made at a time while writing

    /// <summary>Those with weights: text_encoder, unet, vae and taesd.</summary>
    public static IReadOnlyList<string> Networks { get; } = ["text_encoder", "unet", "vae", "taesd"];

    /// <summary>The published configuration of a network or of the scheduler.</summary>
    /// <param name="component">One of <see cref="Networks"/>, or scheduler.</param>
    public static Config Config(string component)
    {
        string file = ConfigFile(component);
        return Weights.Config.Parse(file, System.Text.Encoding.UTF8.GetString(Resource(file)));
    }

    /// <summary>The root to build a network from, its weights made as they are packed.</summary>
    /// <param name="component">One of <see cref="Networks"/>.</param>
    /// <param name="backend">Packs them.</param>
    /// <param name="modules">Takes what is packed.</param>
    /// <param name="precision">How activations are stored.</param>
    public static Scope Scope(string component, Backend backend, ModuleTable modules, ElementType precision = ElementType.Float32) =>
        new(component, new Parameters(component), backend, modules, precision);

    /// <summary>Names (component first) and shapes of a network's tensors, known from its configuration alone.</summary>
    /// <param name="component">One of <see cref="Networks"/>.</param>
    public static IReadOnlyList<(string Name, int[] Sides)> Tensors(string component)
    {
        var parameters = new Parameters(component);
        using var modules = new ModuleTable();
        var scope = new Scope(component, parameters, new DryBackend(), modules);
        var config = Config(component);
        _ = component switch
        {
            "text_encoder" => (object)new TextEncoder(scope, TextConfig.Parse(config)),
            "unet" => new UNet(scope, UnetConfig.Parse(config)),
            "vae" => new AutoencoderKL(scope, VaeConfig.Parse(config)),
            _ => new AutoencoderTiny(scope, TinyConfig.Parse(config)),
        };
        return parameters.Seen;
    }

    /// <summary>
    /// Writes the whole model in diffusers' layout, 2.1 GB of fp16: text_encoder, unet, vae, scheduler, tokenizer (CLIP's
    /// own), and taesd beside them. model_index.json comes last, so that a folder which opens is complete.
    /// </summary>
    /// <param name="folder">Made if it is not there.</param>
    /// <param name="progress">Told the share that is written, 0 to 1.</param>
    /// <param name="cancellation">Ends it between two parts of a tensor.</param>
    /// <exception cref="WeightsException">The folder can't be written, or the disk is full.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the file begun is taken back.</exception>
    public static void Write(string folder, IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        var tensors = Networks.ToDictionary(component => component, Tensors);
        long all = tensors.Values.Sum(list => list.Sum(tensor => Count(tensor.Sides))), done = 0;
        foreach (string component in Networks)
        {
            WriteResource(folder, ConfigFile(component));
            string file = Path.Combine(folder, component, component == "text_encoder" ? "model.safetensors" : "diffusion_pytorch_model.safetensors");
            SafetensorsWriter.Write(file, tensors[component].Select(tensor => new TensorToWrite(
                tensor.Name[(component.Length + 1)..], DType.F16, tensor.Sides, stream => WriteValues(tensor.Name, tensor.Sides, stream))));
        }
        ClipVocabulary.WriteTo(Path.Combine(folder, "tokenizer"));
        WriteResource(folder, ConfigFile("scheduler"));
        WriteResource(folder, "model_index.json");

        void WriteValues(string name, int[] sides, Stream stream)
        {
            long count = Count(sides);
            var values = new Half[Math.Min(count, Chunk)];
            for (long start = 0; start < count; start += Chunk)
            {
                cancellation.ThrowIfCancellationRequested();
                var part = values.AsSpan(0, (int)Math.Min(Chunk, count - start));
                NamedWeights.Fill(name, sides, start, part);
                stream.Write(MemoryMarshal.AsBytes(part));
                done += part.Length;
                progress?.Report((double)done / all);
            }
        }
    }

    static long Count(int[] sides) => sides.Aggregate(1L, (product, side) => product * side);

    static string ConfigFile(string component) => component == "scheduler" ? "scheduler/scheduler_config.json" : component + "/config.json";

    static byte[] Resource(string file)
    {
        using var resource = typeof(SyntheticSd15).Assembly.GetManifestResourceStream("Sd15/" + file)
            ?? throw new ArgumentException($"Stable Diffusion 1.5 has no {file}", nameof(file));
        var bytes = new byte[resource.Length];
        resource.ReadExactly(bytes);
        return bytes;
    }

    static void WriteResource(string folder, string file)
    {
        string path = Path.Combine(folder, file);
        OutputFolder.Make(Path.GetDirectoryName(path)!);
        byte[] bytes = Resource(file);
        WholeFile.Write(path, bytes.Length, stream => stream.Write(bytes));
    }

    /// <summary>Parameters made from their names; remembers which were asked for.</summary>
    sealed class Parameters(string component) : IParameters
    {
        readonly List<(string, int[])> seen = [];

        public IReadOnlyList<(string Name, int[] Sides)> Seen => seen;

        public WeightSource Get(string name, int[] sides)
        {
            seen.Add(($"{component}.{name}", sides));
            return NamedWeights.Source($"{component}.{name}", sides);
        }
    }
}
