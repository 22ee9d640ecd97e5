namespace PureLcm.Model.Schedulers;

/// <summary>The one list of samplers and of what people call them: here, in diffusers, in A1111's web UI and what followed it.</summary>
public static class SchedulerNames
{
    sealed record Entry(SchedulerKind Kind, string Name, string DiffusersClass, string A1111Name);

    static readonly Entry[] entries =
    [
        new(SchedulerKind.Lcm, "lcm", "LCMScheduler", "LCM"),
        new(SchedulerKind.Ddim, "ddim", "DDIMScheduler", "DDIM"),
    ];

    /// <summary>Our names of all samplers, as <c>--scheduler</c> takes them.</summary>
    public static IReadOnlyList<string> All { get; } = [.. entries.Select(entry => entry.Name)];

    /// <summary>Our name of a sampler.</summary>
    public static string Name(this SchedulerKind kind) => Of(kind).Name;

    /// <summary>The class of scheduler_config.json.</summary>
    public static string DiffusersClass(this SchedulerKind kind) => Of(kind).DiffusersClass;

    /// <summary>The name in the parameters of a picture.</summary>
    public static string A1111Name(this SchedulerKind kind) => Of(kind).A1111Name;

    /// <summary>The sampler that somebody calls so, by any of its names; null where there is none.</summary>
    public static SchedulerKind? Find(string name) =>
        Array.Find(entries, entry => ((string[])[entry.Name, entry.DiffusersClass, entry.A1111Name]).Contains(name, StringComparer.OrdinalIgnoreCase))?.Kind;

    static Entry Of(SchedulerKind kind) => Array.Find(entries, entry => entry.Kind == kind)
        ?? throw new ArgumentOutOfRangeException(nameof(kind), $"no sampler has the number {(int)kind}");
}
