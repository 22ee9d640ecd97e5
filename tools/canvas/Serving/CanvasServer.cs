using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PureLcm.Canvas.Making;
using PureLcm.Canvas.OpenAi;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace PureLcm.Canvas.Serving;

/// <summary>
/// The web server. It listens from its start on, and says that it is loading until its maker is there, so that a port in use is
/// known at once and a large model doesn't look like a dead server.
/// </summary>
public sealed class CanvasServer : IAsyncDisposable
{
    static readonly TimeSpan patience = TimeSpan.FromSeconds(0.3);

    static readonly ApiException fault =
        new(500, "the server has a fault, which its own terminal tells more about", code: "internal_error");

    readonly WebApplication app;
    readonly CancellationTokenSource stopping = new();
    readonly ServerOptions options;
    readonly Task<IPictureMaker> making;
    readonly Gate gate;
    readonly PictureLinks links;
    readonly ImagesApi images;

    CanvasServer(ServerOptions options, Task<IPictureMaker> making)
    {
        (this.options, this.making) = (options, making);
        gate = new(options);
        links = new(options.Limits, options.Clock);
        Admission = new(options.Limits.Queue);
        images = new(options, Admission, links, stopping.Token);
        app = Build();
        app.Run(HandleAsync);
    }

    /// <summary>Where the server is, as a browser on this machine takes it: http://localhost:7860/</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Pictures that are asked for and not yet made.</summary>
    internal Admission Admission { get; }

    /// <summary>Starts to listen.</summary>
    /// <param name="options">Where, and who is answered.</param>
    /// <param name="making">What makes pictures, from when it is there; the caller's to dispose of, after the server.</param>
    /// <exception cref="ServerException">The address can't be listened on, or it would be open to everybody.</exception>
    public static async Task<CanvasServer> StartAsync(ServerOptions options, Task<IPictureMaker> making)
    {
        if (!options.IsLocal && options.Token is null && !options.Insecure)
            throw new ServerException(
                $"at {options.Address} others can reach the server: give --token SECRET, which they have to show, "
                + "or --insecure if everybody may use it");
        if (options.Token is { } token && (token.Length == 0 || !token.All(c => c is > ' ' and <= '~')))
            throw new ServerException("a token is made of letters, digits and signs of ASCII, without blanks");
        var server = new CanvasServer(options, making);
        try
        {
            await server.app.StartAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException or AddressInUseException)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            bool inUse = e is AddressInUseException || e.InnerException is AddressInUseException;
            throw new ServerException(inUse
                ? $"port {options.Port} is in use: another server listens there; end it, or take another --port"
                : $"port {options.Port}{(options.Address is null ? "" : $" of {options.Address}")} can't be listened on "
                    + $"({(e.InnerException ?? e).Message.TrimEnd('.')}): take another --port or --host", e);
        }
        server.Url = server.FindUrl();
        return server;
    }

    WebApplication Build()
    {
        // The empty builder: no appsettings.json of whatever folder this is, and no variable of the environment, says where to listen.
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.Services.AddSingleton<IHostLifetime, NoSignals>();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = patience);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            var limits = kestrel.Limits;
            // Kestrel counts the sizes between chunks too, which may be six bytes for each one; ReadBodyAsync counts the body itself.
            limits.MaxRequestBodySize = 7L * options.Limits.BodyBytes;
            limits.MaxConcurrentConnections = options.Limits.Connections;
            limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            void Http1(ListenOptions listen) => listen.Protocols = HttpProtocols.Http1;
            if (options.Address is { } address) kestrel.Listen(address, options.Port, Http1);
            // Both versions of IP can't be given one free port at once.
            else if (options.Port == 0) kestrel.Listen(IPAddress.Loopback, 0, Http1);
            else kestrel.ListenLocalhost(options.Port, Http1);
        });
        return builder.Build();
    }

    Uri FindUrl()
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var first = new Uri(addresses.First());
        bool anywhere = options.Address is null || options.Address.Equals(IPAddress.Any) || options.Address.Equals(IPAddress.IPv6Any);
        return new($"http://{(anywhere && options.Port != 0 ? "localhost" : anywhere ? "127.0.0.1" : first.Host)}:{first.Port}/");
    }

    async Task HandleAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers["x-request-id"] = Guid.NewGuid().ToString("n");
        headers.XContentTypeOptions = "nosniff";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        try
        {
            gate.RequireThisSite(context.Request);
            await RouteAsync(context).ConfigureAwait(false);
        }
        // A client that is gone gets no answer, and who is slow to read none of the rest.
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            context.Abort();
        }
        catch (ApiException e) when (!context.Response.HasStarted)
        {
            await Answers.SendErrorAsync(context, e).ConfigureAwait(false);
        }
        // What Kestrel finds wrong with a body while it is read.
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await Answers.SendErrorAsync(context, e.StatusCode switch
            {
                413 => TooLarge(),
                408 => new(408, "the body came too slowly: send it again", code: "slow_body"),
                _ => new(e.StatusCode, "the request is no proper HTTP: its body can't be read", code: "bad_request"),
            }).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            options.Report($"this is a bug in lcm serve; please report it with these lines:\n{e}");
            if (context.Response.HasStarted) context.Abort();
            else await Answers.SendErrorAsync(context, fault).ConfigureAwait(false);
        }
    }

    Task RouteAsync(HttpContext context)
    {
        const string model = "/v1/models/", picture = "/pictures/", png = ".png";
        string path = context.Request.Path.Value ?? "";
        switch (path)
        {
            case "/":
                Require(context, HttpMethods.Get);
                return Answers.SendAsync(context, 200, "text/plain; charset=utf-8", RootPage.Text());
            case "/health":
                Require(context, HttpMethods.Get);
                var (status, word) = making.IsCompletedSuccessfully ? (200, "ok") : (503, "loading");
                return Answers.SendJsonAsync(context, status, writer => writer.WriteString("status", word));
            case "/v1/models":
                RequireClient(context, HttpMethods.Get);
                return ModelsApi.ListAsync(context, Maker().Models);
            case "/v1/images/generations":
                RequireClient(context, HttpMethods.Post);
                return GenerateAsync(context);
        }
        if (path.StartsWith(model, StringComparison.Ordinal) && path.Length > model.Length)
        {
            RequireClient(context, HttpMethods.Get);
            return ModelsApi.GetAsync(context, Maker().Models, path[model.Length..]);
        }
        // A link's name is its permission: programs that show a picture have no token to send.
        if (path.StartsWith(picture, StringComparison.Ordinal) && path.EndsWith(png, StringComparison.Ordinal)
            && path.Length > picture.Length + png.Length)
        {
            Require(context, HttpMethods.Get);
            var found = links.Find(path[picture.Length..^png.Length]) ?? throw new ApiException(404,
                "there is no such picture, or no longer: links are good for an hour at most", code: "not_found");
            return Answers.SendAsync(context, 200, "image/png", found);
        }
        throw new ApiException(404, $"there is no {OpenAi.StrictFields.Shown(path)} here: / lists what there is", code: "not_found");
    }

    /// <summary>Refuses other methods; HEAD goes with GET.</summary>
    static void Require(HttpContext context, string method)
    {
        string asked = context.Request.Method;
        if (HttpMethods.Equals(asked, method) || HttpMethods.IsGet(method) && HttpMethods.IsHead(asked)) return;
        context.Response.Headers.Allow = HttpMethods.IsGet(method) ? "GET, HEAD" : method;
        throw new ApiException(405, $"{context.Request.Path.Value} takes {method}", code: "method_not_allowed");
    }

    /// <summary>Refuses other methods, and who doesn't show the token.</summary>
    void RequireClient(HttpContext context, string method)
    {
        gate.RequireToken(context.Request);
        Require(context, method);
    }

    async Task GenerateAsync(HttpContext context)
    {
        var request = context.Request;
        // Another site's page can send JSON only after asking, which is never granted; forms and plain text it may send unasked.
        if (request.ContentType?.Split(';')[0].Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase) != true)
            throw new ApiException(415, "the body has to be JSON: send the header Content-Type: application/json",
                code: "unsupported_media_type");
        await images.GenerateAsync(context, Maker(), await ReadBodyAsync(context).ConfigureAwait(false)).ConfigureAwait(false);
    }

    async Task<byte[]> ReadBodyAsync(HttpContext context)
    {
        int most = options.Limits.BodyBytes;
        if (context.Request.ContentLength > most) throw TooLarge();
        using var body = new MemoryStream();
        var piece = new byte[16 << 10];
        while (await context.Request.Body.ReadAsync(piece, context.RequestAborted).ConfigureAwait(false) is > 0 and var count)
        {
            if (body.Length + count > most) throw TooLarge();
            body.Write(piece, 0, count);
        }
        return body.ToArray();
    }

    IPictureMaker Maker() => making.IsCompletedSuccessfully ? making.Result
        : throw new ApiException(503, "the model is being loaded: ask again in a moment", code: "loading", again: true);

    ApiException TooLarge() => new(413, $"the body may have {options.Limits.BodyBytes} bytes at most", code: "request_too_large");

    /// <summary>
    /// Ends what is under way, answers who waits, and stops to listen; a third of a second at most is waited for the slow.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        try
        {
            await app.StopAsync().ConfigureAwait(false);
        }
        catch (OperationCanceledException) { } // the slow were cut off
        await app.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>Signals are the program's business, which ends everything it does in its own way.</summary>
    sealed class NoSignals : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
