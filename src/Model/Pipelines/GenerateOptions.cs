using System.Globalization;
using PureLcm.Kernels;
using PureLcm.Model.ControlNet;
using PureLcm.Model.Inspect;
using PureLcm.Model.Layers;
using PureLcm.Model.Lora;
using PureLcm.Model.Pictures;
using PureLcm.Model.Random;
using PureLcm.Model.Schedulers;
using PureLcm.Weights;

namespace PureLcm.Model.Pipelines;

/// <summary>A LoRA file and how strongly it acts.</summary>
/// <param name="Path">A .safetensors file.</param>
/// <param name="Weight">1 for what it was trained to do.</param>
public sealed record LoraChoice(string Path, float Weight = 1);

/// <summary>How a model is loaded.</summary>
public sealed record LoadOptions
{
    /// <summary>
    /// Whether the latent consistency LoRA that lies in the model's folder as <c>loras/lcm.safetensors</c> is on; a folder
    /// without one has none to switch on.
    /// </summary>
    public bool Lcm { get; init; } = true;

    /// <summary>Further LoRAs.</summary>
    public IReadOnlyList<LoraChoice> Loras { get; init; } = [];

    /// <summary>
    /// Whether LoRAs are merged into the weights: faster in each step, but fixed, and rounded to the file's type.
    /// </summary>
    public bool Fuse { get; init; }

    /// <summary>
    /// How activations are stored: fp16 or bf16 on devices that can, where it halves memory and traffic; the device's own choice
    /// when null. A VAE whose config says force_upcast is never run in fp16.
    /// </summary>
    public ElementType? Precision { get; init; }

    /// <summary>
    /// ControlNets to load beside the model, each a folder in diffusers' layout or a single file; <see cref="GenerateOptions.Controls"/>
    /// says what they are to follow. One that steers by several pictures need be loaded once only.
    /// </summary>
    public IReadOnlyList<string> Controls { get; init; } = [];

    /// <summary>A folder with another UNet than the model's (config.json and weights); the model's own when null.</summary>
    public string? Unet { get; init; }
}

/// <summary>What to make. Everything that is null takes the value that gives a good picture with the model.</summary>
public sealed record GenerateOptions
{
    /// <summary>Steps of the sampler: 4 with latent consistency, else 25.</summary>
    public int? Steps { get; init; }

    /// <summary>
    /// How much the prompt counts: at 1 or less one pass a step; above, a second pass with the negative prompt and
    /// e = e_neg + guidance (e_pos - e_neg). Ho and Salimans 2022, arXiv:2207.12598. 1 with latent consistency, else 7.5; a
    /// UNet with embedded guidance takes it as an input instead, 8.5 unless said.
    /// </summary>
    public double? Guidance { get; init; }

    /// <summary>What the picture should not show. Without effect where <see cref="Guidance"/> takes no second pass.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>The seed of torch's CPU generator: the same picture as diffusers makes with it.</summary>
    public Seed Seed { get; init; }

    /// <summary>Width in pixels; the model's own unless said. A multiple of the VAE's reduction, 8.</summary>
    public int? Width { get; init; }

    /// <summary>Height in pixels; the model's own unless said. A multiple of the VAE's reduction, 8.</summary>
    public int? Height { get; init; }

    /// <summary>How many pictures. Together they are torch's batch of that many from the one seed.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Which of them to make, from 0; all when null.</summary>
    public int? Index { get; init; }

    /// <summary>Which LoRAs act, and how strongly; when null as the model was loaded with. Of no effect on merged ones.</summary>
    public IReadOnlyList<LoraWeight>? Loras { get; init; }

    /// <summary>What the picture follows, through ControlNets that the model was loaded with; what several say is added up.</summary>
    public IReadOnlyList<ControlChoice> Controls { get; init; } = [];

    /// <summary>The sampler: <see cref="SchedulerKind.Lcm"/> with latent consistency, else <see cref="SchedulerKind.Ddim"/>.</summary>
    public SchedulerKind? Scheduler { get; init; }

    /// <summary>What scheduler_config.json says, instead of the model folder's: another spacing, another prediction type.</summary>
    public Config? SchedulerConfig { get; init; }

    /// <summary>
    /// A picture to begin with, in place of noise alone; one of another size than asked for is resized (Lanczos). Where no size is
    /// asked for, pictures are as large as this one, rounded down to what the VAE can have. Meng et al. 2021, arXiv:2108.01073.
    /// </summary>
    public Picture? Image { get; init; }

    /// <summary>
    /// How far the pictures go from <see cref="Image"/>, 0 to 1: at 1 almost nothing of it is left, or, inside a mask, nothing at
    /// all. 0.8 unless said, and 1 with a <see cref="Mask"/>.
    /// </summary>
    public double? Strength { get; init; }

    /// <summary>What <see cref="Strength"/> means; <see cref="StrengthMode.Inside"/> for the sampler lcm unless said.</summary>
    public StrengthMode? StrengthMode { get; init; }

    /// <summary>
    /// What of <see cref="Image"/> is repainted: where this picture, of the same size, is white (half bright or more). The rest
    /// stays, but for what encoding and decoding cost. Null for all of it.
    /// </summary>
    public Picture? Mask { get; init; }

    /// <summary>Told about each stage and step.</summary>
    public IProgress<GenerationProgress>? Progress { get; init; }

    /// <summary>Shown the latent after each step, in torch's order.</summary>
    public Action<StepLatent>? OnStep { get; init; }

    /// <summary>Shown the picture as it comes to be; nothing is decoded on the way when null.</summary>
    public Previews? Previews { get; init; }

    /// <summary>Sees the modules' outputs, and may change them.</summary>
    public Observer? Observer { get; init; }

    /// <summary>The options with every choice made: what the pictures will be made with.</summary>
    /// <exception cref="ModelException">A choice is impossible: a size that the VAE can't have, no pictures.</exception>
    internal GenerateOptions Resolve(LoadedModel model)
    {
        int reduction = model.Vae.Reduction, own = model.Unet.Config.SampleSize * reduction;
        ArgumentNullException.ThrowIfNull(NegativePrompt);
        var loras = Loras is null ? model.LoraWeights : [.. Loras]; // the caller may change its list meanwhile
        CheckLoras(loras, model);
        bool few = model.IsLatentConsistency(loras);
        RequirePicture(model);
        var resolved = this with
        {
            Loras = loras,
            Scheduler = Scheduler ?? (few ? SchedulerKind.Lcm : SchedulerKind.Ddim),
            Steps = Steps ?? (few ? 4 : 25),
            Guidance = Guidance ?? (model.HasEmbeddedGuidance ? 8.5 : few ? 1 : 7.5),
            Width = Width ?? OfImage(Image?.Width) ?? own,
            Height = Height ?? OfImage(Image?.Height) ?? own,
        };
        if (Image is not null)
        {
            var usual = resolved.Scheduler == SchedulerKind.Lcm ? Pipelines.StrengthMode.Inside : Pipelines.StrengthMode.Drop;
            resolved = resolved with { Strength = Strength ?? (Mask is null ? 0.8 : 1), StrengthMode = StrengthMode ?? usual };
        }
        if (resolved.StrengthMode == Pipelines.StrengthMode.Inside && resolved.Scheduler != SchedulerKind.Lcm)
            throw new ChoiceException(
                $"only the scheduler lcm puts its steps inside a strength, {resolved.Scheduler.Value.Name()} drops the first: "
                + "take the strength mode drop");
        foreach (int side in (int[])[resolved.Width.Value, resolved.Height.Value])
            if (side <= 0 || side % reduction != 0 || side > 16384)
                throw new ChoiceException($"a picture of {resolved.Width}x{resolved.Height} can't be made: width and height must be multiples of {reduction} from {reduction} to 16384; try {Nearest(resolved.Width.Value)}x{Nearest(resolved.Height.Value)}");
        if (resolved.Count is < 1 or > 10000)
            throw new ChoiceException($"{resolved.Count} pictures can't be made: ask for 1 to 10000");
        if (resolved.Index is < 0 || resolved.Index >= resolved.Count)
            throw new ChoiceException($"there is no picture {resolved.Index} among {resolved.Count}, which are counted from 0");
        if (!(Math.Abs(resolved.Guidance.Value) <= 1e4))
            throw new ChoiceException("guidance must be a number of up to 10000, such as 1 or 7.5");
        foreach (var control in Controls) control.Require(model.Controls.Count);
        return resolved;

        int? OfImage(int? side) => side is null ? null : Math.Max(side.Value / reduction, 1) * reduction;

        int Nearest(int side) => Math.Clamp((side + reduction / 2) / reduction, 1, 16384 / reduction) * reduction;
    }

    /// <summary>Refuses what can't be meant of a picture to begin with.</summary>
    void RequirePicture(LoadedModel model)
    {
        if (Strength is { } strength && strength is not (>= 0 and <= 1))
            throw new ChoiceException(string.Create(CultureInfo.InvariantCulture, $"a strength of {strength} is not between 0 and 1"));
        if (Image is null && Mask is not null)
            throw new ChoiceException("a mask says what of a picture is repainted, and there is no picture: give it with --image");
        if (Image is null && (Strength ?? (double?)(int?)StrengthMode) is not null)
            throw new ChoiceException("a strength says how far to go from a picture, and there is no picture: give it with --image");
        if (model.IsInpainting && Mask is null)
            throw new ChoiceException(
                $"{model.Source.Name} has an inpainting UNet, which repaints a part of a picture and can do nothing else: give it the "
                + "picture with --image, and what to repaint in white with --mask");
        if (Mask is not null && (Mask.Width, Mask.Height) != (Image!.Width, Image.Height))
            throw new ChoiceException(
                $"the mask is of {Mask.Width}x{Mask.Height} pixels and its picture of {Image.Width}x{Image.Height}: make them of one size");
    }

    /// <summary>
    /// What to count for a model of which nothing is asked yet: a picture of its own size, repainted if it does only that.
    /// </summary>
    internal static GenerateOptions Usual(LoadedModel model)
    {
        if (!model.IsInpainting) return new();
        int side = model.Unet.Config.SampleSize * model.Vae.Reduction;
        var any = new Picture(side, side, new byte[3 * side * side]);
        return new() { Image = any, Mask = any };
    }

    /// <summary>LoRAs of another model would have no effect, one that is named twice would act twice, and what is no number makes none.</summary>
    static void CheckLoras(IReadOnlyList<LoraWeight> loras, LoadedModel model)
    {
        var seen = new HashSet<AttachedLora>();
        foreach (var (lora, weight) in loras)
        {
            if (lora is null) throw new ArgumentException("a LoRA is null", nameof(Loras));
            if (!model.Loras.Contains(lora)) throw new ArgumentException($"the LoRA {lora.File.Path} is not attached to this model: take those of its LoraWeights", nameof(Loras));
            if (!seen.Add(lora)) throw new ArgumentException($"the LoRA {lora.File.Path} is named twice", nameof(Loras));
            if (!float.IsFinite(weight)) throw new ChoiceException($"{lora.File.Path}: a LoRA's weight must be a finite number, such as 0.8");
        }
    }

    // What follows of options that are resolved.

    /// <summary>
    /// The sampler, with the steps that a picture to begin with leaves. The published pipelines with ControlNets take its
    /// configuration at its word, others correct it.
    /// </summary>
    internal Scheduler CreateScheduler(LoadedModel model)
    {
        bool inside = Image is not null && StrengthMode == Pipelines.StrengthMode.Inside;
        int steps = Steps!.Value;
        var scheduler = Schedulers.Scheduler.Create(
            Scheduler!.Value, SchedulerConfig ?? model.SchedulerConfig, steps, inside ? Strength!.Value : 1,
            imagePipeline: Controls.Count == 0);
        if (Image is null || inside) return scheduler;
        int taken = Math.Min((int)(steps * Strength!.Value), steps); // in double, as Python's int
        if (taken == 0)
            throw new ChoiceException(string.Create(CultureInfo.InvariantCulture,
                $"a strength of {Strength} leaves none of {steps} steps to take: ask for a strength of {LeastStrength(steps)} or more, or for more steps"));
        return scheduler.WithoutFirst(steps - taken);
    }

    /// <summary>A strength of two digits that leaves a step.</summary>
    internal static double LeastStrength(int steps) => Math.Ceiling(100.0 / steps) / 100;

    /// <summary>Whether nothing of a picture is in the first latent: words alone, or all inside the mask is made anew.</summary>
    internal bool BeginsFromNoise => Image is null || Mask is not null && Strength == 1;

    /// <summary>Whether the latent of the whole picture is needed: to begin with, or for what stays outside the mask.</summary>
    internal bool NeedsPicture(LoadedModel model) => Image is not null && !(BeginsFromNoise && model.IsInpainting);

    /// <summary>The texts that are encoded: the negative prompt counts where the guidance takes a second pass for it.</summary>
    internal IReadOnlyList<string> Texts(LoadedModel model, string prompt) => Guidance > 1 && !model.HasEmbeddedGuidance ? [NegativePrompt, prompt] : [prompt];

    /// <summary>The ControlNets that act, with their pictures; null where none does.</summary>
    internal ActiveControls? EmbedControls(Run run, LoadedModel model, int passes) =>
        Controls.Count == 0 ? null : ActiveControls.Embed(run, model.Controls, Controls, Width!.Value, Height!.Value, passes);

    /// <summary>A picture's latent, [1,h,w,4].</summary>
    internal Shape LatentShape(LoadedModel model) => Shape.Image(1, Height!.Value / model.Vae.Reduction, Width!.Value / model.Vae.Reduction, model.Vae.LatentChannels);
}

/// <summary>
/// The two published meanings of a strength: how many steps are taken, and from where. At 1 they are the same.
/// </summary>
public enum StrengthMode
{
    /// <summary>
    /// All steps are taken, within the strength: at 0.5, 4 steps are spread over the cleaner half of the timesteps. diffusers'
    /// LatentConsistencyModelImg2ImgPipeline.
    /// </summary>
    Inside,
    /// <summary>
    /// The first steps are left out: at 0.5, the last 2 of 4 are taken. diffusers' StableDiffusionImg2ImgPipeline and
    /// StableDiffusionInpaintPipeline.
    /// </summary>
    Drop,
}

/// <summary>What a run is doing.</summary>
public enum GenerationStage
{
    /// <summary>Encoding the prompt.</summary>
    Text,
    /// <summary>Turning the picture to begin with into a latent.</summary>
    Encode,
    /// <summary>A step of the sampler.</summary>
    Denoise,
    /// <summary>Turning the latent into a picture.</summary>
    Decode,
}

/// <summary>Where a run is: <paramref name="Step"/> of <paramref name="Steps"/> are done in this stage of this picture.</summary>
/// <param name="Stage">What it is doing.</param>
/// <param name="Picture">Which picture, from 0.</param>
/// <param name="Pictures">Of how many.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Steps">Of how many.</param>
public readonly record struct GenerationProgress(GenerationStage Stage, int Picture, int Pictures, int Step, int Steps);

/// <summary>A latent in the middle of a run.</summary>
/// <param name="Picture">Which picture, from 0.</param>
/// <param name="Step">After which step, from 0.</param>
/// <param name="Timestep">The step's timestep.</param>
/// <param name="Sides">The latent's shape in torch's order, [1,4,h,w].</param>
/// <param name="Values">Row-major.</param>
public sealed record StepLatent(int Picture, int Step, float Timestep, int[] Sides, float[] Values);
