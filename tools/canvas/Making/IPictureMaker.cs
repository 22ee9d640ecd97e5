using PureLcm.Model.Pictures;
using PureLcm.Model.Random;

namespace PureLcm.Canvas.Making;

/// <summary>
/// Makes pictures from requests. All that the APIs know of what computes: whether it is the device in this process or something
/// far away. Any number of requests may be under way at once; they are served in a fair order.
/// </summary>
public interface IPictureMaker : IAsyncDisposable
{
    /// <summary>What there is to make pictures with; the first is taken where a request names none.</summary>
    IReadOnlyList<ServedModel> Models { get; }

    /// <summary>Makes one picture, with the text in it that says how.</summary>
    /// <param name="request">What it is to be.</param>
    /// <param name="partial">Shown pictures on the way where the request asks for them, in order, one call at a time.</param>
    /// <param name="cancellationToken">Ends the wait and the work; nothing more is computed for this request.</param>
    /// <exception cref="Model.ChoiceException">The request asks for what can't be had.</exception>
    /// <exception cref="PureLcmException">It can't be done here: too little memory, a model that gives no numbers.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    Task<Picture> MakeAsync(PictureRequest request, Action<Picture>? partial, CancellationToken cancellationToken);
}

/// <summary>A picture that somebody asks for. What is null is the model's own choice.</summary>
public sealed record PictureRequest
{
    /// <summary>The model's name, one of <see cref="IPictureMaker.Models"/>.</summary>
    public required string Model { get; init; }

    /// <summary>What the picture shows.</summary>
    public required string Prompt { get; init; }

    /// <summary>What it should not show.</summary>
    public string NegativePrompt { get; init; } = "";

    /// <summary>Width in pixels.</summary>
    public int? Width { get; init; }

    /// <summary>Height in pixels.</summary>
    public int? Height { get; init; }

    /// <summary>Steps of the sampler.</summary>
    public int? Steps { get; init; }

    /// <summary>How much the prompt counts.</summary>
    public double? Guidance { get; init; }

    /// <summary>The same seed makes the same picture.</summary>
    public Seed Seed { get; init; }

    /// <summary>
    /// How strongly LoRAs act, by the names in <see cref="ServedModel.Loras"/>; those that are not named as they were loaded.
    /// </summary>
    public IReadOnlyDictionary<string, float> Loras { get; init; } = new Dictionary<string, float>();

    /// <summary>How many pictures on the way are asked for, at most.</summary>
    public int Partials { get; init; }
}

/// <summary>A model that pictures are made with.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Created">When its files were made.</param>
/// <param name="Width">The width of a picture whose request says none.</param>
/// <param name="Height">The height of a picture whose request says none.</param>
/// <param name="Multiple">Both sides are multiples of this.</param>
/// <param name="Loras">What can be switched on and off in a request.</param>
public sealed record ServedModel(string Id, DateTimeOffset Created, int Width, int Height, int Multiple, IReadOnlyList<ServedLora> Loras);

/// <summary>A LoRA of a model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Weight">How strongly it acts where a request doesn't say.</param>
public sealed record ServedLora(string Name, float Weight);
