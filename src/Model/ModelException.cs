namespace PureLcm.Model;

/// <summary>
/// Something that a person asked for and can't be had, in one clear sentence with the cause and the way out. Bugs are other
/// exceptions.
/// </summary>
public class ModelException(string message, Exception? inner = null) : PureLcmException(message, inner);

/// <summary>A choice that is impossible with any file in the world, or with this model: a size, a count, a number of steps.</summary>
public sealed class ChoiceException(string message) : ModelException(message);
