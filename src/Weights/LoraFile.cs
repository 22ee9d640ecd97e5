using PureLcm.Weights.Names;

namespace PureLcm.Weights;

/// <summary>The low-rank term that a LoRA file has for one module: y += Scale * Up(Down(x)).</summary>
/// <param name="ModulePath">Component and path of the module: unet.mid_block.attentions.0.proj_in.</param>
/// <param name="Down">A: [rank,in], or for a convolution [rank,in,kh,kw].</param>
/// <param name="Up">B: [out,rank] or [out,rank,1,1].</param>
/// <param name="Scale">alpha / rank; 1 where the file does not say.</param>
public sealed record LoraEntry(string ModulePath, TensorInfo Down, TensorInfo Up, double Scale)
{
    /// <summary>The rank.</summary>
    public int Rank => Down.Sides[0];

    /// <summary>"unet", "text_encoder" or "text_encoder_2".</summary>
    public string Component => ModulePath[..ModulePath.IndexOf('.')];
}

/// <summary>
/// A LoRA file (Hu et al. 2021, arXiv:2106.09685), its tensors sorted to the modules of a model. Opening it reads no
/// weights; whether their shapes fit the modules' is for the model to say.
/// </summary>
public sealed class LoraFile : IDisposable
{
    readonly SafetensorsFile file;

    LoraFile(SafetensorsFile file, LoraLayout layout, IReadOnlyList<LoraEntry> entries, string? notice) =>
        (this.file, Layout, Entries, Notice) = (file, layout, entries, notice);

    /// <summary>The file.</summary>
    public string Path => file.Path;

    /// <summary>What the file's trainer has put down about it.</summary>
    public IReadOnlyDictionary<string, string> Metadata => file.Metadata;

    /// <summary>How its tensors are named.</summary>
    public LoraLayout Layout { get; }

    /// <summary>One entry a module, in the order of the modules' paths.</summary>
    public IReadOnlyList<LoraEntry> Entries { get; }

    /// <summary>One sentence on what had to be guessed at; null where everything was said.</summary>
    public string? Notice { get; }

    /// <summary>
    /// Opens a file and finds the module of each of its tensors. PEFT's own adapter_model.safetensors takes its alpha from the
    /// adapter_config.json beside it.
    /// </summary>
    /// <param name="path">A safetensors file in any of the three layouts.</param>
    /// <param name="modulePaths">The modules that the model lets a LoRA attach to; see <see cref="LoraNames(IEnumerable{string})"/>.</param>
    /// <exception cref="WeightsException">
    /// The file is damaged, or no LoRA, or of a kind that is not supported; or it has keys for modules that the model
    /// does not have, which are listed: never are they passed over in silence.
    /// </exception>
    public static LoraFile Open(string path, IEnumerable<string> modulePaths)
    {
        var file = SafetensorsFile.Open(path);
        try
        {
            return new Reader(file, new LoraNames(modulePaths)).Read();
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Closes the file. Its tensors can't be read afterwards.</summary>
    public void Dispose() => file.Dispose();

    sealed class Reader(SafetensorsFile file, LoraNames names)
    {
        readonly SortedDictionary<string, TensorInfo?[]> modules = new(StringComparer.Ordinal); // three parts each
        readonly List<string> unknown = [];

        public LoraFile Read()
        {
            LoraLayout? layout = null;
            foreach (var (key, tensor) in file.Tensors)
            {
                if (!LoraNames.TrySplit(key, out string module, out var part, out var keyLayout) || names.Find(module) is not { } modulePath)
                {
                    unknown.Add(key);
                    continue;
                }
                if (part != LoraPart.Alpha) layout ??= keyLayout;
                Add(modulePath, part, tensor);
            }
            if (unknown.Count > 0) throw Misfit();
            if (layout == null) throw new WeightsException(file.Path, "it has no LoRA weights", "give a LoRA file");

            var metadata = PeftMetadata.Of(file, out string? notice);
            return new LoraFile(file, layout.Value, [.. modules.Select(module => Entry(module.Key, module.Value, metadata))], notice);
        }

        void Add(string modulePath, LoraPart part, TensorInfo tensor)
        {
            if (!modules.TryGetValue(modulePath, out var parts)) modules[modulePath] = parts = new TensorInfo?[3];
            if (parts[(int)part] is { } other)
                throw new WeightsException(file.Path, $"{WeightsException.Quote(other.Name)} and {WeightsException.Quote(tensor.Name)} are both the {part} weights of {modulePath}", "fetch the file again");
            parts[(int)part] = tensor;
        }

        LoraEntry Entry(string modulePath, TensorInfo?[] parts, PeftMetadata? metadata)
        {
            if (parts is not [{ } down, { } up, var alpha])
                throw new WeightsException(file.Path, $"{modulePath} has {string.Join(" and ", parts.OfType<TensorInfo>().Select(tensor => WeightsException.Quote(tensor.Name)))} without its counterpart", "fetch the file again");

            bool fits = down.Sides is [> 0, > 0] or [> 0, > 0, > 0, > 0] && up.Sides is [> 0, > 0] or [> 0, > 0, 1, 1] && up.Sides[1] == down.Sides[0];
            if (!fits)
                throw new WeightsException(file.Path, $"{modulePath} has weights of shapes {down.Shape} and {up.Shape}, which are not [rank,in] and [out,rank]", "fetch the file again");

            int rank = down.Sides[0];
            double scale = alpha != null ? ReadAlpha(alpha) / rank : metadata?.Scale(modulePath, rank) ?? 1;
            return double.IsFinite(scale)
                ? new LoraEntry(modulePath, down, up, scale)
                : throw new WeightsException(file.Path, $"the alpha of {modulePath} is not one finite number", "fetch the file again");
        }

        static double ReadAlpha(TensorInfo alpha) => alpha.Count == 1 ? alpha.ReadFloats()[0] : double.NaN;

        WeightsException Misfit()
        {
            if (AdapterKinds.Of(unknown) is { } kind)
                return new WeightsException(file.Path, kind.Description, kind.WayOut);
            bool anyLora = unknown.Any(key => LoraNames.TrySplit(key, out _, out _, out _));
            if (modules.Count == 0 && !anyLora)
                return new WeightsException(file.Path, $"it is not a LoRA file (its tensors are {WeightsException.List(unknown, 3)})", "give a LoRA file");
            bool sdxl = unknown.Any(key => key.StartsWith("lora_te2_", StringComparison.Ordinal) || key.StartsWith("text_encoder_2.", StringComparison.Ordinal));
            string what = modules.Count == 0 ? "none of its keys fits this model" : $"{unknown.Count} of its {file.Tensors.Count} keys fit no module of this model";
            return new WeightsException(file.Path, $"{what}: {WeightsException.List(unknown)}", sdxl ? "it is made for SDXL: use one made for this model" : "use a LoRA made for this model");
        }
    }
}
