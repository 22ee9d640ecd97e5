namespace PureLcm.Model.Pictures;

/// <summary>
/// A LoRA that a picture was made with, as its text names it: by the file's name, since a path is nobody else's business.
/// </summary>
/// <param name="Name">
/// The file's name. Other programs leave its ending away; pictures of PureLcm up to 0.1.0 have the whole path, and it is taken to be one.
/// </param>
/// <param name="Weight">How strongly it acted.</param>
/// <param name="Hash">What <see cref="FileHashes.Lora"/> said of the file; null if the text doesn't say.</param>
public sealed record UsedLora(string Name, float Weight = 1, string? Hash = null)
{
    /// <summary>The file's name without folders, whichever system's path it was.</summary>
    public string FileName => Name[(Name.LastIndexOfAny(['/', '\\']) + 1)..];

    /// <summary>The file's name without folders and ending, as other programs say it.</summary>
    public string Title =>
        FileName.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? FileName[..^".safetensors".Length] : FileName;
}
