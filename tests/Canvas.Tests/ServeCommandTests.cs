using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using PureLcm.Lcm.Tests;

namespace PureLcm.Canvas.Tests;

/// <summary><c>lcm serve</c>, the built program.</summary>
public sealed class ServeCommandTests : IDisposable
{
    readonly TestFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(Running.Interrupt)]
    [InlineData(Running.Terminate)]
    public async Task ItServesUntilItIsStopped(int signal)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "signals are Unix's");
        using var running = Program.Start(folder.Path, "serve", "--port", "0");
        running.WaitFor("/\n");
        using var client = new HttpClient { BaseAddress = Url(running) };
        Assert.Equal("""{"status":"ok"}""", await client.GetStringAsync("health", TestContext.Current.CancellationToken));
        // A run of minutes is under way.
        const string body = """{"prompt":"a cat","size":"512x512","steps":50,"loras":{"lcm":0},"stream":true,"partial_images":3}""";
        using var request = TestServer.Generation(body);
        var waiting = client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        await Task.Delay(200, TestContext.Current.CancellationToken);
        var stopped = running.Stop(signal);
        Assert.Equal(0, stopped.Code);
        Assert.Equal("lcm: stopped; nothing was written\n", stopped.Error);
        try
        {
            Assert.Equal(HttpStatusCode.ServiceUnavailable, (await waiting).StatusCode);
        }
        catch (HttpRequestException) { } // it was cut off in the middle of a long module
        Assert.Empty(folder.Names());
    }

    [Fact]
    public void APortInUseIsOneSentence()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        int port = ((IPEndPoint)other.LocalEndpoint).Port;
        var outcome = Program.Run("serve", "--port", $"{port}");
        Assert.Equal(new(1, "", $"lcm: port {port} is in use: another server listens there; end it, or take another --port\n"), outcome);
    }

    [Theory]
    [InlineData(2, "--port", "65536")]
    [InlineData(2, "--port", "x")]
    [InlineData(2, "--host", "example.org")]
    [InlineData(1, "--host", "0.0.0.0")]
    [InlineData(1, "--token", "two words")]
    [InlineData(1, "--host", "203.0.113.7", "--insecure")] // an address that nobody has
    [InlineData(1, "--model", "no-such-folder", "--port", "0")]
    public void WhatCantBeServedIsOneSentence(int code, params string[] arguments)
    {
        var outcome = Program.Run(["serve", .. arguments]);
        Assert.Equal(code, outcome.Code);
        Assert.StartsWith("lcm: ", outcome.Error);
        Assert.Single(outcome.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(outcome.Output);
    }

    [Fact]
    public void TwoLorasOfOneNameAreRefused()
    {
        File.Copy(Picturebook.Cyanotype, folder["lcm.safetensors"]);
        var outcome = Program.Run("serve", "--port", "0", "--lora", folder["lcm.safetensors"]);
        Assert.Equal(new(1, "", "lcm: two LoRAs are called lcm, and requests name them by that: rename one of the files\n"), outcome);
    }

    [Fact]
    public void TheBrowserIsOpened()
    {
        if (!OperatingSystem.IsLinux())
        {
            Assert.Skip("xdg-open is how Linux opens pages");
            return;
        }
        File.WriteAllText(folder["xdg-open"],
            $"#!/bin/sh\necho \"$1\" > '{folder["opened"]}.part'\nmv '{folder["opened"]}.part' '{folder["opened"]}'\n");
        File.SetUnixFileMode(folder["xdg-open"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "lcm"), ["serve", "--port", "0", "--open"]);
        start.Environment["PATH"] = $"{folder.Path}:{Environment.GetEnvironmentVariable("PATH")}";
        using var running = new Running(start);
        running.WaitFor("/\n");
        SpinWait.SpinUntil(() => File.Exists(folder["opened"]), TimeSpan.FromSeconds(30));
        Assert.Equal(Url(running).ToString(), File.ReadAllText(folder["opened"]).Trim());
        running.Send(Running.Terminate);
        Assert.Equal(0, running.End().Code);
    }

    /// <summary>Other commands neither look for ASP.NET Core nor load it, nor the server.</summary>
    [Fact]
    public void OtherCommandsLoadNothingOfIt()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "what is loaded is read as Linux tells it");
        Assert.DoesNotContain("AspNetCore", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "lcm.runtimeconfig.json")));
        using (var generate = Program.Start(folder.Path, "generate", "a cat", "--steps", "50", "--size", "128x128"))
        {
            generate.WaitFor("step 1 of 50");
            Assert.DoesNotContain(Loaded(generate), IsOfTheServer);
        }
        using var serve = Program.Start(folder.Path, "serve", "--port", "0");
        serve.WaitFor("/\n");
        Assert.Contains(Loaded(serve), IsOfTheServer);
    }

    static bool IsOfTheServer(string file) => file.Contains("AspNetCore", StringComparison.Ordinal)
        || file.Contains("PureLcm.Canvas", StringComparison.Ordinal);

    static string[] Loaded(Running running) => File.ReadAllLines($"/proc/{running.Id}/maps");

    static Uri Url(Running running) => new(running.Output.Trim());
}
