namespace PureLcm.Model.Pictures.Preprocess;

/// <summary>The ways from a picture to what a ControlNet was trained on, by their names.</summary>
public static class Preprocessors
{
    /// <summary>The name of the way that leaves a picture as it is.</summary>
    public const string None = "none";

    /// <summary>The ways that do something.</summary>
    public static IReadOnlyList<string> All { get; } = ["canny", "scribble", "lineart"];

    /// <summary>Applies the way of that name, one of <see cref="All"/> or <see cref="None"/>.</summary>
    /// <exception cref="ChoiceException">There is none of that name.</exception>
    public static Picture Apply(string name, Picture picture) => name switch
    {
        None => picture,
        "canny" => Canny.Edges(picture),
        "scribble" => Scribble.Strokes(picture),
        "lineart" => Lineart.Lines(picture),
        _ => throw new ChoiceException($"there is no preprocessor {name}: there are {None}, {string.Join(", ", All)}"),
    };
}
