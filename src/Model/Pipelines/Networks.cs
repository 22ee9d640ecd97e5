using PureLcm.Kernels;
using PureLcm.Model.Clip;
using PureLcm.Model.ControlNet;
using PureLcm.Model.Layers;
using PureLcm.Model.Unet;
using PureLcm.Model.Vae;
using PureLcm.Weights;

namespace PureLcm.Model.Pipelines;

/// <summary>The networks of a Stable Diffusion model, built from its configurations and packed for one backend.</summary>
public sealed class Networks : IDisposable
{
    readonly ModuleTable vaeModules = new(), controlModules = new();

    Networks() { }

    /// <summary>From tokens to the states that the UNet reads.</summary>
    public TextEncoder TextEncoder { get; private set; } = null!;

    /// <summary>From a noisy latent and the words' states to the noise in it.</summary>
    public UNet Unet { get; private set; } = null!;

    /// <summary>Between latents and pictures, large or tiny.</summary>
    public IAutoencoder Vae { get; private set; } = null!;

    /// <summary>What steers the UNet by pictures, in the order in which they were asked for.</summary>
    public IReadOnlyList<ControlNetModel> Controls { get; private set; } = [];

    /// <summary>The modules that LoRA can attach to: the text encoder's and the UNet's.</summary>
    public ModuleTable Modules { get; } = new();

    /// <summary>Bytes that all packed weights take.</summary>
    public long Bytes => Modules.Bytes + vaeModules.Bytes + controlModules.Bytes;

    /// <summary>Builds the networks. On a <see cref="Kernels.Dry.DryBackend"/> no weight is read, only its shape looked at.</summary>
    /// <param name="source">Where the model comes from.</param>
    /// <param name="backend">What the weights are packed for.</param>
    /// <param name="precision">How activations are stored.</param>
    /// <param name="controls">The ControlNets' files, which stay open while the networks live.</param>
    /// <param name="change">Changes a component's parameters on their way, to merge something into them; null for none.</param>
    /// <param name="cancellationToken">Ends the building between two weights; what was packed is freed.</param>
    /// <exception cref="ModelException">The model's parts don't fit one another.</exception>
    /// <exception cref="WeightsException">A file is missing or malformed.</exception>
    internal static Networks Build(IModelSource source, Backend backend, ElementType precision, ControlFiles controls, Func<string, IParameters, IParameters>? change = null,
        CancellationToken cancellationToken = default)
    {
        var networks = new Networks();
        try
        {
            var (textConfig, unetConfig) = ModelChecks.Require(source);
            networks.Unet = new(Place("unet", "UNet", networks.Modules), unetConfig);
            networks.Vae = BuildVae(Place("vae", "VAE", networks.vaeModules), source.ClassOf("vae"), source.ConfigOf("vae"));
            networks.Controls = [.. controls.Items.Select((file, i) => BuildControl(file, i))];
            // Last, since the vocabulary is read meanwhile: whether the encoder's table has a row for each of its words.
            ModelChecks.Fit(source.Path, source.TokenizerOf("tokenizer"), textConfig, out _);
            networks.TextEncoder = new(Place("text_encoder", "text encoder", networks.Modules), textConfig);
            return networks;
        }
        catch
        {
            networks.Dispose();
            throw;
        }

        Scope Place(string component, string network, ModuleTable modules)
        {
            IParameters parameters = new CancellableParameters(new FileParameters(source.WeightsOf(component), network), cancellationToken);
            return new(component, change is null ? parameters : change(component, parameters), backend, modules, precision);
        }

        // Several go by the names that they have in diffusers' MultiControlNetModel.
        ControlNetModel BuildControl(ControlFiles.Item file, int i)
        {
            var config = file.ConfigFor(source.Name, networks.Unet.Config);
            ControlChecks.Reduction(file.Path, config, source.Name, networks.Vae.Reduction);
            var parameters = new CancellableParameters(new FileParameters(file.Weights, "ControlNet"), cancellationToken);
            return new(new(controls.Items.Count == 1 ? "controlnet" : $"controlnet.nets.{i}", parameters, backend, networks.controlModules, precision), config);
        }
    }

    /// <summary>The autoencoder of a component's folder by itself; its packed weights go into <paramref name="modules"/>.</summary>
    /// <exception cref="WeightsException">The folder is not one of an autoencoder that this program runs.</exception>
    public static IAutoencoder LoadVae(string path, Backend backend, ModuleTable modules, ElementType? precision = null)
    {
        var folder = ComponentFolder.Open(path);
        var weights = folder.OpenWeights();
        modules.Own(weights);
        return BuildVae(new("vae", new FileParameters(weights, "VAE"), backend, modules, precision ?? backend.DefaultPrecision), folder.Class, folder.Config);
    }

    static IAutoencoder BuildVae(Scope scope, string type, Config config) => type switch
    {
        "AutoencoderTiny" => new AutoencoderTiny(scope, TinyConfig.Parse(config)),
        "AutoencoderKL" => new AutoencoderKL(scope, VaeConfig.Parse(config)),
        _ => throw new WeightsException(config.Path, $"it is of the class {type}, which is not supported yet", "this version runs AutoencoderKL, AutoencoderTiny there"),
    };

    /// <summary>Frees the packed weights.</summary>
    public void Dispose()
    {
        Modules.Dispose();
        vaeModules.Dispose();
        controlModules.Dispose();
    }
}
