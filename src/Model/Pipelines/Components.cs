using PureLcm.Kernels;
using PureLcm.Kernels.Dry;
using PureLcm.Model.Clip;
using PureLcm.Model.Layers;
using PureLcm.Model.Lora;
using PureLcm.Model.Unet;
using PureLcm.Model.Vae;
using PureLcm.Weights;

namespace PureLcm.Model.Pipelines;

using Lora = Lora.Lora;

/// <summary>A LoRA file and how strongly it acts.</summary>
/// <param name="Path">A .safetensors file.</param>
/// <param name="Weight">1 for what it was trained to do.</param>
public sealed record LoraChoice(string Path, float Weight = 1);

/// <summary>
/// The networks of a Stable Diffusion model, built from its folder for one backend, with LoRAs beside the weights or merged.
/// </summary>
public sealed class Components : IDisposable
{
    readonly ComponentFolder text, unet, vae;
    readonly string? unetFile;
    readonly ModuleTable vaeModules = new();

    readonly ElementType precision;

    Components(ModelFolder folder, string? otherUnet, Backend backend, ElementType precision)
    {
        folder.RequirePipeline("StableDiffusionPipeline", "LatentConsistencyModelPipeline");
        (Folder, Backend, this.precision) = (folder, backend, precision);
        text = folder.Component("text_encoder", "CLIPTextModel");
        // Another UNet is a component's folder, or a file of weights under the model's own configuration.
        unet = otherUnet is null || File.Exists(otherUnet) ? folder.Component("unet", "UNet2DConditionModel") : ComponentFolder.Open(otherUnet);
        if (File.Exists(otherUnet)) unetFile = otherUnet;
        vae = folder.Component("vae", "AutoencoderKL", "AutoencoderTiny");
        TextConfig = TextConfig.Parse(text.Config);
        UnetConfig = UnetConfig.Parse(unet.Config);
    }

    /// <summary>Where it came from.</summary>
    public ModelFolder Folder { get; }

    /// <summary>What it computes on.</summary>
    public Backend Backend { get; }

    internal TextConfig TextConfig { get; }

    internal UnetConfig UnetConfig { get; }

    /// <summary>The text encoder.</summary>
    public TextEncoder TextEncoder { get; private set; } = null!;

    /// <summary>The UNet.</summary>
    public UNet Unet { get; private set; } = null!;

    /// <summary>The autoencoder, large or tiny.</summary>
    public IAutoencoder Vae { get; private set; } = null!;

    /// <summary>The modules that LoRA can attach to: the text encoder's and the UNet's.</summary>
    public ModuleTable Modules { get; } = new();

    /// <summary>Bytes that all packed weights and adapters take.</summary>
    public long Bytes => Modules.Bytes + vaeModules.Bytes + Loras.Sum(lora => lora.Bytes);

    /// <summary>LoRAs beside the weights, in the order given; empty when they were merged.</summary>
    public IReadOnlyList<Lora> Loras { get; private set; } = [];

    /// <summary>
    /// Builds the networks; with <paramref name="fuse"/> LoRAs are merged into the weights while these are packed.
    /// <paramref name="precision"/> is how activations are stored; the device's choice when null. Cancelling ends it between two
    /// weights.
    /// </summary>
    /// <exception cref="ModelException">The folder's parts don't fit one another, or a LoRA doesn't fit the model.</exception>
    /// <exception cref="WeightsException">A file is missing or malformed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; what was packed is freed.</exception>
    public static Components Load(ModelFolder folder, Backend backend, IReadOnlyList<LoraChoice> loras, bool fuse, string? otherUnet = null, ElementType? precision = null, CancellationToken cancellationToken = default)
    {
        var components = new Components(folder, otherUnet, backend, precision ?? backend.DefaultPrecision);
        if (components.UnetConfig.ContextChannels != components.TextConfig.Channels)
            throw new ModelException($"{folder.Path}: the UNet reads text of width {components.UnetConfig.ContextChannels} (cross_attention_dim), the text encoder gives {components.TextConfig.Channels} (hidden_size); the folder's parts belong to different models");
        var opened = new List<(LoraFile File, float Weight)>();
        try
        {
            if (loras.Count > 0)
            {
                var names = ModuleNames(folder, otherUnet);
                foreach (var choice in loras) opened.Add((LoraFile.Open(choice.Path, names), choice.Weight));
            }
            components.Build(fuse ? opened : [], cancellationToken);
            if (!fuse)
            {
                var attached = new List<Lora>();
                components.Loras = attached;
                foreach (var (file, weight) in opened) attached.Add(Lora.Attach(file, components.Modules, backend, weight));
                opened.Clear(); // theirs now
            }
            return components;
        }
        catch
        {
            components.Dispose();
            throw;
        }
        finally
        {
            foreach (var (file, _) in opened) file.Dispose();
        }
    }

    void Build(IReadOnlyList<(LoraFile File, float Weight)> fused, CancellationToken cancellationToken)
    {
        TextEncoder = Open(text, null, Modules, "text_encoder", "text encoder", scope => new TextEncoder(scope, TextConfig));
        Unet = Open(unet, unetFile, Modules, "unet", "UNet", scope => new UNet(scope, UnetConfig));
        Vae = Open(vae, null, vaeModules, "vae", "VAE", scope => BuildVae(scope, vae));
        if (Vae.LatentChannels != UnetConfig.OutChannels)
            throw new ModelException($"{Folder.Path}: the VAE's latents have {Vae.LatentChannels} channels, the UNet's output {UnetConfig.OutChannels}; the folder's parts belong to different models");

        T Open<T>(ComponentFolder folder, string? file, ModuleTable modules, string component, string network, Func<Scope, T> build)
        {
            var weights = folder.OpenWeights(file);
            modules.Own(weights);
            IParameters parameters = new FileParameters(weights, network);
            if (fused.Count > 0) parameters = new FusedParameters(parameters, component, fused);
            return build(new(component, new CancellableParameters(parameters, cancellationToken), Backend, modules, precision));
        }
    }

    /// <summary>The autoencoder of a component's folder by itself; its packed weights go into <paramref name="modules"/>.</summary>
    /// <exception cref="WeightsException">The folder is not one of an autoencoder that this program runs.</exception>
    public static IAutoencoder LoadVae(string path, Backend backend, ModuleTable modules, ElementType? precision = null)
    {
        var folder = ComponentFolder.Open(path);
        var weights = folder.OpenWeights();
        modules.Own(weights);
        return BuildVae(new("vae", new FileParameters(weights, "VAE"), backend, modules, precision ?? backend.DefaultPrecision), folder);
    }

    static IAutoencoder BuildVae(Scope scope, ComponentFolder folder)
    {
        folder.RequireClass("AutoencoderKL", "AutoencoderTiny");
        return folder.Class == "AutoencoderTiny"
            ? new AutoencoderTiny(scope, TinyConfig.Parse(folder.Config))
            : new AutoencoderKL(scope, VaeConfig.Parse(folder.Config));
    }

    /// <summary>
    /// The names of all modules that LoRA can attach to. Known from the configs alone, by building the networks on a backend
    /// that computes nothing: LoRA files have to be read before weights are packed when they are to be merged.
    /// </summary>
    public static IReadOnlySet<string> ModuleNames(ModelFolder folder, string? otherUnet = null)
    {
        using var components = new Components(folder, otherUnet, new DryBackend(), ElementType.Float32);
        components.Build([], default);
        return components.Modules.Targets.Keys.ToHashSet();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var lora in Loras) lora.Dispose();
        Modules.Dispose();
        vaeModules.Dispose();
    }
}
