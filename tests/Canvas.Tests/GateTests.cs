using System.Net;
using PureLcm.Canvas.Serving;

namespace PureLcm.Canvas.Tests;

/// <summary>Who is answered, and who isn't.</summary>
public sealed class GateTests
{
    [Theory]
    [InlineData("localhost:PORT", true)]
    [InlineData("LOCALHOST", true)]
    [InlineData("127.0.0.1:PORT", true)]
    [InlineData("127.0.0.2", true)]
    [InlineData("[::1]:PORT", true)]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("192.168.1.7:PORT", false)]
    [InlineData("127.0.0.1.evil.example", false)]
    public async Task ANameThatPointsHereIsNotOurs(string host, bool ours)
    {
        await using var server = await TestServer.StartAsync(new StubMaker());
        foreach (string path in (string[])["", "health", "v1/models", "pictures/x.png"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.Host = host.Replace("PORT", $"{server.Server.Url.Port}");
            var answer = await server.SendAsync(request);
            if (ours) Assert.NotEqual(403, answer.Status);
            else answer.Error(403, "wrong_host");
        }
    }

    [Theory]
    [InlineData("http://127.0.0.1:PORT", true)]
    [InlineData("http://127.0.0.1", false)]
    [InlineData("http://localhost:PORT", false)] // another origin than the name that was used
    [InlineData("http://evil.example", false)]
    [InlineData("null", false)]
    [InlineData("file://", false)]
    [InlineData("chrome-extension://127.0.0.1:PORT", false)]
    public async Task AnotherSitesPageIsRefused(string origin, bool ours)
    {
        var maker = new StubMaker();
        maker.Allow(1);
        await using var server = await TestServer.StartAsync(maker);
        using var request = TestServer.Generation("{\"prompt\":\"a cat\"}");
        request.Headers.Add("Origin", origin.Replace("PORT", $"{server.Server.Url.Port}"));
        var answer = await server.SendAsync(request);
        if (ours) Assert.Equal(200, answer.Status);
        else answer.Error(403, "wrong_origin");
        Assert.Equal(ours ? 1 : 0, maker.Begun);
        Assert.False(answer.Headers.Contains("Access-Control-Allow-Origin"));
        Assert.Equal("same-origin", Assert.Single(answer.Headers.GetValues("Cross-Origin-Resource-Policy")));
    }

    [Theory]
    [InlineData(null, "missing_api_key")]
    [InlineData("Bearer open-sesam", "invalid_api_key")]
    [InlineData("Bearer open-sesamee", "invalid_api_key")]
    [InlineData("Basic open-sesame", "invalid_api_key")]
    [InlineData("Bearer ", "invalid_api_key")]
    [InlineData("Bearer open-sesame", null)]
    [InlineData("bearer  open-sesame", null)]
    public async Task ATokenHasToBeShown(string? authorization, string? code)
    {
        var maker = new StubMaker();
        maker.Allow(1);
        await using var server = await TestServer.StartAsync(maker, new() { Token = "open-sesame" });
        foreach (var request in (HttpRequestMessage[])[TestServer.Generation("{\"prompt\":\"a cat\"}"),
            new(HttpMethod.Get, "v1/models"), new(HttpMethod.Get, "v1/models/grey")])
        {
            if (authorization is not null) request.Headers.TryAddWithoutValidation("Authorization", authorization);
            var answer = await server.SendAsync(request);
            if (code is null) Assert.Equal(200, answer.Status);
            else Assert.Equal("authentication_error", answer.Error(401, code).GetProperty("type").GetString());
            request.Dispose();
        }
        Assert.Equal(code is null ? 1 : 0, maker.Begun);
        Assert.Equal(200, (await server.GetAsync("health")).Status);
    }

    [Fact]
    public async Task AnAddressOfOthersNeedsAToken()
    {
        var open = new ServerOptions { Address = IPAddress.Any };
        var refused = await Assert.ThrowsAsync<ServerException>(async () => await TestServer.StartAsync(new StubMaker(), open));
        Assert.Contains("--token", refused.Message);
        foreach (string wrong in (string[])["", "two words", "ümlaut"])
            await Assert.ThrowsAsync<ServerException>(async () =>
                await TestServer.StartAsync(new StubMaker(), open with { Token = wrong }));
        foreach (var allowed in (ServerOptions[])[open with { Token = "open-sesame" }, open with { Insecure = true },
            new() { Address = IPAddress.Loopback }])
        {
            await using var server = await TestServer.StartAsync(new StubMaker(), allowed);
            Assert.Equal(200, (await server.GetAsync("health")).Status);
        }
    }

    [Theory]
    [InlineData("192.168.1.7", true)]
    [InlineData("localhost", true)]
    [InlineData("MACHINE", true)]
    [InlineData("MACHINE.local", true)]
    [InlineData("evil.example", false)]
    public async Task WhereOthersReachItItHasMoreNames(string host, bool ours)
    {
        await using var server = await TestServer.StartAsync(new StubMaker(), new() { Address = IPAddress.Any, Insecure = true });
        using var request = new HttpRequestMessage(HttpMethod.Get, "health");
        request.Headers.Host = host.Replace("MACHINE", Dns.GetHostName());
        Assert.Equal(ours ? 200 : 403, (await server.SendAsync(request)).Status);
    }
}
