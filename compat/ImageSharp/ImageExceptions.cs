namespace SixLabors.ImageSharp;

/// <summary>A file that can't be read as an image.</summary>
public class ImageFormatException : Exception
{
    internal ImageFormatException(string errorMessage) : base(errorMessage)
    {
    }

    internal ImageFormatException(string errorMessage, Exception innerException) : base(errorMessage, innerException)
    {
    }
}

/// <summary>The file is of no format that is known here.</summary>
public sealed class UnknownImageFormatException(string errorMessage) : ImageFormatException(errorMessage);

/// <summary>The file is of a known format, and broken.</summary>
public sealed class InvalidImageContentException : ImageFormatException
{
    /// <inheritdoc cref="InvalidImageContentException"/>
    public InvalidImageContentException(string errorMessage) : base(errorMessage)
    {
    }

    /// <inheritdoc cref="InvalidImageContentException"/>
    public InvalidImageContentException(string errorMessage, Exception innerException) : base(errorMessage, innerException)
    {
    }
}
