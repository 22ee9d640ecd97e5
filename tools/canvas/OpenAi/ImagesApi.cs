using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;
using PureLcm.Canvas.Making;
using PureLcm.Canvas.Serving;
using PureLcm.Model;
using PureLcm.Model.Pictures;

namespace PureLcm.Canvas.OpenAi;

/// <summary>POST /v1/images/generations: pictures in one answer, or as a stream of events.</summary>
sealed class ImagesApi(ServerOptions options, Admission admission, PictureLinks links, CancellationToken stopping)
{
    /// <summary>Answers a request.</summary>
    /// <exception cref="ApiException">What it asks for can't be had; nothing was sent.</exception>
    /// <exception cref="OperationCanceledException">The client is gone.</exception>
    public async Task GenerateAsync(HttpContext context, IPictureMaker maker, byte[] body)
    {
        var request = GenerationRequest.Read(body, maker.Models, options.Limits);
        using var place = admission.TryEnter(request.Count)
            ?? throw new ApiException(429,
                $"{admission.Held} pictures are waited for, and {options.Limits.Queue} may be: ask again later",
                code: "queue_full", again: true);
        using var late = new CancellationTokenSource(options.Limits.Time);
        using var until = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping, late.Token);
        try
        {
            if (request.IsStream) await StreamAsync(context, maker, request, until.Token).ConfigureAwait(false);
            else await AnswerAsync(context, maker, request, place, until.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted)
        {
            throw Ended();
        }
    }

    /// <summary>Why a request that its client still waits for was ended.</summary>
    ApiException Ended() => stopping.IsCancellationRequested
        ? new(503, "the server is stopping", code: "stopping")
        : new(503, $"it took longer than {options.Limits.Time.TotalSeconds:0.#} s: ask for fewer pictures, fewer steps or a "
            + "smaller size, or when less is going on", code: "timeout");

    async Task AnswerAsync(HttpContext context, IPictureMaker maker, GenerationRequest request, Admission.Place place,
        CancellationToken cancellationToken)
    {
        var pictures = new byte[request.Count][];
        string size = "";
        for (int i = 0; i < pictures.Length; i++)
        {
            var picture = await MakeAsync(maker, request.PictureAt(i), null, cancellationToken).ConfigureAwait(false);
            (pictures[i], size) = (Png(picture), $"{picture.Width}x{picture.Height}");
            place.Made();
        }
        string site = $"{context.Request.Scheme}://{context.Request.Host.Value}";
        await Answers.SendJsonAsync(context, 200, writer =>
        {
            writer.WriteNumber("created", Now());
            writer.WriteStartArray("data");
            for (int i = 0; i < pictures.Length; i++)
            {
                writer.WriteStartObject();
                if (request.AsLinks) writer.WriteString("url", $"{site}/pictures/{links.Keep(pictures[i])}.png");
                else writer.WriteBase64String("b64_json", pictures[i]);
                writer.WritePropertyName("seed");
                writer.WriteRawValue(request.PictureAt(i).Seed.ToString());
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            WriteLook(writer, size);
        }).ConfigureAwait(false);
    }

    /// <summary>
    /// Events: image_generation.partial_image for each picture on the way, image_generation.completed for the last. Nothing is sent
    /// before the first of them, so that what goes wrong earlier is an answer with a status; later it is an event with an error.
    /// </summary>
    async Task StreamAsync(HttpContext context, IPictureMaker maker, GenerationRequest request, CancellationToken cancellationToken)
    {
        // The device doesn't wait for a client that reads slowly.
        var partials = Channel.CreateUnbounded<Picture>(new() { SingleReader = true, SingleWriter = true });
        var making = Task.Run(async () =>
        {
            try
            {
                void Show(Picture picture) => partials.Writer.TryWrite(picture);
                return await MakeAsync(maker, request.Picture, Show, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                partials.Writer.Complete();
            }
        }, CancellationToken.None);
        try
        {
            int index = 0;
            await foreach (var picture in partials.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                int number = index++;
                void More(Utf8JsonWriter writer) => writer.WriteNumber("partial_image_index", number);
                await SendEventAsync(context, "image_generation.partial_image", picture, More, cancellationToken).ConfigureAwait(false);
            }
            var made = await making.ConfigureAwait(false);
            await SendEventAsync(context, "image_generation.completed", made, null, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested
            && e is ApiException or OperationCanceledException)
        {
            var error = e as ApiException ?? Ended();
            byte[] data = Answers.Json(writer => Answers.WriteError(writer, error));
            await WriteEventAsync(context, "error", data, context.RequestAborted).ConfigureAwait(false);
        }
        finally
        {
            // The place in the queue is given back when nothing is computed any more for it.
            await ((Task)making).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    static async Task<Picture> MakeAsync(IPictureMaker maker, PictureRequest request, Action<Picture>? partial,
        CancellationToken cancellationToken)
    {
        try
        {
            return await maker.MakeAsync(request, partial, cancellationToken).ConfigureAwait(false);
        }
        catch (ChoiceException e)
        {
            throw ApiException.Bad(e.Message, null, "invalid_value");
        }
        catch (PureLcmException e)
        {
            throw new ApiException(500, e.Message);
        }
        catch (OutOfMemoryException)
        {
            throw new ApiException(503, "the memory ran out: ask for a smaller picture, or when less is going on", code: "out_of_memory");
        }
    }

    Task SendEventAsync(HttpContext context, string type, Picture picture, Action<Utf8JsonWriter>? more,
        CancellationToken cancellationToken) =>
        WriteEventAsync(context, type, Answers.Json(writer =>
        {
            writer.WriteString("type", type);
            writer.WriteBase64String("b64_json", Png(picture));
            writer.WriteNumber("created_at", Now());
            more?.Invoke(writer);
            WriteLook(writer, $"{picture.Width}x{picture.Height}");
        }), cancellationToken);

    static async Task WriteEventAsync(HttpContext context, string type, byte[] data, CancellationToken cancellationToken)
    {
        var response = context.Response;
        if (!response.HasStarted) (response.ContentType, response.Headers.CacheControl) = ("text/event-stream", "no-store");
        await response.Body.WriteAsync(Encoding.ASCII.GetBytes($"event: {type}\ndata: "), cancellationToken).ConfigureAwait(false);
        await response.Body.WriteAsync(data, cancellationToken).ConfigureAwait(false);
        await response.Body.WriteAsync("\n\n"u8.ToArray(), cancellationToken).ConfigureAwait(false);
        await response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
    }

    static void WriteLook(Utf8JsonWriter writer, string size)
    {
        writer.WriteString("size", size);
        writer.WriteString("quality", "auto");
        writer.WriteString("background", "opaque");
        writer.WriteString("output_format", "png");
    }

    static byte[] Png(Picture picture)
    {
        using var file = new MemoryStream();
        picture.Write(file);
        return file.ToArray();
    }

    long Now() => options.Clock.GetUtcNow().ToUnixTimeSeconds();
}
