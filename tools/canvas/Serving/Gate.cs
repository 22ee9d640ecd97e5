using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace PureLcm.Canvas.Serving;

/// <summary>
/// Who is answered. A page of some other site, open in a browser on this machine, is not: neither by its own name (the browser says
/// so in Origin), nor by a name of its own that it lets point here (DNS rebinding; the browser says that name in Host).
/// </summary>
sealed class Gate(ServerOptions options)
{
    const string Scheme = "Bearer ";

    readonly byte[]? token = options.Token is null ? null : Hash(options.Token);
    readonly string[] names = options.IsLocal ? ["localhost"] : ["localhost", Dns.GetHostName(), Dns.GetHostName() + ".local"];

    /// <summary>Refuses whoever came by a name that isn't this server's, or from another site's page.</summary>
    /// <exception cref="ApiException">403.</exception>
    public void RequireThisSite(HttpRequest request)
    {
        if (!IsOurs(request.Host))
        {
            string name = options.IsLocal ? "localhost or 127.0.0.1" : "its address";
            throw new ApiException(403, $"the server is not called {Shown(request.Host.Value)}: use {name}", code: "wrong_host");
        }
        foreach (string? origin in request.Headers.Origin)
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var uri)
                || !string.Equals(uri.Authority, Authority(request), StringComparison.OrdinalIgnoreCase)
                || uri.Scheme is not ("http" or "https"))
                throw new ApiException(403, $"a page of {Shown(origin)} may not use this server, only pages of its own may",
                    code: "wrong_origin");
    }

    /// <summary>Refuses whoever doesn't show the token.</summary>
    /// <exception cref="ApiException">401.</exception>
    public void RequireToken(HttpRequest request)
    {
        if (token is null) return;
        string given = request.Headers.Authorization.ToString();
        if (given.Length == 0)
            throw new ApiException(401, "this server answers who shows its token: send the header Authorization: Bearer TOKEN",
                code: "missing_api_key");
        // Hashes are compared, all bytes of them: neither the token's length nor where it differs shows in the time that it takes.
        bool isIt = given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            && CryptographicOperations.FixedTimeEquals(Hash(given[Scheme.Length..].Trim()), token);
        if (!isIt) throw new ApiException(401, "this is not the server's token: it was given to lcm serve as --token",
            code: "invalid_api_key");
    }

    /// <summary>
    /// Whether a name is this server's. One that only this machine reaches is called by a loopback address or localhost. Others are
    /// called by any address, since another site's page can't have one for its name, and by the machine's name.
    /// </summary>
    bool IsOurs(HostString host)
    {
        if (names.Contains(host.Host, StringComparer.OrdinalIgnoreCase)) return true;
        return IPAddress.TryParse(host.Host.Trim('[', ']'), out var address) && (!options.IsLocal || IPAddress.IsLoopback(address));
    }

    /// <summary>The name and port that the client used, as an Origin would say them.</summary>
    static string Authority(HttpRequest request) =>
        Uri.TryCreate($"http://{request.Host.Value}", UriKind.Absolute, out var uri) ? uri.Authority : "";

    static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));

    /// <summary>A stranger's text, short enough to be said back.</summary>
    static string Shown(string? text) => string.IsNullOrEmpty(text) ? "by no name" : text.Length <= 100 ? text : text[..100] + "…";
}
