namespace PureLcm.Canvas.Serving;

/// <summary>What a client is told in place of what it asked for.</summary>
/// <param name="status">HTTP's status.</param>
/// <param name="message">A sentence with the cause and the way out.</param>
/// <param name="param">The request's field that is at fault; null where it is none.</param>
/// <param name="code">A word for programs; null where the status says all.</param>
/// <param name="again">Whether the same request may do better in a second: clients then try again by themselves.</param>
sealed class ApiException(int status, string message, string? param = null, string? code = null, bool again = false) : Exception(message)
{
    public int Status => status;

    public string? Param => param;

    public string? Code => code;

    public bool Again => again;

    /// <summary>A request that can't be followed.</summary>
    public static ApiException Bad(string message, string? param, string? code = null) => new(400, message, param, code);

    /// <summary>OpenAI's word for the kind of error.</summary>
    public string Type => status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };
}
