namespace PureLcm.Model;

/// <summary>
/// Something that a person asked for and can't be had, in one clear sentence with the cause and the way out. Bugs are other
/// exceptions.
/// </summary>
public sealed class ModelException(string message, Exception? inner = null) : PureLcmException(message, inner);
