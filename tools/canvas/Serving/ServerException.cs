namespace PureLcm.Canvas.Serving;

/// <summary>The server can't be started as asked.</summary>
public sealed class ServerException(string message, Exception? inner = null) : PureLcmException(message, inner);
