using System.Net.Http.Headers;
using System.Text;
using PureLcm.Canvas.Making;
using PureLcm.Model;

namespace PureLcm.Canvas.Tests;

/// <summary>What a request says wrong, and what it is told.</summary>
public sealed class RequestTests
{
    [Theory]
    [InlineData("", null, "invalid_json")]
    [InlineData("[]", null, "invalid_json")]
    [InlineData("\"a cat\"", null, "invalid_json")]
    [InlineData("{\"prompt\":\"a cat\"", null, "invalid_json")]
    [InlineData("{\"prompt\":\"a cat\",}", null, "invalid_json")]
    [InlineData("{\"prompt\":\"a cat\"} {}", null, "invalid_json")]
    [InlineData("{\"prompt\":\"a \\ud800 cat\"}", null, "invalid_json")]
    [InlineData("{\"prompt\":\"a cat\"} // a comment", null, "invalid_json")]
    [InlineData("{\"prompt\":\"a cat\",\"loras\":{\"a\":[[[[[[[[[1]]]]]]]]]}}", "loras.a", "invalid_type")]
    [InlineData("{}", "prompt", "missing_required_parameter")]
    [InlineData("{\"prompt\":null}", "prompt", "missing_required_parameter")]
    [InlineData("{\"prompt\":7}", "prompt", "invalid_type")]
    [InlineData("{\"prompt\":\"a\",\"prompt\":\"b\"}", "prompt", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"stepz\":1}", "stepz", "unknown_parameter")]
    [InlineData("{\"prompt\":\"a cat\",\"image\":null}", "image", "unknown_parameter")]
    [InlineData("{\"prompt\":\"a cat\",\"n\":0}", "n", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"n\":11}", "n", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"n\":1.5}", "n", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"n\":\"1\"}", "n", "invalid_type")]
    [InlineData("{\"prompt\":\"a cat\",\"size\":64}", "size", "invalid_type")]
    [InlineData("{\"prompt\":\"a cat\",\"size\":\"64\"}", "size", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"size\":\"64x-64\"}", "size", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"size\":\"0x64\"}", "size", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"size\":\"64x65\"}", "size", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"size\":\"1032x64\"}", "size", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"size\":\"64x99999999999999999999\"}", "size", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"steps\":51}", "steps", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"steps\":0}", "steps", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"guidance\":1e999}", "guidance", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"guidance\":-1}", "guidance", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"seed\":18446744073709551616}", "seed", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"seed\":1.0}", "seed", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"seed\":\"7\"}", "seed", "invalid_type")]
    [InlineData("{\"prompt\":\"a cat\",\"loras\":[]}", "loras", "invalid_type")]
    [InlineData("{\"prompt\":\"a cat\",\"loras\":{\"../mist\":1}}", "loras", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"loras\":{\"mist\":11}}", "loras.mist", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"loras\":{\"mist\":1,\"mist\":1}}", "loras.mist", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"response_format\":\"png\"}", "response_format", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"partial_images\":1}", "partial_images", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"stream\":true,\"partial_images\":4}", "partial_images", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"stream\":\"true\"}", "stream", "invalid_type")]
    [InlineData("{\"prompt\":\"a cat\",\"stream\":true,\"n\":2}", "n", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"stream\":true,\"response_format\":\"url\"}", "response_format", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"moderation\":\"high\"}", "moderation", "invalid_value")]
    [InlineData("{\"prompt\":\"a cat\",\"quality\":\"hd\"}", "quality", "unsupported_parameter")]
    [InlineData("{\"prompt\":\"a cat\",\"output_format\":\"webp\"}", "output_format", "unsupported_parameter")]
    [InlineData("{\"prompt\":\"a cat\",\"output_compression\":50}", "output_compression", "unsupported_parameter")]
    [InlineData("{\"prompt\":\"a cat\",\"background\":\"transparent\"}", "background", "unsupported_parameter")]
    [InlineData("{\"prompt\":\"a cat\",\"style\":\"vivid\"}", "style", "unsupported_parameter")]
    public async Task WhatIsWrongIsSaid(string body, string? param, string code)
    {
        var maker = new StubMaker();
        await using var server = await TestServer.StartAsync(maker);
        var answer = await server.GenerateAsync(body);
        Assert.Equal("invalid_request_error", answer.Error(400, code, param).GetProperty("type").GetString());
        Assert.Equal("false", Assert.Single(answer.Headers.GetValues("x-should-retry")));
        Assert.Single(answer.Headers.GetValues("x-request-id"));
        Assert.Equal(0, maker.Begun);
        Assert.Equal(0, server.Server.Admission.Held);
    }

    [Fact]
    public async Task EveryFieldIsFollowed()
    {
        var maker = new StubMaker();
        maker.Allow(2);
        await using var server = await TestServer.StartAsync(maker);
        var full = await server.GenerateAsync("""
            {"prompt":"a c\u00e4t \ud83d\ude00","model":"grey","n":1,"size":"72x80","quality":"standard","response_format":"b64_json",
             "output_format":"png","output_compression":100,"background":"opaque","moderation":"low","stream":false,"partial_images":null,
             "style":null,"user":"somebody",
             "negative_prompt":"dogs","steps":3,"guidance":1.25,"seed":-9223372036854775808,"loras":{"mist":-0.25}}
            """);
        Assert.Equal(200, full.Status);
        var picture = Assert.Single(maker.Requests);
        Assert.Equal(new PictureRequest
        {
            Model = "grey", Prompt = "a cät 😀", NegativePrompt = "dogs", Width = 72, Height = 80, Steps = 3, Guidance = 1.25,
            Seed = long.MinValue, Loras = picture.Loras,
        }, picture);
        Assert.Equal(-0.25f, Assert.Single(picture.Loras).Value);
        Assert.Equal("-9223372036854775808", full.Json.GetProperty("data")[0].GetProperty("seed").GetRawText());

        Assert.Equal(200, (await server.GenerateAsync("{\"prompt\":\"\"}")).Status);
        var least = maker.Requests.Last();
        Assert.Equal(new PictureRequest { Model = "grey", Prompt = "", Seed = least.Seed, Loras = least.Loras }, least);
        Assert.Empty(least.Loras);
    }

    [Theory]
    [InlineData("GET", "v1/images/generations", 405, "method_not_allowed")]
    [InlineData("DELETE", "v1/models", 405, "method_not_allowed")]
    [InlineData("POST", "", 405, "method_not_allowed")]
    [InlineData("POST", "v1/images/edits", 404, "not_found")]
    [InlineData("GET", "v1/models/", 404, "not_found")]
    [InlineData("GET", "v1/models/..%2f..%2fetc%2fpasswd", 404, "model_not_found")]
    [InlineData("GET", "etc/passwd", 404, "not_found")]
    public async Task OtherPathsAndMethodsAreRefused(string method, string path, int status, string code)
    {
        await using var server = await TestServer.StartAsync(new StubMaker());
        using var request = new HttpRequestMessage(new(method), path);
        (await server.SendAsync(request)).Error(status, code, code == "model_not_found" ? "model" : null);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData("multipart/form-data; boundary=x")]
    public async Task OtherKindsOfBodiesAreRefused(string type)
    {
        await using var server = await TestServer.StartAsync(new StubMaker());
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/images/generations");
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes("{\"prompt\":\"a cat\"}"));
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        (await server.SendAsync(request)).Error(415, "unsupported_media_type");
    }

    [Fact]
    public async Task WhileTheModelIsLoadedClientsAreAskedToComeAgain()
    {
        var making = new TaskCompletionSource<IPictureMaker>();
        await using var server = await TestServer.StartAsync(making.Task);
        var answer = await server.GenerateAsync("{\"prompt\":\"a cat\"}");
        answer.Error(503, "loading");
        Assert.Equal("true", Assert.Single(answer.Headers.GetValues("x-should-retry")));
        (await server.GetAsync("v1/models")).Error(503, "loading");
        var health = await server.GetAsync("health");
        Assert.Equal((503, """{"status":"loading"}"""), (health.Status, health.Text));
        var maker = new StubMaker();
        maker.Allow(1);
        making.SetResult(maker);
        Assert.Equal(200, (await server.GenerateAsync("{\"prompt\":\"a cat\"}")).Status);
        Assert.Equal(200, (await server.GetAsync("health")).Status);
    }

    [Fact]
    public async Task WhatTheMakerRefusesIsToldInItsWords()
    {
        (Exception, int, string?)[] faults =
        [
            (new ChoiceException("40 steps can't be taken"), 400, "invalid_value"),
            (new ModelException("the output is not finite"), 500, null),
            (new OutOfMemoryException(), 503, "out_of_memory"),
        ];
        foreach (var (fault, status, code) in faults)
        {
            var maker = new StubMaker { Fault = fault };
            maker.Allow(1);
            await using var server = await TestServer.StartAsync(maker);
            var answer = await server.GenerateAsync("{\"prompt\":\"a cat\"}");
            string message = answer.Error(status, code).GetProperty("message").GetString()!;
            Assert.Equal("false", Assert.Single(answer.Headers.GetValues("x-should-retry")));
            if (fault is PureLcmException) Assert.Equal(fault.Message, message);
            Assert.Equal(0, server.Server.Admission.Held);
        }
    }
}
