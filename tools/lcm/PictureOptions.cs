using System.CommandLine;
using System.Globalization;
using PureLcm.Kernels;
using PureLcm.Kernels.Cpu;
using PureLcm.Kernels.Gpu;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Schedulers;
using TorchSeed = PureLcm.Model.Random.Seed;

namespace PureLcm.Tools;

/// <summary>The options of the commands that make pictures.</summary>
sealed class PictureOptions
{
    public Argument<string> Prompt { get; } = new("prompt") { Description = "What the picture shows." };

    public Option<string?> Model { get; } = new("--model") { Description = "A model's folder in diffusers' layout; the embedded picture book if not given.", HelpName = "FOLDER" };

    public Option<string[]> Lora { get; } = new("--lora") { Description = "A LoRA file, and how strongly it acts (1 if not said). May be given several times.", HelpName = "FILE[:WEIGHT]" };

    public Option<bool> NoLcm { get; } = new("--no-lcm") { Description = "Without the LCM-LoRA that comes with the model." };

    public Option<bool> Fuse { get; } = new("--fuse") { Description = "Merge LoRAs into the weights: faster steps, rounded to the file's type." };

    public Option<int?> Steps { get; } = Number("--steps", 1, 1000, "Steps of the sampler: 4 with latent consistency, else 25.");

    public Option<double?> Guidance { get; } = Real("--guidance", "How much the prompt counts: 1 with latent consistency, else 7.5. Above 1, each step takes two passes.", "G", 7.5);

    public Option<string> Negative { get; } = new("--negative") { Description = "What the picture should not show (with a guidance above 1).", HelpName = "TEXT", DefaultValueFactory = _ => "" };

    public Option<TorchSeed?> Seed { get; } = new("--seed")
    {
        Description = "The same seed makes the same picture, as in diffusers: -2^63 to 2^64-1, of which the low 32 bits count. A random one if not given.", HelpName = "N",
        CustomParser = result => TorchSeed.TryParse(result.Tokens[0].Value, out var seed)
            ? seed : Fail<TorchSeed?>(result, $"--seed {result.Tokens[0].Value} is not a whole number from -2^63 to 2^64-1, such as 7"),
    };

    public Option<(int Width, int Height)?> Size { get; } = new("--size")
    {
        Description = "Width and height in pixels, multiples of 8; the model's own if not given.", HelpName = "WxH",
        CustomParser = result => ParseSize(result.Tokens[0].Value) ?? Fail<(int, int)?>(result, $"--size {result.Tokens[0].Value} is not a width and a height, such as 512x512: multiples of 8 from 8 to 16384"),
    };

    public Option<string?> Image { get; } = new("--image")
    {
        Description = "A picture to begin with: a PNG, JPEG or WebP file, resized to --size; pictures are as large as it is if that "
            + "is not given.",
        HelpName = "FILE",
    };

    public Option<double?> Strength { get; } = Real("--strength",
        "How far to go from --image: from 0, hardly, to 1, almost nothing of it is left. 0.8 if not given, and 1 with a --mask.", "S", 0.6);

    public Option<string?> StrengthMode { get; } = new("--strength-mode")
    {
        Description = "inside takes all steps within the strength (for the scheduler lcm, which does so if this is not given), drop "
            + "leaves the first ones out.",
        HelpName = "inside|drop",
    };

    public Option<string?> Mask { get; } = new("--mask")
    {
        Description = "What of --image is repainted: a picture of its size, white there and black elsewhere.", HelpName = "FILE",
    };

    public Option<int?> Count { get; } = Number("--count", 1, 10000, "How many pictures to make from the seed.");

    public Option<string?> Scheduler { get; } = new("--scheduler") { Description = "lcm, or ddim: the way of before, with many small steps.", HelpName = string.Join('|', SchedulerNames.All) };

    public Option<int?> Threads { get; } = Number("--threads", 1, 1024, "Threads to compute on; one a core if not given. The picture is the same with any number.");

    public Option<string> Device { get; } = new("--device")
    {
        Description = $"What computes: {Devices.Choices}; lcm devices lists them. auto takes a graphics card if there is a good one, else the CPU.",
        HelpName = "DEVICE", DefaultValueFactory = _ => "auto",
        CustomParser = result => IsDevice(result.Tokens[0].Value)
            ? result.Tokens[0].Value : Fail<string>(result, $"--device {result.Tokens[0].Value}: a device is {Devices.Choices}, with a number N from 0 that lcm devices shows"),
    };

    public Option<string?> Precision { get; } = new("--precision") { Description = "How activations are stored on a graphics card or under OpenCL: fp16 on cards and fp32 elsewhere if not given. Sums are always fp32.", HelpName = "fp32|fp16|bf16" };

    public Option<string?> Output { get; } = new("--output", "-o") { Description = "The PNG file to write, or a folder, or - for standard output; a new name made of the prompt if not given.", HelpName = "FILE|FOLDER|-" };

    public PictureOptions()
    {
        Scheduler.AcceptOnlyFromAmong([.. SchedulerNames.All]);
        Precision.AcceptOnlyFromAmong("fp32", "fp16", "bf16");
        StrengthMode.AcceptOnlyFromAmong("inside", "drop");
    }

    /// <summary>A picture's file that was named, read; null where none was.</summary>
    public static Picture? Load(ParseResult result, Option<string?> option) =>
        result.GetValue(option) is { } file ? Picture.Load(file) : null;

    public StrengthMode? Mode(ParseResult result) => result.GetValue(StrengthMode) switch
    {
        "inside" => PureLcm.Model.Pipelines.StrengthMode.Inside,
        "drop" => PureLcm.Model.Pipelines.StrengthMode.Drop,
        _ => null,
    };

    /// <summary>Adds the prompt and so many of the options to a command.</summary>
    public void AddTo(Command command, params Option[] options)
    {
        command.Arguments.Add(Prompt);
        foreach (var option in options) command.Options.Add(option);
    }

    public SchedulerKind? Kind(ParseResult result) => result.GetValue(Scheduler) is { } name ? SchedulerNames.Find(name) : null;

    public LoraChoice[] Loras(ParseResult result) => [.. (result.GetValue(Lora) ?? []).Select(LoraArgument.Parse)];

    /// <summary>The device's backend; what <c>auto</c> has to say about its choice goes to stderr.</summary>
    public Backend Backend(ParseResult result)
    {
        string device = result.GetValue(Device)!;
        int? threads = result.GetValue(Threads);
        var backend = Devices.Open(device, threads ?? 0, out string? notice);
        if (notice is not null) Console.Error.WriteLine(notice);
        if (threads is not null && backend is not CpuBackend) throw Refuse(backend, "--threads is for --device cpu; other devices have their own number");
        if (PrecisionOf(result) is { } precision && backend.StoredAs(precision) != precision)
            throw Refuse(backend, $"--precision {result.GetValue(Precision)}: {backend.Name} stores fp32 and nothing else; leave it out, or take another --device");
        return backend;
    }

    static UsageException Refuse(Backend opened, string message)
    {
        opened.Dispose();
        return new UsageException(message);
    }

    /// <summary>How activations are stored; null for the device's own choice.</summary>
    public ElementType? PrecisionOf(ParseResult result) => result.GetValue(Precision) switch
    {
        "fp32" => ElementType.Float32,
        "fp16" => ElementType.Float16,
        "bf16" => ElementType.BFloat16,
        _ => null,
    };

    /// <summary>The seed that was given, or a new one. Where torch takes it for another number, that is said.</summary>
    public TorchSeed ChosenSeed(ParseResult result)
    {
        if (result.GetValue(Seed) is not { } seed) return TorchSeed.Draw();
        string taken = ((uint)seed.Bits).ToString(CultureInfo.InvariantCulture);
        if (taken != seed.ToString())
            Console.Error.WriteLine($"Seed {seed} is taken as {taken}, its low 32 bits, as torch takes it{(seed == -1 ? "; for a random one leave --seed out" : "")}");
        return seed;
    }

    public static Option<int?> Number(string name, int least, int most, string description) => new(name)
    {
        Description = description, HelpName = "N",
        CustomParser = result => int.TryParse(result.Tokens[0].Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most
            ? number : Fail<int?>(result, $"{name} {result.Tokens[0].Value} is not a whole number from {least} to {most}"),
    };

    static Option<double?> Real(string name, string description, string helpName, double example) => new(name)
    {
        Description = description, HelpName = helpName,
        CustomParser = result => double.TryParse(result.Tokens[0].Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number)
            ? number : Fail<double?>(result, $"{name} {result.Tokens[0].Value} is not a number, such as {example.ToString(CultureInfo.InvariantCulture)}"),
    };

    static (int, int)? ParseSize(string text)
    {
        string[] sides = text.Split('x', 'X');
        return sides.Length == 2 && int.TryParse(sides[0], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            && int.TryParse(sides[1], NumberStyles.None, CultureInfo.InvariantCulture, out int height) && IsSide(width) && IsSide(height) ? (width, height) : null;

        static bool IsSide(int side) => side is >= 8 and <= 16384 && side % 8 == 0;
    }

    /// <summary>Whether a name is one of <see cref="Devices.Choices"/>, with or without a number where they say [:N]; not whether it is there.</summary>
    static bool IsDevice(string text)
    {
        string[] parts = text.Split(':', 2);
        return Devices.Choices.Split([", ", " or "], StringSplitOptions.None).Any(choice =>
            choice == text || choice == parts[0] + "[:N]" && (parts.Length == 1 || parts[1].Length is > 0 and < 6 && parts[1].All(char.IsAsciiDigit)));
    }

    static T? Fail<T>(System.CommandLine.Parsing.ArgumentResult result, string message)
    {
        result.AddError(message);
        return default;
    }
}
