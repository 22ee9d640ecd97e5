using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using PureLcm.Canvas.Making;
using PureLcm.Canvas.Serving;

namespace PureLcm.Canvas.Tests;

/// <summary>A server in this process, on a port of its own, and a client.</summary>
sealed class TestServer : IAsyncDisposable
{
    static readonly TimeSpan patience = TimeSpan.FromSeconds(30);

    readonly ConcurrentQueue<string> reports;

    TestServer(CanvasServer server, ConcurrentQueue<string> reports)
    {
        (Server, this.reports) = (server, reports);
        Client = new() { BaseAddress = server.Url };
    }

    public CanvasServer Server { get; }

    public HttpClient Client { get; }

    /// <summary>Starts one; faults that it reports fail the test when it ends.</summary>
    public static async Task<TestServer> StartAsync(IPictureMaker maker, ServerOptions? options = null) =>
        await StartAsync(Task.FromResult(maker), options);

    public static async Task<TestServer> StartAsync(Task<IPictureMaker> making, ServerOptions? options = null)
    {
        var reports = new ConcurrentQueue<string>();
        return new(await CanvasServer.StartAsync((options ?? new()) with { Port = 0, Report = reports.Enqueue }, making), reports);
    }

    /// <summary>POST /v1/images/generations.</summary>
    public Task<Answer> GenerateAsync(string body) => SendAsync(Generation(body));

    public static HttpRequestMessage Generation(string body) => new(HttpMethod.Post, "v1/images/generations")
    {
        Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")),
    };

    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using var response = await Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        return new((int)response.StatusCode, text, response.Headers);
    }

    public async Task<Answer> GetAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await SendAsync(request);
    }

    /// <summary>Waits until something is so; that it comes to be is the test, when is not.</summary>
    public static async Task UntilAsync(Func<bool> isSo)
    {
        var clock = Stopwatch.StartNew();
        while (!isSo())
        {
            Assert.True(clock.Elapsed < patience, "it never came to be");
            await Task.Delay(2);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await Server.DisposeAsync();
        Assert.Empty(reports);
    }

    /// <summary>What came back.</summary>
    public sealed record Answer(int Status, string Text, HttpResponseHeaders Headers)
    {
        public JsonElement Json => JsonDocument.Parse(Text).RootElement;

        /// <summary>The PNG file of a picture.</summary>
        public byte[] Picture(int i) => Json.GetProperty("data")[i].GetProperty("b64_json").GetBytesFromBase64();

        /// <summary>The answer is an error of OpenAI's form: all four fields, and a sentence.</summary>
        public JsonElement Error(int status, string? code, string? param = null)
        {
            Assert.True(status == Status, $"{Status} {Text}");
            var error = Json.GetProperty("error");
            Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(field => field.Name));
            Assert.Equal(code, error.GetProperty("code").GetString());
            Assert.Equal(param, error.GetProperty("param").GetString());
            Assert.True(error.GetProperty("message").GetString()!.Length > 10);
            return error;
        }
    }
}
