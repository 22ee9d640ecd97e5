using System.Text.Json;
using PureLcm.Model.Pictures;
using PureLcm.Model.Pipelines;
using PureLcm.Model.Tests;

namespace PureLcm.Canvas.Tests;

/// <summary>Pictures of the embedded model over HTTP.</summary>
public sealed class GenerationTests(Picturebook book) : IClassFixture<Picturebook>
{
    const string House = "a red house in the snow at night";

    [Fact]
    public async Task ThePictureIsThePipelines()
    {
        await using var server = await TestServer.StartAsync(book.Maker);
        var answer = await server.GenerateAsync($$"""
            {"prompt":"{{House}}","model":"picturebook","size":"64x72","steps":2,"seed":7,"response_format":"b64_json",
             "user":"somebody","quality":"auto"}
            """);
        Assert.Equal(200, answer.Status);
        Assert.Equal("64x72", answer.Json.GetProperty("size").GetString());
        Assert.Equal("png", answer.Json.GetProperty("output_format").GetString());
        Assert.Equal(7, answer.Json.GetProperty("data")[0].GetProperty("seed").GetInt32());
        Assert.InRange(answer.Json.GetProperty("created").GetInt64(), 1_700_000_000, long.MaxValue);
        var picture = Read(answer.Picture(0));
        using var pipeline = TextToImage.Load(Repository.Picturebook, cancellationToken: TestContext.Current.CancellationToken);
        var expected = pipeline.Generate(House, new() { Width = 64, Height = 72, Steps = 2, Seed = 7 },
            TestContext.Current.CancellationToken);
        Assert.Equal(expected.Rgb, picture.Rgb);
    }

    /// <summary>What its text says makes the same picture on the command line.</summary>
    [Theory]
    [InlineData("{}")]
    [InlineData("""{"cyanotype":0.8}""")]
    [InlineData("""{"cyanotype":0.8,"lcm":0}""")]
    [InlineData("""{"lcm":0.5}""")]
    public async Task ThePictureSaysHowItWasMade(string loras)
    {
        await using var server = await TestServer.StartAsync(book.Maker);
        var answer = await server.GenerateAsync($$"""
            {"prompt":"{{House}}","size":"64x64","steps":2,"guidance":1.5,"negative_prompt":"snow","seed":-3,
             "response_format":"b64_json","loras":{{loras}}}
            """);
        byte[] png = answer.Picture(0);
        using var folder = new Lcm.Tests.TestFolder();
        await File.WriteAllBytesAsync(folder["of-the-server.png"], png, TestContext.Current.CancellationToken);
        File.Copy(Picturebook.Cyanotype, folder["cyanotype.safetensors"]);
        File.Copy(Path.Combine(Repository.Picturebook, "loras", "lcm.safetensors"), folder["lcm.safetensors"]);
        var again = Lcm.Tests.Program.RunIn(folder.Path, "again", "of-the-server.png", "-o", "again.png");
        Assert.True(again.Code == 0, again.Error);
        Assert.Equal(Read(png).Rgb, Picture.Load(folder["again.png"]).Rgb);
    }

    [Fact]
    public async Task EachPictureOfSeveralHasTheNextSeed()
    {
        await using var server = await TestServer.StartAsync(book.Maker);
        const string one = $"\"prompt\":\"{House}\",\"size\":\"64x64\",\"steps\":1,\"response_format\":\"b64_json\"";
        var several = await server.GenerateAsync($$"""{{{one}},"seed":4294967295,"n":3}""");
        Assert.Equal(["4294967295", "0", "1"],
            several.Json.GetProperty("data").EnumerateArray().Select(item => item.GetProperty("seed").GetRawText()));
        var second = await server.GenerateAsync($$"""{{{one}},"seed":0}""");
        Assert.Equal(Read(second.Picture(0)).Rgb, Read(several.Picture(1)).Rgb);
        Assert.NotEqual(Read(several.Picture(0)).Rgb, Read(several.Picture(1)).Rgb);
    }

    [Fact]
    public async Task ALinkLeadsToThePictureWithoutAToken()
    {
        await using var server = await TestServer.StartAsync(book.Maker, new() { Token = "open-sesame" });
        using var request = TestServer.Generation($$"""{"prompt":"{{House}}","size":"64x64","steps":1,"seed":1}""");
        request.Headers.Authorization = new("Bearer", "open-sesame");
        var answer = await server.SendAsync(request);
        string url = answer.Json.GetProperty("data")[0].GetProperty("url").GetString()!;
        Assert.StartsWith(server.Server.Url.ToString(), url);
        using var got = await server.Client.GetAsync(url, TestContext.Current.CancellationToken);
        Assert.Equal("image/png", got.Content.Headers.ContentType!.ToString());
        Assert.Equal(64, Read(await got.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken)).Width);
        (await server.GetAsync("pictures/00000000000000000000000000000000.png")).Error(404, "not_found");
        (await server.GetAsync("pictures/../LICENSE.png")).Error(404, "not_found");
    }

    [Theory]
    [InlineData(0, 4, 0)]
    [InlineData(1, 4, 1)]
    [InlineData(3, 4, 3)]
    [InlineData(3, 2, 1)]
    [InlineData(2, 1, 0)]
    public async Task AStreamShowsThePictureOnTheWay(int asked, int steps, int shown)
    {
        await using var server = await TestServer.StartAsync(book.Maker);
        string rest = $"\"prompt\":\"{House}\",\"size\":\"64x64\",\"steps\":{steps},\"seed\":7";
        using var request = TestServer.Generation($$"""{"stream":true,"partial_images":{{asked}},{{rest}}}""");
        using var response = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.ToString());
        var events = Events(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal([.. Enumerable.Repeat("image_generation.partial_image", shown), "image_generation.completed"],
            events.Select(item => item.Name));
        Assert.Equal(Enumerable.Range(0, shown),
            events.SkipLast(1).Select(item => item.Data.GetProperty("partial_image_index").GetInt32()));
        Assert.All(events, item => Assert.Equal(item.Name, item.Data.GetProperty("type").GetString()));
        // Watching changes nothing, and what is shown on the way is another picture.
        var plain = await server.GenerateAsync($$"""{"response_format":"b64_json",{{rest}}}""");
        var pictures = events.Select(item => Read(item.Data.GetProperty("b64_json").GetBytesFromBase64()).Rgb).ToArray();
        Assert.Equal(Read(plain.Picture(0)).Rgb, pictures[^1]);
        Assert.Equal(pictures.Length, pictures.Distinct(new SameBytes()).Count());
    }

    [Fact]
    public async Task ModelsAreListed()
    {
        await using var server = await TestServer.StartAsync(book.Maker);
        var list = (await server.GetAsync("v1/models")).Json;
        Assert.Equal("list", list.GetProperty("object").GetString());
        var model = Assert.Single(list.GetProperty("data").EnumerateArray());
        Assert.Equal("picturebook", model.GetProperty("id").GetString());
        Assert.Equal("""{"lcm":1,"cyanotype":0}""", model.GetProperty("loras").GetRawText());
        Assert.Equal(model.GetRawText(), (await server.GetAsync("v1/models/picturebook")).Text);
        (await server.GetAsync("v1/models/dall-e-2")).Error(404, "model_not_found", "model");
        Assert.Equal("""{"status":"ok"}""", (await server.GetAsync("health")).Text);
        Assert.Contains("/v1/images/generations", (await server.GetAsync("")).Text);
    }

    /// <summary>A size that this machine has no memory for is refused before it is begun.</summary>
    [Fact]
    public async Task ASizeWithoutMemoryForItIsRefused()
    {
        await using var server = await TestServer.StartAsync(book.Maker, new() { Limits = new() { Side = 16384 } });
        var error = (await server.GenerateAsync("""{"prompt":"a cat","size":"16384x16384","steps":1}""")).Error(400, "invalid_value");
        Assert.Contains("of memory", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task ThirtyTwoClientsAtOnceAreAllServedAndLeaveNothing()
    {
        await using var server = await TestServer.StartAsync(book.Maker);
        Task<TestServer.Answer>[] Ask() => [.. Enumerable.Range(0, 32).Select(i =>
            server.GenerateAsync($$"""{"prompt":"a cat","size":"64x64","steps":1,"seed":{{i}},"response_format":"b64_json"}"""))];

        var first = await Task.WhenAll(Ask());
        Assert.All(first, answer => Assert.Equal(200, answer.Status));
        Assert.Equal(32, first.Select(answer => Convert.ToBase64String(answer.Picture(0))).Distinct().Count());
        long before = Held();
        var second = await Task.WhenAll(Ask());
        for (int i = 0; i < 32; i++) Assert.Equal(first[i].Picture(0), second[i].Picture(0));
        second = [];
        Assert.Equal(0, server.Server.Admission.Held);
        Assert.Equal(0, book.Waiting);
        Assert.InRange(Held() - before, long.MinValue, 4 << 20);
    }

    static long Held() => GC.GetTotalMemory(forceFullCollection: true);

    static Picture Read(byte[] png) => Picture.Read(new MemoryStream(png));

    /// <summary>The events of a stream: "event:", "data:" and an empty line each.</summary>
    internal static (string Name, JsonElement Data)[] Events(string text) =>
    [
        .. from item in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
           let lines = item.Split('\n')
           select (lines[0]["event: ".Length..], JsonDocument.Parse(lines[1]["data: ".Length..]).RootElement),
    ];

    sealed class SameBytes : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] bytes) => bytes.Length;
    }
}
