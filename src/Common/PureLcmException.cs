namespace PureLcm;

/// <summary>
/// Something that a person asked for and can't be had: a file that is damaged, a model whose parts don't fit, a device that
/// isn't there. The message is one clear sentence with the cause and the way out, made to be shown as it is. Bugs, and
/// arguments that only a program can get wrong, are other exceptions.
/// </summary>
public abstract class PureLcmException(string message, Exception? inner = null) : Exception(message, inner);
