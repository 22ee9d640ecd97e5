using System.Globalization;
using System.Text;
using System.Text.Json;
using PureLcm.Canvas.Making;
using PureLcm.Canvas.Serving;
using PureLcm.Model.Random;

namespace PureLcm.Canvas.OpenAi;

/// <summary>
/// A body of POST /v1/images/generations. Each field of OpenAI's is followed, or refused by name where it asks for what isn't done
/// here; fields of our own (steps, guidance, seed, negative_prompt, loras) say what OpenAI's have no word for.
/// </summary>
sealed record GenerationRequest
{
    /// <summary>How strongly a LoRA can be asked to act, either way.</summary>
    const float MostLora = 10;

    /// <summary>What one picture is to be; the first, where there are several.</summary>
    public required PictureRequest Picture { get; init; }

    /// <summary>How many pictures, of seeds that follow one another.</summary>
    public required int Count { get; init; }

    /// <summary>Whether the answer has a link to each picture in place of the picture.</summary>
    public required bool AsLinks { get; init; }

    /// <summary>Whether the answer is a stream of events.</summary>
    public required bool IsStream { get; init; }

    /// <summary>The i-th picture: its seed is i more.</summary>
    public PictureRequest PictureAt(int i) => i == 0 ? Picture : Picture with { Seed = (uint)(Picture.Seed.Bits + (ulong)i) };

    /// <summary>Reads a body.</summary>
    /// <exception cref="ApiException">400 or 404: the first thing that is wrong with it.</exception>
    public static GenerationRequest Read(ReadOnlySpan<byte> body, IReadOnlyList<ServedModel> models, ServerLimits limits)
    {
        string? prompt = null, negative = null, modelName = null, size = null, responseFormat = null;
        int? count = null, steps = null, partials = null;
        double? guidance = null;
        Seed? seed = null;
        bool? stream = null;
        Dictionary<string, float> loras = [];
        StrictFields.Read(body, (string name, ref Utf8JsonReader value) =>
        {
            switch (name)
            {
                case "prompt": prompt = StrictFields.Text(name, ref value); break;
                case "negative_prompt": negative = StrictFields.Text(name, ref value); break;
                case "model": modelName = StrictFields.Text(name, ref value); break;
                case "n": count = StrictFields.Whole(name, ref value, 1, limits.Pictures); break;
                case "size": size = StrictFields.Text(name, ref value); break;
                case "response_format": responseFormat = OneOf(name, ref value, ["url", "b64_json"]); break;
                case "stream": stream = StrictFields.Truth(name, ref value); break;
                case "partial_images": partials = StrictFields.Whole(name, ref value, 0, limits.Partials); break;
                case "steps": steps = StrictFields.Whole(name, ref value, 1, limits.Steps); break;
                case "guidance": guidance = StrictFields.Real(name, ref value, 0, 100); break;
                case "seed": seed = ReadSeed(ref value); break;
                case "loras": ReadLoras(ref value, loras); break;
                case "user": StrictFields.Text(name, ref value); break; // whose picture it is, is not asked
                case "moderation": OneOf(name, ref value, ["auto", "low"]); break; // nobody looks at words and pictures but their maker
                case "quality": Only(name, ref value, ["auto", "standard"], "steps says how much work a picture gets"); break;
                case "output_format": Only(name, ref value, ["png"], "pictures are PNG files"); break;
                case "background": Only(name, ref value, ["auto", "opaque"], "pictures have no transparent parts"); break;
                case "style": Only(name, ref value, [], "say it in the prompt, or with loras"); break;
                case "output_compression":
                    if (StrictFields.Whole(name, ref value, 0, 100) is not (null or 100))
                        throw NotFollowed(name, "PNG files lose nothing");
                    break;
                default: return false;
            }
            return true;
        });

        var model = ModelOf(modelName, models);
        foreach (string name in loras.Keys)
            if (!model.Loras.Any(lora => lora.Name == name))
            {
                string known = Known(model.Loras.Select(lora => lora.Name), "the server was started without any");
                throw ApiException.Bad($"there is no LoRA {StrictFields.Shown(name)} here; {known}", "loras", "invalid_value");
            }
        if (prompt is null)
            throw ApiException.Bad("prompt is missing: say what the picture shows", "prompt", "missing_required_parameter");
        RequirePrompt("prompt", prompt, limits);
        RequirePrompt("negative_prompt", negative ?? "", limits);
        if (partials is not null && stream != true)
            throw ApiException.Bad("partial_images are events of a stream: add \"stream\": true", "partial_images", "invalid_value");
        if (stream == true && count > 1)
            throw ApiException.Bad("a stream shows one picture: n has to be 1, or stream false", "n", "invalid_value");
        if (stream == true && responseFormat == "url")
            throw ApiException.Bad("a stream has pictures and no links: response_format has to be b64_json, or stream false",
                "response_format", "invalid_value");
        var sides = SizeOf(size, model, limits);
        return new()
        {
            Picture = new()
            {
                Model = model.Id,
                Prompt = prompt,
                NegativePrompt = negative ?? "",
                Width = sides?.Width,
                Height = sides?.Height,
                Steps = steps,
                Guidance = guidance,
                Seed = seed ?? Seed.Draw(),
                Loras = loras,
                Partials = partials ?? 0,
            },
            Count = count ?? 1,
            AsLinks = responseFormat != "b64_json",
            IsStream = stream == true,
        };
    }

    /// <summary>The model of a name; the first where none is said.</summary>
    /// <exception cref="ApiException">404.</exception>
    public static ServedModel ModelOf(string? name, IReadOnlyList<ServedModel> models) =>
        name is null ? models[0] : models.FirstOrDefault(model => model.Id == name)
            ?? throw new ApiException(404,
                $"there is no model {StrictFields.Shown(name)} here; {Known(models.Select(model => model.Id), "")}",
                "model", "model_not_found");

    static (int Width, int Height)? SizeOf(string? size, ServedModel model, ServerLimits limits)
    {
        if (size is null or "auto") return null;
        string[] sides = size.Split('x');
        if (sides.Length != 2 || !Side(sides[0], out int width) || !Side(sides[1], out int height))
            throw ApiException.Bad($"size has to be auto, or width and height such as {model.Width}x{model.Height}", "size",
                "invalid_value");
        int most = Math.Max(limits.Side, Math.Max(model.Width, model.Height));
        if (width > most || height > most) throw ApiException.Bad($"size may be {most}x{most} at most", "size", "invalid_value");
        if (width < 1 || height < 1 || width % model.Multiple != 0 || height % model.Multiple != 0)
            throw ApiException.Bad($"size has to be of multiples of {model.Multiple}, such as {model.Width}x{model.Height}", "size",
                "invalid_value");
        return (width, height);

        static bool Side(string text, out int side) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out side);
    }

    static void RequirePrompt(string name, string text, ServerLimits limits)
    {
        if (text.Length > limits.PromptLength)
            throw ApiException.Bad($"{name} may have {limits.PromptLength} characters at most", name, "string_above_max_length");
    }

    static Seed? ReadSeed(ref Utf8JsonReader value)
    {
        if (value.TokenType == JsonTokenType.Null) return null;
        const string wanted = "a whole number from -2^63 to 2^64-1";
        if (value.TokenType != JsonTokenType.Number) throw StrictFields.Wrong("seed", wanted);
        return Seed.TryParse(Encoding.ASCII.GetString(value.ValueSpan), out var seed) ? seed
            : throw ApiException.Bad($"seed has to be {wanted}", "seed", "invalid_value");
    }

    static void ReadLoras(ref Utf8JsonReader value, Dictionary<string, float> loras)
    {
        if (value.TokenType == JsonTokenType.Null) return;
        if (value.TokenType != JsonTokenType.StartObject)
            throw StrictFields.Wrong("loras", "an object of names and weights, such as {\"lcm\": 1}");
        StrictFields.ReadObject(ref value, "loras", (string name, ref Utf8JsonReader weight) =>
        {
            var number = StrictFields.Real($"loras.{StrictFields.Shown(name)}", ref weight, -MostLora, MostLora);
            if (number is not null) loras[name] = (float)number;
            return true;
        });
    }

    static string? OneOf(string name, ref Utf8JsonReader value, string[] allowed)
    {
        string? text = StrictFields.Text(name, ref value);
        return text is null || allowed.Contains(text) ? text
            : throw ApiException.Bad($"{name} has to be {string.Join(" or ", allowed)}", name, "invalid_value");
    }

    /// <summary>A field of OpenAI's of which only what is done anyway can be asked for.</summary>
    static void Only(string name, ref Utf8JsonReader value, string[] allowed, string instead)
    {
        if (StrictFields.Text(name, ref value) is { } text && !allowed.Contains(text)) throw NotFollowed(name, instead);
    }

    static ApiException NotFollowed(string name, string instead) =>
        ApiException.Bad($"this value of {name} is not followed here ({instead}): leave it out", name, "unsupported_parameter");

    static string Known(IEnumerable<string> names, string none) =>
        names.ToArray() is { Length: > 0 } known ? $"there is {string.Join(", ", known)}" : none;
}
