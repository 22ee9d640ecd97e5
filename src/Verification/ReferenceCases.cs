using System.Text.Json;
using PureLcm.Kernels;
using PureLcm.Kernels.Reference;
using PureLcm.Model;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Layers;
using PureLcm.Model.Pictures;
using PureLcm.Weights;

namespace PureLcm.Verification;

/// <summary>
/// Runs a folder of reference cases: <c>cases/NAME/CASE.json</c> says what was run, <c>CASE.safetensors</c> beside it holds inputs
/// and outputs, <c>models/</c> the models. This is how the program is held to diffusers: by its own tests, and by anyone with
/// <c>lcm verify</c>.
/// </summary>
/// <param name="folder">The folder that has cases/ and perhaps models/.</param>
/// <param name="defaultModel">The folder of the model that cases call "default".</param>
/// <param name="backend">What computes.</param>
/// <param name="precision">
/// How networks store their activations. In 16 bits a case runs twice, the second time on plain loops that round likewise:
/// what that costs is the measure.
/// </param>
public sealed class ReferenceCases(string folder, string defaultModel, Backend backend, ElementType precision = ElementType.Float32)
{
    /// <summary>The cases, by folder and file: <c>sd15/unet</c>.</summary>
    /// <exception cref="ModelException">The folder has no cases.</exception>
    public IReadOnlyList<string> Names()
    {
        string cases = Path.Combine(folder, "cases");
        if (!Directory.Exists(cases))
            throw new ModelException($"{folder}: there is no folder cases in it, so it holds no reference cases; name a folder with cases/NAME/CASE.json and CASE.safetensors");
        string[] names = [.. Directory.EnumerateFiles(cases, "*.json", SearchOption.AllDirectories)
            .Select(file => Path.ChangeExtension(Path.GetRelativePath(cases, file), null).Replace('\\', '/')).Order(StringComparer.Ordinal)];
        return names.Length > 0 ? names : throw new ModelException($"{cases}: there is no case in it; a case is a CASE.json that says what was run, with CASE.safetensors beside it");
    }

    /// <summary>Runs one case. Whatever goes wrong in it is its result; only cancellation and running out of memory end the whole.</summary>
    /// <param name="name">As <see cref="Names"/> gives it.</param>
    /// <param name="full">Whether to run cases of full-size models, which take long.</param>
    /// <param name="cancellation">Ends the run.</param>
    public CaseResult Run(string name, bool full = false, CancellationToken cancellation = default)
    {
        string path = Path.Combine(folder, "cases", name + ".json");
        string kind = "?";
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            kind = document.RootElement.GetProperty("kind").GetString() ?? "?";
            if (kind.StartsWith("full_", StringComparison.Ordinal) && !full)
                return new(name, kind, Verdict.Skipped, [], "a model at its real size takes minutes: ask for it with --full");
            IReadOnlyList<Comparison>? comparisons = null;
            string remark = $"cases of kind {kind} are not supported yet";
            if (kind == "tokenizer") comparisons = new TokenizerCase(folder, defaultModel).Run(document.RootElement);
            else
            {
                using var tensors = SafetensorsFile.Open(Path.ChangeExtension(path, ".safetensors"));
                var reference = new Case(document.RootElement, tensors, this);
                if (reference.WhyNot() is { } reason) return new(name, kind, Verdict.Unsupported, [], reason);
                comparisons = Compare(reference, kind, cancellation);
                if (comparisons is not null && Precision != ElementType.Float32 && backend is not ReferenceBackend && !kind.StartsWith("full_", StringComparison.Ordinal))
                    comparisons = AllowRounding(comparisons, document.RootElement, tensors, kind, cancellation);
            }
            if (comparisons is null) return new(name, kind, Verdict.Unsupported, [], remark);
            return new(name, kind, comparisons.Count > 0 && comparisons.All(comparison => comparison.Passed) ? Verdict.Passed : Verdict.Failed, comparisons);
        }
        catch (Exception e) when (e is ModelException or WeightsException or IOException or JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return new(name, kind, Verdict.Failed, [], e.Message);
        }
        finally
        {
            backend.Trim();
        }
    }

    static IReadOnlyList<Comparison>? Compare(Case reference, string kind, CancellationToken cancellation) => kind switch
    {
        "text" => NetworkCases.Text(reference, cancellation),
        "unet" => NetworkCases.Unet(reference, cancellation),
        "vae" => NetworkCases.Vae(reference, cancellation),
        "taesd" => NetworkCases.Taesd(reference, cancellation),
        "txt2img" or "img2img" or "img2img_lcm" or "inpaint" or "controlnet" => PictureCase.Run(reference, kind, cancellation),
        "randn" => SamplerCases.Randn(reference),
        "lcm_scheduler" => SamplerCases.Lcm(reference),
        "full_sd15" => FullSd15Case.Run(reference, cancellation),
        _ => null,
    };

    IReadOnlyList<Comparison> AllowRounding(IReadOnlyList<Comparison> ours, JsonElement json, SafetensorsFile tensors, string kind, CancellationToken cancellation)
    {
        using var narrow = new ReferenceBackend(narrow: true);
        var exact = new Case(json, tensors, new(folder, defaultModel, narrow, precision));
        var rounded = Compare(exact, kind, cancellation)!.ToDictionary(comparison => comparison.Name);
        return [.. ours.Select(comparison => comparison.Allowing(rounded[comparison.Name].RelativeError))];
    }

    internal Backend Backend => backend;

    internal ElementType Precision { get; } = backend.StoredAs(precision);

    /// <summary>The model's folder; "default" is the program's own model.</summary>
    internal string ModelPath(string model) =>
        model == "default" ? defaultModel
        : model.StartsWith("default/", StringComparison.Ordinal) ? Path.Combine(defaultModel, model["default/".Length..])
        : Path.Combine(folder, model);
}

/// <summary>A case's description and tensors.</summary>
sealed class Case(JsonElement json, SafetensorsFile tensors, ReferenceCases cases)
{
    public JsonElement Json { get; } = json;

    public Backend Backend { get; } = cases.Backend;

    public ElementType Precision { get; } = cases.Precision;

    public string ModelPath => cases.ModelPath(Json.GetProperty("model").GetString()!);

    /// <summary>Why this program doesn't run the case; null if it does.</summary>
    public string? WhyNot()
    {
        if (!Json.TryGetProperty("model", out var model) || !Directory.Exists(cases.ModelPath(model.GetString()!))) return null;
        string index = Path.Combine(ModelPath, "model_index.json");
        if (!File.Exists(index)) return null;
        using var document = JsonDocument.Parse(File.ReadAllBytes(index));
        string pipeline = document.RootElement.GetProperty("_class_name").GetString() ?? "?";
        return ModelChecks.Pipelines.Contains(pipeline) ? null : $"models of {pipeline} are not supported yet";
    }

    public bool Has(string name) => tensors.Tensors.ContainsKey(name);

    public IEnumerable<string> Names => tensors.Tensors.Keys;

    public float[] Floats(string name) => tensors.Find(name).ReadFloats();

    public int[] Ints(string name) => [.. tensors.Find(name).ReadLongs().Select(value => (int)value)];

    public byte[] Bytes(string name) => tensors.Find(name).ReadBytes();

    /// <summary>A picture of the case, [H,W,3] or, of greys, [H,W]; null where it has none of that name.</summary>
    public Picture? Picture(string name)
    {
        if (!Has(name)) return null;
        var (sides, bytes) = (Sides(name), Bytes(name));
        return new(sides[1], sides[0], sides.Length == 3 ? bytes : [.. bytes.SelectMany(grey => (byte[])[grey, grey, grey])]);
    }

    public int[] Sides(string name) => tensors.Find(name).Sides;

    /// <summary>A tensor of the case on the device.</summary>
    public Tensor Upload(string name)
    {
        var sides = Sides(name);
        var shape = sides.Length switch
        {
            4 => Shape.Image(sides[0], sides[2], sides[3], sides[1]), // [N,C,H,W] -> [N,H,W,C]
            3 => Shape.Tokens(sides[0], sides[1], sides[2]),
            _ => Shape.Vectors(sides[0], sides[1]),
        };
        var tensor = Backend.Allocate(shape);
        Backend.UploadTorch(Floats(name), tensor);
        return tensor;
    }

    public Comparison Compare(string name, Tensor ours) => Comparison.OfValues(name, Backend.DownloadTorch(ours), Floats(name));

    public int Int(string key, int missing) => Json.TryGetProperty(key, out var value) ? value.GetInt32() : missing;

    public double Double(string key, double missing) => Json.TryGetProperty(key, out var value) ? value.GetDouble() : missing;

    public string Text(string key, string missing) => Json.TryGetProperty(key, out var value) ? value.GetString() ?? missing : missing;

    /// <summary>The case's LoRAs; none where it names none.</summary>
    public LoraChoice[] Loras() => !Json.TryGetProperty("loras", out var loras) ? []
        : [.. loras.EnumerateArray().Select(lora => new LoraChoice(cases.ModelPath(lora.GetProperty("file").GetString()!), lora.GetProperty("weight").GetSingle()))];

    /// <summary>The case's model with its LoRAs, without any that the case doesn't name.</summary>
    public TextToImage Load()
    {
        var options = new LoadOptions { Lcm = false, Loras = Loras(), Precision = Precision };
        if (Json.TryGetProperty("unet", out var unet)) options = options with { Unet = cases.ModelPath(unet.GetString()!) };
        if (Json.TryGetProperty("controlnet", out var control)) options = options with { Controls = [cases.ModelPath(control.GetString()!)] };
        return TextToImage.Load(ModelPath, options, Backend);
    }
}
