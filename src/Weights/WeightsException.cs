namespace PureLcm.Weights;

/// <summary>
/// A file or folder that can't be used, and what can be done about it. The message is one sentence in one voice:
/// where, what is wrong, and the way out. It is meant for people; a program bug is any other exception.
/// </summary>
public sealed class WeightsException : PureLcmException
{
    const int LongestName = 160;

    /// <summary>Makes "PATH: WHAT; WAY OUT".</summary>
    /// <param name="path">The file or folder, as the user named it.</param>
    /// <param name="what">What is wrong with it.</param>
    /// <param name="wayOut">What to do.</param>
    /// <param name="cause">The system's own error, where there was one.</param>
    public WeightsException(string path, string what, string wayOut, Exception? cause = null)
        : base($"{path}: {what}; {wayOut}", cause)
    {
        Path = path;
    }

    /// <summary>The file or folder that can't be used.</summary>
    public string Path { get; }

    /// <summary>The system refused to open or read a file.</summary>
    internal static WeightsException Unreadable(string path, Exception cause) => cause switch
    {
        FileNotFoundException or DirectoryNotFoundException =>
            new(path, "there is no such file", "check the name", cause),
        UnauthorizedAccessException =>
            new(path, "this user may not read it", "change its permissions", cause),
        _ => new(path, $"reading failed ({OneLine(cause.Message)})", "check the disk, and fetch the file again", cause),
    };

    /// <summary>A tensor was asked for that a file does not have.</summary>
    internal static WeightsException NoTensor(string path, string name, IReadOnlyCollection<string> names) =>
        new(path, $"it has no tensor {Quote(name)}", names.Count == 0 ? "it has no tensors at all: fetch it again"
            : $"it is probably not of the model that its config.json describes (its tensors are {List(names, 3)})");

    /// <summary>The errors that a file system gives, as opposed to bugs.</summary>
    internal static bool IsFileError(Exception e) =>
        e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException;

    /// <summary>A name out of an untrusted file, made fit for a line of text: no control characters, not endless.</summary>
    internal static string Quote(string name)
    {
        string shown = name.Length > LongestName ? name[..LongestName] + "…" : name;
        return $"\"{OneLine(shown)}\"";
    }

    /// <summary>A handful of names, and how many more there are: "a", "b" and 7 more.</summary>
    internal static string List(IReadOnlyCollection<string> names, int shown = 5)
    {
        string text = string.Join(", ", names.Take(shown).Select(Quote));
        return names.Count > shown ? $"{text} and {names.Count - shown} more" : text;
    }

    /// <summary>The text without line breaks and other control characters.</summary>
    internal static string OneLine(string text) =>
        string.Create(text.Length, text, (line, source) =>
        {
            for (int i = 0; i < line.Length; i++) line[i] = char.IsControl(source[i]) ? ' ' : source[i];
        });
}
