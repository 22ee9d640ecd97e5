using PureLcm.Canvas.Serving;

namespace PureLcm.Canvas.Tests;

/// <summary>What is too much, and what it is answered.</summary>
public sealed class LimitTests
{
    const string Cat = "{\"prompt\":\"a cat\"}";

    [Theory]
    [InlineData(255, 200)]
    [InlineData(256, 200)]
    [InlineData(257, 413)]
    public async Task ABodyHasAnEnd(int bytes, int status)
    {
        foreach (bool chunked in (bool[])[false, true])
        {
            var maker = new StubMaker();
            maker.Allow(1);
            await using var server = await TestServer.StartAsync(maker, new() { Limits = new() { BodyBytes = 256 } });
            using var request = TestServer.Generation(Cat.PadRight(bytes));
            request.Headers.TransferEncodingChunked = chunked;
            var answer = await server.SendAsync(request);
            Assert.Equal(status, answer.Status);
            if (status == 413) answer.Error(413, "request_too_large");
        }
    }

    [Fact]
    public async Task APromptHasAnEnd()
    {
        var maker = new StubMaker();
        maker.Allow(1);
        await using var server = await TestServer.StartAsync(maker);
        string longest = string.Concat(Enumerable.Repeat("\\u00e4", 32000)); // as long as it can be written
        Assert.Equal(200, (await server.GenerateAsync($$"""{"prompt":"{{longest}}"}""")).Status);
        Assert.Equal(32000, Assert.Single(maker.Requests).Prompt.Length);
        (await server.GenerateAsync($$"""{"prompt":"{{longest}}!"}""")).Error(400, "string_above_max_length", "prompt");
        var negative = await server.GenerateAsync($$"""{"prompt":"","negative_prompt":"{{longest}}!"}""");
        negative.Error(400, "string_above_max_length", "negative_prompt");
    }

    [Fact]
    public async Task TheQueueHasAnEnd()
    {
        var maker = new StubMaker();
        await using var server = await TestServer.StartAsync(maker, new() { Limits = new() { Queue = 3 } });
        var first = server.GenerateAsync("{\"prompt\":\"a cat\",\"n\":2}");
        await TestServer.UntilAsync(() => maker.Begun == 1);
        var full = await server.GenerateAsync("{\"prompt\":\"a cat\",\"n\":2}");
        full.Error(429, "queue_full");
        Assert.Equal("true", Assert.Single(full.Headers.GetValues("x-should-retry")));
        Assert.Equal("1", Assert.Single(full.Headers.GetValues("retry-after")));
        var second = server.GenerateAsync(Cat); // one has room
        await TestServer.UntilAsync(() => maker.Begun == 2);
        (await server.GenerateAsync(Cat)).Error(429, "queue_full");
        maker.Allow(3);
        Assert.Equal(200, (await first).Status);
        Assert.Equal(200, (await second).Status);
        Assert.Equal(0, server.Server.Admission.Held);
    }

    /// <summary>The maker never makes anything: however slow the machine is, the answer is the limit's.</summary>
    [Theory]
    [InlineData(Cat)]
    [InlineData("{\"prompt\":\"a cat\",\"stream\":true}")]
    public async Task TheTimeHasAnEnd(string body)
    {
        var maker = new StubMaker();
        await using var server = await TestServer.StartAsync(maker, new() { Limits = new() { Time = TimeSpan.FromMilliseconds(50) } });
        var answer = await server.GenerateAsync(body);
        answer.Error(503, "timeout");
        Assert.Equal("false", Assert.Single(answer.Headers.GetValues("x-should-retry")));
        Assert.Equal(1, maker.Cancelled);
        Assert.Equal(0, server.Server.Admission.Held);
    }

    /// <summary>A stream that has begun has no status left: its error is an event, which OpenAI's clients raise.</summary>
    [Fact]
    public async Task AStreamThatHasBegunEndsWithAnError()
    {
        var maker = new StubMaker { Partials = 2 };
        await using var server = await TestServer.StartAsync(maker, new() { Limits = new() { Time = TimeSpan.FromMilliseconds(300) } });
        var answer = await server.GenerateAsync("{\"prompt\":\"a cat\",\"stream\":true,\"partial_images\":2}");
        Assert.Equal(200, answer.Status);
        var events = GenerationTests.Events(answer.Text);
        Assert.Equal(["image_generation.partial_image", "image_generation.partial_image", "error"], events.Select(item => item.Name));
        Assert.Equal("timeout", events[2].Data.GetProperty("error").GetProperty("code").GetString());
    }

    [Fact]
    public async Task WhoWaitsWhenTheServerStopsIsTold()
    {
        var maker = new StubMaker();
        var server = await TestServer.StartAsync(maker);
        var waiting = server.GenerateAsync(Cat);
        await TestServer.UntilAsync(() => maker.Begun == 1);
        await server.Server.DisposeAsync();
        (await waiting).Error(503, "stopping");
        Assert.Equal(1, maker.Cancelled);
        await server.DisposeAsync();
    }

    [Fact]
    public void LinksExpireAndMakeRoom()
    {
        var clock = new Clock();
        var links = new PictureLinks(new() { LinkedBytes = 100, LinkTime = TimeSpan.FromMinutes(60) }, clock);
        string first = links.Keep(new byte[60]), second = links.Keep(new byte[40]);
        Assert.Equal(60, links.Find(first)!.Length);
        string third = links.Keep([7]);
        Assert.Null(links.Find(first));
        Assert.Equal(40, links.Find(second)!.Length);
        clock.Now += TimeSpan.FromMinutes(59);
        string huge = links.Keep(new byte[1000]);
        Assert.Null(links.Find(third));
        Assert.Equal(1000, links.Find(huge)!.Length);
        clock.Now += TimeSpan.FromMinutes(59);
        Assert.NotNull(links.Find(huge));
        clock.Now += TimeSpan.FromMinutes(1);
        Assert.Null(links.Find(huge));
        Assert.Equal(4, new HashSet<string> { first, second, third, huge }.Count);
    }

    sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
