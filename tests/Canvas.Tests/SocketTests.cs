using System.Net.Sockets;
using System.Text;

namespace PureLcm.Canvas.Tests;

/// <summary>Clients that don't behave, over bare sockets. After each of them the server answers the next.</summary>
public sealed class SocketTests(Picturebook book) : IClassFixture<Picturebook>
{
    const string Cat = "{\"prompt\":\"a cat\"}";

    static string Post(string body, string more = "") =>
        "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
            + $"{body.Length}\r\n{more}\r\n{body}";

    static async Task<NetworkStream> ConnectAsync(TestServer server)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", server.Server.Url.Port, TestContext.Current.CancellationToken);
        return new(socket, ownsSocket: true);
    }

    static ValueTask SendAsync(Stream to, string text) =>
        to.WriteAsync(Encoding.Latin1.GetBytes(text), TestContext.Current.CancellationToken);

    /// <summary>All that comes until the server ends the connection.</summary>
    static async Task<string> ReadAllAsync(Stream from)
    {
        using var all = new MemoryStream();
        try
        {
            await from.CopyToAsync(all, TestContext.Current.CancellationToken);
        }
        catch (IOException) { } // reset: what came before counts
        return Encoding.Latin1.GetString(all.ToArray());
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("", false)]
    [InlineData(",\"stream\":true,\"partial_images\":3", false)]
    public async Task AClientThatGoesAwayEndsItsRun(string more, bool reset)
    {
        var maker = new StubMaker { Partials = 2 };
        await using var server = await TestServer.StartAsync(maker);
        var client = await ConnectAsync(server);
        await SendAsync(client, Post($"{{\"prompt\":\"a cat\"{more}}}"));
        await TestServer.UntilAsync(() => maker.Begun == 1);
        if (reset) client.Socket.LingerState = new(true, 0);
        client.Dispose();
        await TestServer.UntilAsync(() => maker.Cancelled == 1 && server.Server.Admission.Held == 0);
        maker.Allow(1);
        Assert.Equal(200, (await server.GenerateAsync(Cat)).Status);
    }

    /// <summary>No other sign of a client that is gone reaches a server before it answers, so half a close is one.</summary>
    [Fact]
    public async Task AHalfClosedSocketEndsItsRun()
    {
        var maker = new StubMaker();
        await using var server = await TestServer.StartAsync(maker);
        await using var client = await ConnectAsync(server);
        await SendAsync(client, Post(Cat));
        await TestServer.UntilAsync(() => maker.Begun == 1);
        client.Socket.Shutdown(SocketShutdown.Send);
        await TestServer.UntilAsync(() => maker.Cancelled == 1 && server.Server.Admission.Held == 0);
        Assert.Empty(await ReadAllAsync(client));
    }

    /// <summary>On the device itself: a run of hours is ended, and another request gets its turn.</summary>
    [Fact]
    public async Task TheDeviceIsFreeWhenItsClientIsGone()
    {
        await using var server = await TestServer.StartAsync(book.Maker);
        var client = await ConnectAsync(server);
        await SendAsync(client, Post("""{"prompt":"a cat","size":"1024x1024","steps":50,"loras":{"lcm":0},"n":10}"""));
        var waiting = await ConnectAsync(server);
        await SendAsync(waiting, Post("""{"prompt":"a dog","size":"64x64","steps":1}"""));
        await TestServer.UntilAsync(() => book.Waiting == 1);
        client.Dispose();
        waiting.Dispose();
        await TestServer.UntilAsync(() => book.Waiting == 0 && server.Server.Admission.Held == 0);
        Assert.Equal(200, (await server.GenerateAsync("""{"prompt":"a cat","size":"64x64","steps":1}""")).Status);
    }

    [Theory]
    [InlineData("\0\u0001\u0002\u00ff\u00fe garbage\r\n\r\n")]
    [InlineData("GET / HTTP/9.9\r\nHost: localhost\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")]
    [InlineData("GET / HTTP/1.1\r\nHost localhost\r\n\r\n")]
    [InlineData("POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n")]
    [InlineData(
        "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: "
            + "chunked\r\n\r\nzz\r\n")]
    public async Task GarbageIsRefused(string garbage)
    {
        var maker = new StubMaker();
        await using var server = await TestServer.StartAsync(maker);
        await using (var client = await ConnectAsync(server))
        {
            await SendAsync(client, garbage);
            string answer = await ReadAllAsync(client);
            Assert.Matches("^HTTP/1.1 (400|505) ", answer);
        }
        Assert.Equal(0, maker.Begun);
        Assert.Equal(200, (await server.GetAsync("health")).Status);
    }

    [Fact]
    public async Task ARequestWithoutAHostIsRefused()
    {
        await using var server = await TestServer.StartAsync(new StubMaker());
        await using var client = await ConnectAsync(server);
        await SendAsync(client, "GET / HTTP/1.0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 403 ", await ReadAllAsync(client));
    }

    /// <summary>It is refused by its header: what was announced is neither read nor kept.</summary>
    [Fact]
    public async Task AHugeBodyIsRefusedEarly()
    {
        const int megabytes = 100;
        await using var server = await TestServer.StartAsync(new StubMaker());
        await using var client = await ConnectAsync(server);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        await SendAsync(client,
            "POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + $"{megabytes << 20}\r\n\r\n");
        var answer = ReadAllAsync(client);
        var piece = new byte[1 << 20];
        int sent = 0;
        try
        {
            // What the sockets' own buffers take goes out in any case.
            for (; sent < megabytes; sent++) await client.WriteAsync(piece, TestContext.Current.CancellationToken);
        }
        catch (IOException) { }
        string text = await answer;
        Assert.StartsWith("HTTP/1.1 413 ", text);
        Assert.Contains("request_too_large", text);
        Assert.True(sent < megabytes / 2, $"{sent} MB were taken");
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 20 << 20);
    }

    /// <summary>Clients that come, ask, and go at all moments leave no place taken, no run and no memory behind.</summary>
    [Fact]
    public async Task WhoComesAndGoesLeavesNothing()
    {
        await using var server = await TestServer.StartAsync(book.Maker);
        async Task ComeAndGoAsync(int i)
        {
            await using var client = await ConnectAsync(server);
            string stream = i % 2 == 0 ? "true" : "false";
            string request = Post($$"""{"prompt":"a cat","size":"64x64","steps":1,"seed":{{i}},"stream":{{stream}}}""");
            await SendAsync(client, request[..(request.Length * (1 + i % 8) / 8)]);
            if (i % 3 == 0) client.Socket.LingerState = new(true, 0);
        }

        await Task.WhenAll(Enumerable.Range(0, 32).Select(ComeAndGoAsync));
        await TestServer.UntilAsync(() => server.Server.Admission.Held == 0 && book.Waiting == 0);
        long before = GC.GetTotalMemory(forceFullCollection: true);
        await Task.WhenAll(Enumerable.Range(0, 96).Select(ComeAndGoAsync));
        await TestServer.UntilAsync(() => server.Server.Admission.Held == 0 && book.Waiting == 0);
        Assert.Equal(200, (await server.GenerateAsync("""{"prompt":"a cat","size":"64x64","steps":1}""")).Status);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 4 << 20);
    }
}
